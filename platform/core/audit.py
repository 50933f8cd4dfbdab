"""The audit trail: who did what to what, in the same transaction as the deed."""

from typing import Any, Protocol

from django.db import models

from .logs import request_id
from .models import AuditEvent
from .redaction import redact_data


class Actor(Protocol):
    """Whoever does something: a subject of the API, or one of our own processes."""

    @property
    def ref(self) -> str: ...


def record(
    by: Actor, verb: str, target: models.Model | str, *, before: Any = None, after: Any = None, **details: Any
) -> AuditEvent:
    """Write one event. `before` and `after` are JSON values or anything that has a text; secrets are masked."""
    if isinstance(target, models.Model):
        target_type, target_text = target._meta.label_lower, str(target)
    else:
        target_type, target_text = "", target
    if before is not None or after is not None:
        details |= {"before": before, "after": after}
    return AuditEvent.objects.create(
        actor=by.ref,
        verb=verb,
        target_type=target_type,
        target=target_text[:255],
        request_id=request_id(),
        details=redact_data(_plain(details)),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
