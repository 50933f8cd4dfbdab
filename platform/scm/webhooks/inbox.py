"""Deliveries: stored once, handled from the row by whoever holds its lease, and again when somebody asks.

Nothing in a body is believed but who signed it and which repository it names. What became of that repository is read
from its host, so that deliveries may come twice, late and in any order.
"""

import logging
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.audit import Actor, record
from core.errors import GreenroomError, InputError, LeaseLost
from core.leases import claim
from core.redaction import redact
from core.secretbox import open_sealed, seal
from scm.events import tell_of
from scm.jobs import HANDLE_DELIVERY
from scm.models import Delivery
from scm.registry import connection
from scm.values import RepositoryName
from scm.webhooks import github, gitlab
from scm.webhooks.happening import Happening

log = logging.getLogger(__name__)

FORMS = {"github": github, "gitlab": gitlab}
MOST_ATTEMPTS = 5
"""Workers that may die over one delivery before it is given up."""
_State = Delivery.State


def receive(*, host: str, delivery_id: str, event: str, text: str) -> tuple[Delivery, bool]:
    """Store a delivery whose signature was checked, and have it handled; whether it is a new one.

    One that failed and is sent again is handled again; any other repetition changes nothing.
    """
    try:
        with transaction.atomic():
            made = Delivery(host=host, delivery_id=delivery_id, event=event, body=seal(text), size=len(text))
            made.save(force_insert=True)
            HANDLE_DELIVERY.later(made.pk)
            return made, True
    except IntegrityError:
        there = Delivery.objects.defer("body").get(host=host, delivery_id=delivery_id)
        _again([there.pk], _State.FAILED)
        return there, False


def replay(ids: list[int], by: Actor) -> int:
    """Handle deliveries once more, for a person; how many still have their body."""
    with transaction.atomic():
        count = _again(ids, *(state for state in _State if state != _State.RECEIVED))
        record(by, "replayed", "scm.delivery", deliveries=ids[:100], count=count)
    return count


def _again(ids: list[int], *states: str) -> int:
    rows = Delivery.objects.filter(pk__in=ids, state__in=states).exclude(body=None)
    waiting = list(rows.values_list("pk", flat=True))
    changed = rows.update(state=_State.RECEIVED, attempts=0, lease_until=None, outcome="")
    for pk in waiting:
        HANDLE_DELIVERY.later(pk)
    return changed


def handle(delivery_id: str) -> None:
    """Turn a delivery into an event, once. Safe to be killed: the lease runs out, and the sweep rings again."""
    delivery = claim(Delivery.objects.filter(state=_State.RECEIVED), delivery_id)
    if delivery is None:
        return
    try:
        _handle(delivery)
    except LeaseLost as lost:
        log.info("delivery given up", extra={"delivery": delivery.pk, "reason": lost.message})


def _handle(delivery: Delivery) -> None:
    if delivery.attempts > MOST_ATTEMPTS:
        _end(delivery, _State.FAILED, f"given up: {MOST_ATTEMPTS} workers died over it")
        return
    try:
        happened = _happening(delivery)
    except GreenroomError as error:
        _end(delivery, _State.FAILED, error.message)
        return
    with transaction.atomic():
        if happened is None:
            _end(delivery, _State.IGNORED, f"nobody here listens to {delivery.event!r}")
            return
        told = tell_of(delivery.host, happened)
        _end(delivery, _State.HANDLED, f"{happened.kind} {happened.repository}".strip(), told=told)


def _happening(delivery: Delivery) -> Happening | None:
    known = connection(delivery.host)
    if known is None:
        raise InputError(f"host {delivery.host!r} is not configured any more")
    text = body_of(delivery)
    body = parsed(text if text is not None else "")
    if not isinstance(body, dict):
        raise InputError("the body is not a JSON object")
    happened: Happening | None = FORMS[known.type].happening(delivery.event, body)
    if happened is not None and happened.repository:
        RepositoryName.parse(happened.repository)
    return happened


def _end(delivery: Delivery, state: str, outcome: str, **changes: Any) -> None:
    ours = Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, state=_State.RECEIVED)
    said = {
        "state": state,
        "outcome": redact(outcome)[:500],
        "handled_at": timezone.now(),
        "lease_until": None,
    }
    if not ours.update(**said, **changes):
        raise LeaseLost(f"delivery {delivery} was taken by another worker")


def body_of(delivery: Delivery) -> str | None:
    """The body as it was sent; None once it was dropped."""
    return None if delivery.body is None else str(open_sealed(bytes(delivery.body)))


def parsed(text: str) -> Any:
    """The body as data; InputError when it is no JSON."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InputError(f"the body is not JSON: {error}") from error
