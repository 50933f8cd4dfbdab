"""The secret form of a token: `grn_<prefix>_<secret>`, findable by secret scanners, stored only as a hash."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from core.api.subjects import Subject
from core.errors import AuthenticationError

from .models import ServiceToken

_FORM = re.compile(r"grn_([a-z0-9]{10})_([A-Za-z0-9_-]{43})")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Minted:
    """A fresh secret: shown once, never stored."""

    secret: str
    prefix: str
    digest: str


def mint() -> Minted:
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    secret = f"grn_{prefix}_{secrets.token_urlsafe(32)}"
    return Minted(secret, prefix, digest_of(secret))


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def authenticate(secret: str) -> Subject:
    """The subject that a secret stands for. Raises AuthenticationError, the same for every reason.

    Costs one indexed read; `last_used_at` is written at most once a minute.
    """
    form = _FORM.fullmatch(secret)
    token = ServiceToken.objects.live().filter(prefix=form[1]).first() if form else None
    if token is None or not hmac.compare_digest(token.digest, digest_of(secret)):
        raise AuthenticationError("Illegal token")
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - USED_EVERY:
        ServiceToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return Subject(
        kind="service",
        ref=token.acts_for or f"service:{token.name}",
        scopes=frozenset(token.scopes),
        entity_ref=token.acts_for or None,
        conditions=token.conditions,
    )
