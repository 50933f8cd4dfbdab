"""notification:send: tell people, on their notifications page, what a run has made."""

import hashlib
import json
from typing import Any

from django.db import transaction

from core.errors import GreenroomError, InputError
from scaffolder.links import refused_scheme
from scaffolder.notifications.actions import Message, send, withdraw
from scaffolder.notifications.recipients import people
from scaffolder.steps.port import (
    Action,
    Example,
    Foreseen,
    Made,
    StepContext,
    UndoContext,
    flag,
    object_schema,
    text,
    texts,
)

NOTIFICATION = "notification"
BROADCAST = "broadcast"
EVERYBODY = ""
_SHORT, _LONG = 255, 5_000


def notify(ctx: StepContext, given: dict[str, Any]) -> None:
    """Send it once, however often the step is done; a failure is a line in the log when it is `optional`."""
    try:
        _notify(ctx, given)
    except GreenroomError as error:
        if error.retry or not given.get("optional"):
            raise
        ctx.warn(f"The notification was not sent, which this step allows: {error.message}")


def _notify(ctx: StepContext, given: dict[str, Any]) -> None:
    message, key = _message(ctx, given), _key(ctx, given)
    if ctx.ledger.proved(NOTIFICATION, key) is not None:
        ctx.log("The notification was sent by an earlier attempt")
        return
    recipients = _recipients(ctx, given)
    if not recipients:
        ctx.warn("Nobody is told: the groups and owners in entityRefs have no members")
        return
    ctx.ledger.intend(NOTIFICATION, key)
    with transaction.atomic():  # sent and proved, or neither
        send(run_id=ctx.run_id, key=key, message=message, recipients=recipients)
        ctx.ledger.prove(NOTIFICATION, key, people=len(recipients))
    ctx.log(f"Told {_counted(recipients)}: {message.title}")


def foresee(ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    """One effect; whom it reaches is found out when it is sent."""
    return Foreseen(((NOTIFICATION, _key(ctx, given)),))


def take_back(ctx: UndoContext, made: Made) -> None:
    """Remove what was not read yet. What is not proved was not sent: both are one transaction."""
    if not made.proved:
        ctx.log("no notification was sent")
        return
    gone, read = withdraw(run_id=ctx.run_id, key=made.key)
    ctx.log(f"{gone} unread notifications are gone; {read} had been read")


def _counted(recipients: list[str]) -> str:
    if recipients == [EVERYBODY]:
        return "everybody"
    return f"{len(recipients)} people" if len(recipients) > 1 else recipients[0]


def _key(ctx: StepContext, given: dict[str, Any]) -> str:
    """What this step sends, apart from what it sends for another item of its `each`."""
    whole = ctx.mask(json.dumps(given, sort_keys=True))
    return f"{ctx.step_id} {hashlib.sha256(whole.encode(errors='replace')).hexdigest()[:12]}"


def _recipients(ctx: StepContext, given: dict[str, Any]) -> list[str]:
    refs = given.get("entityRefs") or []
    if given["recipients"] == BROADCAST:
        return [EVERYBODY]
    if not refs:
        raise InputError("entityRefs is missing: name whom to tell, or use recipients: broadcast")
    return people(refs, ctx.subject)


def _message(ctx: StepContext, given: dict[str, Any]) -> Message:
    """The message with the run's secrets masked: it is kept, and others read it."""
    link = given.get("link") or ""
    scheme = refused_scheme(link)
    if scheme is not None:
        raise InputError(
            f"link begins with {scheme!r}; a link begins with https://, or with / for a page here"
        )
    fields = {
        "title": given["title"],
        "description": given.get("info") or "",
        "link": link,
        "topic": given.get("topic") or "",
        "scope": given.get("scope") or "",
    }
    for name, value in fields.items():
        if "\0" in value or any("\ud800" <= one <= "\udfff" for one in value):
            raise InputError(f"{name} holds a character that no text can have")
    shown = {name: ctx.mask(value) for name, value in fields.items()}
    return Message(**shown, severity=given.get("severity") or "normal")


ACTIONS = (
    Action(
        id="notification:send",
        description="Tells people, on their notifications page, what was made; once, and taken back with the run unless read.",
        input=object_schema(
            ("recipients", "title"),
            recipients=text("Whom to tell: everybody, or those in entityRefs.", enum=[BROADCAST, "entity"]),
            entityRefs=texts(
                "Users, groups (with the groups below them), or entities, whose owners are meant."
            ),
            title=text("What it is about, in one line.", minLength=1, maxLength=_SHORT),
            info=text("What there is to say.", maxLength=_LONG),
            link=text("Where it leads: https://…, or a path of the portal.", maxLength=2_000),
            severity=text("How heavy it is. Default: normal.", enum=["low", "normal", "high", "critical"]),
            scope=text(
                "A newer notification of the same scope takes the older one's place.", maxLength=_SHORT
            ),
            topic=text("What people may filter by.", maxLength=_SHORT),
            optional=flag("Whether the run goes on when it cannot be sent. Default: no."),
        ),
        run=notify,
        foresee=foresee,
        undo=take_back,
        examples=(
            Example(
                "Tell the owners",
                "steps:\n  - action: notification:send\n    input:\n      recipients: entity\n"
                "      entityRefs: ['${{ parameters.owner }}']\n      title: ${{ parameters.name }} is there\n"
                "      link: /catalog/default/component/${{ parameters.name }}\n",
            ),
            Example(
                "Tell everybody, if possible",
                "steps:\n  - action: notification:send\n    input:\n      recipients: broadcast\n"
                "      title: A new service\n      severity: low\n      optional: true\n",
            ),
        ),
    ),
)
