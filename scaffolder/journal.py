"""What a worker writes while it carries out a run: each line, checkpoint and end, fenced and in one transaction.

Every write first renews the lease `WHERE attempts = mine AND state = processing`; who lost the run gets LeaseLost
and writes nothing. The row lock also keeps a run's events in the order of their ids. A database that is away for
a while is waited for.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from core.api.subjects import System
from core.audit import record
from core.errors import LeaseLost
from core.leases import LEASE
from core.notices import notice
from core.secretbox import open_sealed, seal
from core.states import move
from scaffolder.masking import Masker
from scaffolder.models import Checkpoint, Effect, Run, RunEvent, StepRun
from scaffolder.states import MOVES, EffectState, RunState, StepState

PATIENCE = 90.0
"""Seconds for which the database may be away before the run is left to the sweep."""
LONGEST_MESSAGE = 64 * 1024
MOST_LINES = 20_000
WORKER = System("system:worker")
AWAY = (OperationalError, InterfaceError)

T = TypeVar("T")
log = logging.getLogger(__name__)


def channel(run_id: object) -> str:
    """The key under which news of a run are told."""
    return f"run:{run_id}"


def until_back(work: Callable[[], T]) -> T:
    """Do some work with the database, again and again while the server is away."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except AWAY as error:
            if connection.in_atomic_block or time.monotonic() > deadline:
                raise
            log.warning("database away, trying again", extra={"error": str(error)})
            connection.close()
            threading.Event().wait(0.3)


class Journal:
    """Writes for one attempt at one run. `cancelled` is set as soon as a write sees that the run was cancelled."""

    def __init__(self, run: Run, masker: Masker, cancelled: threading.Event) -> None:
        self.run = run
        self.masker = masker
        self._cancelled = cancelled
        self._lines = 0

    def say(self, message: str, *, step_id: str | None = None, status: str | None = None) -> None:
        """One line of the log, in the contract's shape."""
        self._write(lambda: self._event(message, step_id, status))

    def action_line(self, message: str, step_id: str, level: str = "info") -> None:
        """A line that an action writes; its level is coloured, as clients know it."""
        self._lines += 1
        if self._lines > MOST_LINES:
            return
        if self._lines == MOST_LINES:
            message = f"the log has {MOST_LINES} lines; what the actions say from here on is left out"
        colour = {"info": 32, "warn": 33, "error": 31}[level]
        self.say(f"\u001b[{colour}m{level}\u001b[39m: {message}", step_id=step_id)

    def begin(self, position: int, step: Mapping[str, Any]) -> bool:
        """Note that a step begins; True when an earlier attempt had begun it too."""

        def write() -> bool:
            _, fresh = StepRun.objects.get_or_create(
                run=self.run, position=position, defaults={"step_id": step["id"]}
            )
            self._event(f"Beginning step {step['name']}", step["id"], "processing")
            return not fresh

        return self._write(write)

    def complete(self, position: int, step: Mapping[str, Any], output: Mapping[str, Any]) -> None:
        """The checkpoint: the step's output and the line that says so."""
        shown = self.masker.data(output)
        self._end(
            position,
            StepState.COMPLETED,
            (f"Finished step {step['name']}", step["id"], "completed"),
            output=shown,
            sealed_output=None if shown == output else seal(output),
        )

    def skip(self, position: int, step: Mapping[str, Any], reason: str) -> None:
        self._end(
            position,
            StepState.SKIPPED,
            (f"Skipping step {step['id']} because {reason}", step["id"], "skipped"),
        )

    def fail(self, position: int, step: Mapping[str, Any], error: Mapping[str, str]) -> None:
        line = f"{error['name']}: {error['message']}"
        shown = self.masker.data(error)
        self._end(position, StepState.FAILED, (line, step["id"], "failed"), step_id=step["id"], error=shown)

    def start_over(self) -> None:
        """Forget the steps that were done: what they made in the workspace is gone."""

        def write() -> None:
            StepRun.objects.filter(run=self.run).delete()
            self._event("The workspace is gone with the worker that had it; starting from the first step")

        self._write(write)

    def finish(
        self, *, output: Mapping[str, Any] | None = None, error: Mapping[str, str] | None = None
    ) -> None:
        """End the run: its state, its last event, and its secrets gone, all at once."""
        state = RunState.COMPLETED if error is None else RunState.FAILED
        body: dict[str, Any] = {"message": f"Run completed with status: {state}"}
        body |= {"output": output} if error is None else {"error": dict(error)}
        body = self.masker.data(body)

        def write() -> None:
            rows = Run.objects.filter(pk=self.run.pk, attempts=self.run.attempts)
            if not move(rows, state, MOVES, output=body.get("output"), secrets=None):
                raise LeaseLost(f"run {self.run.pk}, attempt {self.run.attempts}, was taken or ended")
            StepRun.objects.filter(run=self.run).update(sealed_output=None)
            Checkpoint.objects.filter(run=self.run).delete()
            RunEvent.objects.create(run=self.run, type=RunEvent.Type.COMPLETION, body=body)
            record(WORKER, str(state), self.run)

        self._write(write)

    def intend(self, kind: str, key: str, **details: Any) -> None:
        def write() -> None:
            effect = self._effect(kind, key, details)
            Effect.objects.filter(pk=effect.pk, state__in=[EffectState.UNDONE, EffectState.LEFT]).update(
                state=EffectState.INTENDED, reason="", undone_at=None, made_at=None
            )

        self._write(write)

    def prove(self, kind: str, key: str, **details: Any) -> None:
        def write() -> None:
            effect = self._effect(kind, key, details)
            Effect.objects.filter(pk=effect.pk).update(state=EffectState.MADE, made_at=timezone.now())

        self._write(write)

    def proved(self, kind: str, key: str) -> dict[str, Any] | None:
        rows = Effect.objects.filter(run=self.run, kind=kind, key=key, state=EffectState.MADE)
        return until_back(lambda: rows.values_list("details", flat=True).first())

    def checkpoint(self, step_id: str, key: str, work: Callable[[], Any]) -> Any:
        """What the step did under a key, done now if it was not; see `steps.port.Checkpoints`."""
        rows = Checkpoint.objects.filter(run=self.run, step_id=step_id, key=key)
        kept = until_back(lambda: rows.values_list("value", flat=True).first())
        if kept is not None:
            return open_sealed(bytes(kept))
        value = work()
        sealed = seal(value)
        self._write(
            lambda: Checkpoint.objects.get_or_create(
                run=self.run, step_id=step_id, key=key, defaults={"value": sealed}
            )
        )
        return value

    def done(self) -> dict[int, StepRun]:
        """The steps that need not be done again, by position, with their whole outputs."""
        steps = until_back(
            lambda: list(StepRun.objects.filter(run=self.run).exclude(state=StepState.PROCESSING))
        )
        for step in steps:
            if step.sealed_output is not None:
                step.output = open_sealed(bytes(step.sealed_output))
        return {step.position: step for step in steps}

    def _effect(self, kind: str, key: str, details: dict[str, Any]) -> Effect:
        working = (
            StepRun.objects.filter(run=self.run, state=StepState.PROCESSING).order_by("-position").first()
        )
        step = self.run.spec["steps"][working.position] if working else {"id": "", "action": ""}
        effect, _ = Effect.objects.get_or_create(
            run=self.run, kind=kind, key=key, defaults={"step_id": step["id"], "action": step["action"]}
        )
        effect.details |= cast(dict[str, Any], self.masker.data(details))
        effect.save(update_fields=["details"])
        return effect

    def _end(self, position: int, state: StepState, line: tuple[str, str, str], **changes: Any) -> None:
        def write() -> None:
            StepRun.objects.update_or_create(
                run=self.run,
                position=position,
                defaults={"step_id": line[1], "state": state, "ended_at": timezone.now(), **changes},
            )
            Run.objects.filter(pk=self.run.pk).update(restarts=0)
            self._event(*line)

        self._write(write)

    def _event(self, message: str, step_id: str | None = None, status: str | None = None) -> None:
        shown = self.masker.text(message)
        if len(shown) > LONGEST_MESSAGE:
            shown = (
                f"{shown[:LONGEST_MESSAGE]}\n… {len(shown) - LONGEST_MESSAGE} characters more are left out"
            )
        body = {"message": shown}
        body |= {"stepId": step_id} if step_id is not None else {}
        body |= {"status": status} if status is not None else {}
        RunEvent.objects.create(run=self.run, type=RunEvent.Type.LOG, body=body)

    def _write(self, work: Callable[[], T]) -> T:
        def fenced() -> T:
            with transaction.atomic():
                now = timezone.now()
                mine = Run.objects.filter(
                    pk=self.run.pk, attempts=self.run.attempts, state=RunState.PROCESSING
                )
                if not mine.update(last_heartbeat_at=now, lease_until=now + LEASE):
                    raise LeaseLost(f"run {self.run.pk}, attempt {self.run.attempts}, was taken or ended")
                if mine.filter(cancel_requested=True).exists():
                    self._cancelled.set()
                result = work()
                notice(channel(self.run.pk))
            return result

        return until_back(fenced)
