"""What a worker writes while it carries out a run: each line, checkpoint and end, fenced, and one transaction each.

Who lost the run gets LeaseLost and writes nothing (`fencing`). A database that is away for a while is waited for.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

from django.utils import timezone

from core.api.subjects import System
from core.audit import record
from core.errors import LeaseLost
from core.secretbox import open_sealed, seal
from core.states import move
from scaffolder.fencing import Fence, until_back
from scaffolder.masking import Masker
from scaffolder.models import Checkpoint, Effect, Run, RunEvent, StepRun
from scaffolder.states import MOVES, EffectState, RunState, StepState

LONGEST_MESSAGE = 64 * 1024
MOST_LINES = 20_000
WORKER = System("system:worker")


class Journal:
    """Writes for one attempt at one run. `cancelled` is set as soon as a write sees that the run was cancelled."""

    def __init__(self, run: Run, masker: Masker, cancelled: threading.Event) -> None:
        self.run = run
        self.masker = masker
        self.fence = Fence(run, cancelled)
        self._lines = 0
        self._working = "", ""
        """The id and the action of the step that is done now."""
        self._has_sealed = run.attempts > 1
        """Whether something sealed may have to go at the end, as an earlier attempt may have left it."""
        self.restarted = False
        """Whether deaths of workers are counted, until a step has ended."""

    def say(self, message: str) -> None:
        """One line of the log, at once."""
        self._line(message)
        self.fence.flush()

    def start(self, steps: int) -> None:
        """The first line of a run; it is written with what comes next."""
        self._line(f"Starting up task with {steps} steps")

    def action_line(self, message: str, step_id: str, level: str = "info") -> None:
        """A line that an action writes; its level is coloured, as clients know it. It may wait a moment for others."""
        self._lines += 1
        if self._lines > MOST_LINES:
            return
        if self._lines == MOST_LINES:
            message = f"the log has {MOST_LINES} lines; what the actions say from here on is left out"
        colour = {"info": 32, "warn": 33, "error": 31}[level]
        self._line(f"\u001b[{colour}m{level}\u001b[39m: {message}", step_id)

    def begin(self, position: int, step: Mapping[str, Any]) -> bool:
        """Note that a step begins; True when an earlier attempt had begun it too, or has left something that it made."""

        def write() -> bool:
            return not StepRun.objects.begun(self.run.pk, position, step["id"]) or self._has_made(step["id"])

        self._working = step["id"], step["action"]
        self._line(f"Beginning step {step['name']}", step["id"], "processing")
        return self.fence.write(write)

    def complete(self, position: int, step: Mapping[str, Any], output: Mapping[str, Any]) -> None:
        """The checkpoint: the step's output and the line that says so. Written with the beginning of the next step, or the end."""
        shown = self.masker.data(output)
        self._end(
            position,
            StepState.COMPLETED,
            (f"Finished step {step['name']}", step["id"], "completed"),
            output=shown,
            sealed_output=None if shown == output else self._sealed(output),
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
        self._end(position, StepState.FAILED, (line, step["id"], "failed"), error=shown)

    def start_over(self) -> None:
        """Forget the steps that were done: what they made in the workspace is gone."""

        def write() -> None:
            StepRun.objects.filter(run=self.run).delete()

        self._line("The workspace is gone with the worker that had it; starting from the first step")
        self.fence.write(write)

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
            if self._has_sealed:
                self._forget_sealed()
            record(WORKER, str(state), self.run)

        self.fence.say(RunEvent.Type.COMPLETION, body)
        self.fence.write(write)

    def intend(self, kind: str, key: str, **details: Any) -> None:
        def write() -> None:
            effect = self._effect(kind, key, details)
            Effect.objects.filter(pk=effect.pk, state__in=[EffectState.UNDONE, EffectState.LEFT]).update(
                state=EffectState.INTENDED, reason="", undone_at=None, made_at=None
            )

        self.fence.write(write)

    def prove(self, kind: str, key: str, **details: Any) -> None:
        def write() -> None:
            effect = self._effect(kind, key, details)
            Effect.objects.filter(pk=effect.pk).update(state=EffectState.MADE, made_at=timezone.now())

        self.fence.write(write)

    def proved(self, kind: str, key: str) -> dict[str, Any] | None:
        return self._details(kind, key, EffectState.MADE)

    def noted(self, kind: str, key: str) -> dict[str, Any] | None:
        return self._details(kind, key, EffectState.INTENDED, EffectState.MADE)

    def _details(self, kind: str, key: str, *states: EffectState) -> dict[str, Any] | None:
        rows = Effect.objects.filter(run=self.run, kind=kind, key=key, state__in=states)
        return until_back(lambda: rows.values_list("details", flat=True).first())

    def checkpoint(self, step_id: str, key: str, work: Callable[[], Any]) -> Any:
        """What the step did under a key, done now if it was not; see `steps.port.Checkpoints`."""
        rows = Checkpoint.objects.filter(run=self.run, step_id=step_id, key=key)
        kept = until_back(lambda: rows.values_list("value", flat=True).first())
        if kept is not None:
            return open_sealed(bytes(kept))
        value = work()
        sealed = self._sealed(value)
        self.fence.write(
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
                shown, step.output = step.output, open_sealed(bytes(step.sealed_output))
                self.masker.recall(shown, step.output)
        return {step.position: step for step in steps}

    def _sealed(self, value: Any) -> bytes:
        self._has_sealed = True
        return seal(value)

    def _forget_sealed(self) -> None:
        sealed = StepRun.objects.filter(run=self.run, sealed_output__isnull=False)
        sealed.update(sealed_output=None, forgotten=True)
        Checkpoint.objects.filter(run=self.run).delete()

    def _has_made(self, step_id: str) -> bool:
        if self.run.attempts == 1:
            return False
        left = Effect.objects.filter(run=self.run, step_id=step_id).exclude(state=EffectState.UNDONE)
        return left.exists()

    def _effect(self, kind: str, key: str, details: dict[str, Any]) -> Effect:
        step_id, action = self._working
        effect, _ = Effect.objects.get_or_create(
            run=self.run, kind=kind, key=key, defaults={"step_id": step_id, "action": action}
        )
        effect.details |= cast(dict[str, Any], self.masker.data(details))
        effect.save(update_fields=["details"])
        return effect

    def _end(self, position: int, state: StepState, line: tuple[str, str, str], **changes: Any) -> None:
        at = timezone.now()

        def write() -> None:
            StepRun.objects.ended(self.run.pk, position, line[1], state, at, **changes)
            if self.restarted:
                Run.objects.filter(pk=self.run.pk).update(restarts=0)

        self._line(*line)
        self.fence.later(write)

    def _line(self, message: str, step_id: str | None = None, status: str | None = None) -> None:
        shown = self.masker.text(message)
        if len(shown) > LONGEST_MESSAGE:
            shown = (
                f"{shown[:LONGEST_MESSAGE]}\n… {len(shown) - LONGEST_MESSAGE} characters more are left out"
            )
        body = {"message": shown}
        body |= {"stepId": step_id} if step_id is not None else {}
        body |= {"status": status} if status is not None else {}
        self.fence.say(RunEvent.Type.LOG, body)
