"""Service tokens: shown once, stored as a hash, refused when revoked or expired."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core.api.subjects import System
from core.errors import AuthenticationError, Conflict, InputError, NotFound
from core.models import AuditEvent
from identity.actions import create_token, revoke_token
from identity.models import ServiceToken
from identity.tokens import authenticate

BY = System("system:tests")
pytestmark = pytest.mark.django_db


def test_a_token_opens_what_its_role_holds() -> None:
    _, secret = create_token(name="ci", role="viewer", acts_for="user:default/ana", by=BY)
    subject = authenticate(secret)
    assert subject.ref == "user:default/ana"
    assert subject.may("catalog.entity.read")
    assert not subject.may("catalog.location.create")


def test_the_secret_is_nowhere_in_the_database() -> None:
    token, secret = create_token(name="ci", role="viewer", by=BY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(t)::text FROM identity_servicetoken t")
        stored = "".join(row[0] for row in cursor.fetchall())
    assert token.prefix in stored
    assert secret not in stored
    assert secret.rsplit("_", 1)[1] not in stored
    assert secret not in str(AuditEvent.objects.values_list("details", flat=True))


@pytest.mark.parametrize("damage", ["revoked", "expired", "altered", "cut", "unknown"])
def test_a_token_that_is_not_good_is_refused_without_a_reason(damage: str) -> None:
    token, secret = create_token(name="ci", role="viewer", by=BY)
    match damage:
        case "revoked":
            revoke_token(name="ci", by=BY)
        case "expired":
            ServiceToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        case "altered":
            secret = secret[:-1] + ("A" if secret[-1] != "A" else "B")
        case "cut":
            secret = secret[:-1]
        case "unknown":
            secret = secret.replace(token.prefix, "a" * 10)
    with pytest.raises(AuthenticationError, match=r"^Illegal token$"):
        authenticate(secret)


def test_use_is_noted_at_most_once_a_minute(django_assert_num_queries: Callable[..., object]) -> None:
    token, secret = create_token(name="ci", role="viewer", by=BY)
    authenticate(secret)
    first = ServiceToken.objects.get(pk=token.pk).last_used_at
    assert first is not None
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        authenticate(secret)
    assert ServiceToken.objects.get(pk=token.pk).last_used_at == first


def test_names_are_unique_among_live_tokens() -> None:
    create_token(name="ci", role="viewer", by=BY)
    with pytest.raises(Conflict, match="revoke it first"):
        create_token(name="ci", role="viewer", by=BY)
    revoke_token(name="ci", by=BY)
    create_token(name="ci", role="viewer", by=BY)


def test_bad_wishes_are_refused_with_the_way_out() -> None:
    with pytest.raises(InputError, match="choose one of viewer, developer, admin"):
        create_token(name="ci", role="king", by=BY)
    with pytest.raises(InputError, match="role or at least one scope"):
        create_token(name="ci", by=BY)
    with pytest.raises(InputError, match="printable"):
        create_token(name="", role="viewer", by=BY)
    with pytest.raises(NotFound, match="token list"):
        revoke_token(name="nobody", by=BY)
