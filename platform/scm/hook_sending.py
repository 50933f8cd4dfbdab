"""Deliveries to webhooks of the local host: sent from the row by whoever holds its lease, again with growing pauses.

A receiver gets the event as JSON, its kind in `X-Greenroom-Event`, the same `X-Greenroom-Delivery` however often it is
sent, and with a secret `X-Hub-Signature-256`: "sha256=" and the HMAC over the bytes of the body, as GitHub has it.
"""

import hashlib
import hmac
import logging
from datetime import timedelta
from urllib.parse import urlencode

import orjson
from django.db.models import QuerySet
from django.utils import timezone

from core.errors import AddressRefused, GreenroomError, InputError, TooLarge
from core.leases import claim
from core.outbound.asking import ask
from core.redaction import redact
from core.secretbox import open_sealed
from scm import hooks
from scm.models import HookDelivery, LocalHook

log = logging.getLogger(__name__)

SECONDS = 15.0
"""For one attempt; well below a lease."""
LONGEST_ANSWER = 1024 * 1024
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=4)
GIVE_UP_AFTER = timedelta(days=1)
_FORMS = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
_State = HookDelivery.State


def due() -> "QuerySet[HookDelivery]":
    """What waits and may be tried now."""
    return HookDelivery.objects.filter(state=_State.WAITING, due__lte=timezone.now())


def send(delivery_id: str) -> None:
    """Try one delivery, once. Safe to be killed: the lease runs out, and the sweep rings again."""
    delivery = claim(due().select_related("hook", "event"), delivery_id)
    if delivery is None:
        return
    try:
        arrived, words = _sent(delivery)
        state = _State.DELIVERED if arrived else _State.WAITING
    except (AddressRefused, InputError) as error:  # which no repetition mends
        state, words = _State.FAILED, error.message
    except GreenroomError as error:
        state, words = _State.WAITING, error.message
    _note(delivery, state, words)


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 10 s, 30 s, 90 s … four hours."""
    longer: int = 3 ** min(attempts - 1, 10)
    return min(FIRST_PAUSE * longer, LONGEST_PAUSE)


def body_of(delivery: HookDelivery) -> bytes:
    """The bytes that are sent, each time the same."""
    event = delivery.event
    said = {"event": event.kind, "at": event.created.isoformat(), **event.payload}
    document = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    form = delivery.hook.content_type == "form"
    return urlencode({"payload": document.decode()}).encode() if form else document


def headers_of(delivery: HookDelivery, body: bytes) -> dict[str, str]:
    """What goes with the body."""
    hook = delivery.hook
    made = {
        "Content-Type": _FORMS[hook.content_type],
        "User-Agent": "Greenroom-Hook",
        "X-Greenroom-Event": delivery.event.kind,
        "X-Greenroom-Delivery": str(delivery.key),
    }
    if hook.secret is not None:
        secret = str(open_sealed(bytes(hook.secret))).encode()
        made["X-Hub-Signature-256"] = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return made


def _sent(delivery: HookDelivery) -> tuple[bool, str]:
    hook = delivery.hook
    if not hook.active:
        raise InputError("the hook was switched off")
    body = body_of(delivery)
    try:
        answer = ask(
            "POST",
            hook.url,
            allowed=hooks.allowed(),
            limit=LONGEST_ANSWER,
            headers=headers_of(delivery, body),
            body=body,
            seconds=SECONDS,
        )
    except TooLarge:  # told only of an answer that says yes
        return True, "arrived; the answer is too large to be read"
    return 200 <= answer.status < 300, f"answered {answer.status} {answer.reason}".strip()


def _note(delivery: HookDelivery, state: HookDelivery.State, words: str) -> None:
    now = timezone.now()
    words = redact(words)[:500]
    if state == _State.WAITING:
        further = now + pause(delivery.attempts)
        if further > delivery.created + GIVE_UP_AFTER:
            state, words = _State.FAILED, f"given up after {delivery.attempts} attempts: {words}"
        else:
            words = f"attempt {delivery.attempts}: {words}"
    changes = {"due": further} if state == _State.WAITING else {"ended": now}
    ours = HookDelivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, state=_State.WAITING)
    if not ours.update(state=state, outcome=words, lease_until=None, **changes):
        log.info("hook delivery was taken or removed", extra={"delivery": delivery.pk})
        return
    LocalHook.objects.filter(pk=delivery.hook_id).update(last_outcome=words, last_at=now)
