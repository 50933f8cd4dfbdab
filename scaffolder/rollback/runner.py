"""Carries out a rollback: effect by effect, newest first; safe to be killed at any moment.

Taking back one thing twice is free, so a worker that died is followed by another that looks at what is left. Every
write carries the fencing number; who lost the rollback may at worst have taken back what was to go anyway.
"""

import logging
import threading
from functools import partial

from django.db import transaction
from django.utils import timezone

from core.api.subjects import System
from core.audit import record
from core.errors import GreenroomError, LeaseLost, NotFound
from core.leases import LEASE, claim, keep, release
from core.notices import notice
from core.redaction import redact
from core.states import move
from scaffolder.errors import CannotUndo
from scaffolder.fencing import channel, until_back
from scaffolder.models import Effect, Instance, RunEvent
from scaffolder.rollback.models import Rollback
from scaffolder.rollback.states import MOVES, RollbackState
from scaffolder.states import EffectState
from scaffolder.steps import action_named
from scaffolder.steps.port import Made, UndoContext

TRIES = 3
PAUSE = 2.0
"""Seconds before something that did not answer is tried again, times the attempts so far."""
REPOSITORY = "repository"

log = logging.getLogger(__name__)


def execute(rollback_id: str) -> None:
    """Take back what there is, unless somebody else does. Losing it on the way is not an error."""
    rollback = claim(Rollback.objects.all(), rollback_id, to=RollbackState.WORKING, moves=MOVES)
    if rollback is None:
        return
    try:
        with keep(rollback) as keeper:
            _carry_out(rollback, keeper.lost)
    except LeaseLost as lost:
        log.info("rollback left to another worker", extra={"rollback": rollback_id, "reason": lost.message})
        return
    until_back(lambda: release(rollback))


def _carry_out(rollback: Rollback, lost: threading.Event) -> None:
    effects = Effect.objects.filter(
        run_id=rollback.run_id, state__in=[EffectState.INTENDED, EffectState.MADE]
    ).order_by("-id")
    problems = []
    for effect in until_back(lambda: list(effects)):
        if lost.is_set():
            raise LeaseLost(f"rollback {rollback.pk} was taken over")
        problem = _take_back(rollback, effect, lost)
        if problem:
            problems.append(f"{effect}: {problem}")
    until_back(partial(_finish, rollback, problems))


def _take_back(rollback: Rollback, effect: Effect, lost: threading.Event) -> str:
    """Why an effect could not be taken back for now; "" when it is settled, one way or the other."""
    ctx = UndoContext(str(effect.run_id), lambda message: until_back(partial(_say, rollback, message)))
    for attempt in range(1, TRIES + 1):
        try:
            _undo(ctx, effect)
        except GreenroomError as error:
            if not error.retry:
                until_back(partial(_settle, rollback, effect, EffectState.LEFT, error.message))
                return ""
            if attempt == TRIES:
                return error.message
            lost.wait(PAUSE * attempt)
        except Exception:  # a fault of ours in one undo must not keep the rest from being taken back
            log.exception(
                "undo failed unexpectedly", extra={"run": str(effect.run_id), "effect": str(effect)}
            )
            reason = f"an internal error occurred in the undo of {effect.action}; the worker's log has it"
            until_back(partial(_settle, rollback, effect, EffectState.LEFT, reason))
            return ""
        else:
            until_back(partial(_settle, rollback, effect, EffectState.UNDONE, ""))
            return ""
    raise AssertionError("the last attempt returns")


def _undo(ctx: UndoContext, effect: Effect) -> None:
    try:
        undo = action_named(effect.action).undo
    except NotFound as error:
        raise CannotUndo(f"{effect} stays: its action {effect.action!r} is no longer there") from error
    if undo is None:
        raise CannotUndo(f"{effect} stays: {effect.action} cannot take back what it makes; look at it there")
    undo(ctx, Made(effect.kind, effect.key, effect.details, proved=effect.state == EffectState.MADE))


@transaction.atomic
def _settle(rollback: Rollback, effect: Effect, state: EffectState, reason: str) -> None:
    _check_ours(rollback)
    reason = redact(reason)
    undone = timezone.now() if state == EffectState.UNDONE else None
    Effect.objects.filter(pk=effect.pk).update(state=state, reason=reason, undone_at=undone)
    if state == EffectState.UNDONE and effect.kind == REPOSITORY:
        Instance.objects.filter(
            run_id=effect.run_id, host=effect.details.get("host"), repository=effect.details.get("repository")
        ).delete()
    record(
        System(rollback.requested_by),
        "took back" if undone else "left",
        effect.run,
        effect=str(effect),
        reason=reason,
    )
    _tell(rollback, f"Taken back: {effect}" if undone else f"Left to a person: {reason}")


@transaction.atomic
def _say(rollback: Rollback, message: str) -> None:
    _check_ours(rollback)
    _tell(rollback, message)


@transaction.atomic
def _finish(rollback: Rollback, problems: list[str]) -> None:
    to = RollbackState.INCOMPLETE if problems else RollbackState.DONE
    rows = Rollback.objects.filter(pk=rollback.pk, attempts=rollback.attempts)
    if not move(rows, to, MOVES, ended_at=timezone.now(), problem=redact("\n".join(problems))):
        raise LeaseLost(f"rollback {rollback.pk} was taken over")
    left = Effect.objects.filter(run_id=rollback.run_id, state=EffectState.LEFT).count()
    rest = f"; {left} left to a person" if left else ""
    _tell(rollback, f"Rollback ended: {RollbackState(to).label}{rest}")


def _check_ours(rollback: Rollback) -> None:
    mine = Rollback.objects.filter(pk=rollback.pk, attempts=rollback.attempts, state=RollbackState.WORKING)
    if not mine.update(lease_until=timezone.now() + LEASE):
        raise LeaseLost(f"rollback {rollback.pk} was taken over")


def _tell(rollback: Rollback, message: str) -> None:
    RunEvent.objects.create(run_id=rollback.run_id, type=RunEvent.Type.LOG, body={"message": redact(message)})
    notice(channel(rollback.run_id))
