"""The same request twice is one run: the `Idempotency-Key` of who starts one, remembered for a day."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from django.utils import timezone
from django.utils.crypto import salted_hmac

from core.errors import Conflict, InputError
from scaffolder.models import Run

REMEMBERED = timedelta(days=1)
LONGEST = 255


def checked_key(key: str) -> str:
    """A key as it came in a header; InputError for one that cannot be kept."""
    if not 1 <= len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        raise InputError(
            f"header Idempotency-Key must be 1 to {LONGEST} printable ASCII characters, such as a UUID"
        )
    return key


def digest_of(template_ref: str, values: Mapping[str, Any], secrets: Mapping[str, Any] | None) -> str:
    """What a request asked for, as a fingerprint that only this installation can make: secrets are part of it."""
    asked = orjson.dumps([template_ref, values, secrets or {}], option=orjson.OPT_SORT_KEYS)
    return salted_hmac("scaffolder.requests", asked, algorithm="sha256").hexdigest()


def run_of(created_by: str, key: str, digest: str) -> Run | None:
    """The run that the same request has started; None when there is none, or it was more than a day ago.

    Conflict when the key came with something else.
    """
    found = Run.objects.filter(created_by=created_by, request_key=key).first()
    if found is None:
        return None
    if found.created_at < timezone.now() - REMEMBERED:
        Run.objects.filter(pk=found.pk).update(request_key="")
        return None
    if found.request_digest != digest:
        raise Conflict(
            f"Idempotency-Key {key!r} belongs to run {found.pk}, which was asked for with other values: use a new key"
        )
    return found
