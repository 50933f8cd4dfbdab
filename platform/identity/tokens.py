"""The secret form of a token: `grn_<prefix>_<secret>`, findable by secret scanners, stored only as a hash."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

import orjson
from django.utils import timezone

from core.api.subjects import Subject
from core.errors import AuthenticationError
from core.sql import rows

from .models import ServiceToken

_FORM = re.compile(r"grn_([a-z0-9]{10})_([A-Za-z0-9_-]{43})")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


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


_LIVE = """
    SELECT id, digest, name, scopes, conditions::text, acts_for,
           last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute'
    FROM identity_servicetoken
    WHERE prefix = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
"""


def authenticate(secret: str) -> Subject:
    """The subject that a secret stands for. Raises AuthenticationError, the same for every reason.

    Costs one indexed read, and nothing is remembered: a token that was revoked a moment ago opens no process any
    more. That it was used is written at most once a minute.
    """
    form = _FORM.fullmatch(secret)
    found = rows(_LIVE, (form[1],)) if form else []
    if not found or not hmac.compare_digest(found[0][1], digest_of(secret)):
        raise AuthenticationError("Illegal token")
    key, _, name, scopes, conditions, acts_for, use_is_news = found[0]
    if use_is_news:
        ServiceToken.objects.filter(pk=key).update(last_used_at=timezone.now())
    return Subject(
        kind="service",
        ref=acts_for or f"service:{name}",
        scopes=frozenset(scopes),
        entity_ref=acts_for or None,
        conditions=orjson.loads(conditions),
    )
