"""What changes people and tokens."""

from collections.abc import Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.audit import Actor, record
from core.errors import Conflict, InputError, NotFound

from .conditions import check_conditions
from .models import Person, ServiceToken
from .roles import ROLES
from .tokens import mint


@transaction.atomic
def create_token(
    *,
    name: str,
    by: Actor,
    role: str | None = None,
    scopes: list[str] | None = None,
    acts_for: str = "",
    expires_at: datetime | None = None,
    conditions: Mapping[str, Any] | None = None,
) -> tuple[ServiceToken, str]:
    """Make a token and return it with its secret, which is not kept. One of `role` and `scopes` is needed.

    `conditions` maps a permission that the token has to criteria (`identity.conditions`).
    """
    if not name or len(name) > 100 or not name.isprintable():
        raise InputError(f"token name {name!r} must be 1 to 100 printable characters")
    if role is not None and role not in ROLES:
        raise InputError(f"role {role!r} is unknown: choose one of {', '.join(ROLES)}")
    granted = list(ROLES[role]) if role is not None else list(scopes or [])
    if not granted:
        raise InputError("a token needs a role or at least one scope")
    limits = dict(conditions or {})
    check_conditions(limits)
    for permission in limits:
        if not any(fnmatchcase(permission, scope) for scope in granted):
            raise InputError(f"condition on {permission!r}: the token does not have that permission")
    minted = mint()
    try:
        with transaction.atomic():
            token = ServiceToken.objects.create(
                name=name,
                prefix=minted.prefix,
                digest=minted.digest,
                scopes=granted,
                conditions=limits,
                acts_for=acts_for,
                created_by=by.ref,
                expires_at=expires_at,
            )
    except IntegrityError as error:
        raise Conflict(
            f"a live token named {name!r} exists: revoke it first, or choose another name"
        ) from error
    record(by, "created", token, role=role, scopes=granted, conditions=limits, acts_for=acts_for)
    return token, minted.secret


@transaction.atomic
def revoke_token(*, name: str, by: Actor) -> ServiceToken:
    """Make the live token of that name worthless at once. Raises NotFound."""
    token = ServiceToken.objects.select_for_update().filter(name=name, revoked_at=None).first()
    if token is None:
        raise NotFound(f"no live token is named {name!r}: `greenroom token list` shows them")
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    record(by, "revoked", token)
    return token


@transaction.atomic
def create_admin(*, username: str, password: str, by: Actor, email: str = "") -> Person:
    """Make a person who may sign in to the admin pages, or give an existing one a new password."""
    person, new = Person.objects.get_or_create(username=username, defaults={"email": email})
    person.is_staff = person.is_superuser = True
    person.set_password(password)
    person.full_clean()
    person.save()
    record(by, "created admin" if new else "reset password of", person)
    return person
