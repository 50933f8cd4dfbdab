"""Carries out a run: the steps not yet done, in order; safe to be killed at any moment.

    claim by lease → workspace → each step: cancelled? · if · each · render input · check it · act · checkpoint
    → output → secrets and workspace gone

A worker that dies leaves a lease that runs out; the sweep calls another, which goes on after the last checkpoint.
"""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from core.errors import GreenroomError, InputError, LeaseLost
from core.leases import claim, keep, release
from core.secretbox import open_sealed
from scaffolder import workspace
from scaffolder.cancelling import watching
from scaffolder.errors import RunCancelled
from scaffolder.expressions import render_value
from scaffolder.journal import AWAY, Journal, until_back
from scaffolder.language import environment, holds, render_output, runs_after_failure
from scaffolder.masking import Masker
from scaffolder.models import Run
from scaffolder.rendering.child import RenderingCancelled
from scaffolder.states import MOVES, RunState, StepState
from scaffolder.steps import action_named
from scaffolder.steps.port import StepContext, User, cancellation
from scaffolder.validation import faults, sentence

MOST_RESTARTS = 5
"""Workers that may die in the same step before the run is given up."""
TRIES = 3
"""How often one worker does a step when the database went away, or something outside did not answer."""
PAUSE = 2.0
"""Seconds before a step is done again, times the attempts so far."""

log = logging.getLogger(__name__)


def execute(run_id: str) -> None:
    """Carry out the run, unless somebody else does or it has ended. Losing it on the way is not an error."""
    run = claim(Run.objects.all(), run_id, to=RunState.PROCESSING, moves=MOVES)
    if run is None:
        return
    try:
        with keep(run) as keeper:
            Execution(run, keeper.lost).carry_out()
            # Before the lease is given back: a retry must not find the folder while it goes.
            workspace.discard(run.pk)
    except LeaseLost as lost:
        log.info("run left to another worker", extra={"run": run_id, "reason": lost.message})
        return
    until_back(lambda: release(run))


@dataclass
class Execution:
    """One attempt at one run."""

    run: Run
    lost: threading.Event
    cancelled: threading.Event = field(default_factory=threading.Event)
    failure: dict[str, str] | None = None
    outputs: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.spec: dict[str, Any] = self.run.spec
        sealed = self.run.secrets
        self.secrets = cast(dict[str, Any], open_sealed(bytes(sealed))) if sealed is not None else {}
        self.masker = Masker(self.secrets)
        self.journal = Journal(self.run, self.masker, self.cancelled)

    def carry_out(self) -> None:
        steps = self.spec["steps"]
        with watching(self.run, self.cancelled, self.lost):
            done = self._resume(steps)
            for position, step in enumerate(steps):
                if position in done:
                    self._remember(step, done[position].state, done[position].output, done[position].error)
                else:
                    self._step(position, step)
            if self.failure is None:
                self._finish()
            else:
                self.journal.finish(error=self.failure)

    def _resume(self, steps: list[dict[str, Any]]) -> dict[int, Any]:
        """What was done by those before us; nothing, when the workspace in which they did it is gone."""
        if self.run.last_heartbeat_at is None:  # nobody has begun it yet
            workspace.discard(self.run.pk)
            workspace.prepare(self.run.pk)
            self.journal.say(f"Starting up task with {len(steps)} steps")
            return {}
        done = self.journal.done()
        kept = workspace.prepare(self.run.pk)
        self.run.restarts += 1
        until_back(lambda: Run.objects.filter(pk=self.run.pk).update(restarts=self.run.restarts))
        if done and not kept:
            self.journal.start_over()
            return {}
        return done

    def _finish(self) -> None:
        try:
            output = render_output(self.spec["output"], self._context())
        except GreenroomError as error:
            self.journal.finish(error={"name": error.name, "message": f"spec.output: {error.message}"})
            return
        self.journal.finish(output=output)

    def _step(self, position: int, step: dict[str, Any]) -> None:
        if self.failure is not None and not runs_after_failure(step.get("if")):
            self.journal.skip(position, step, "a previous step failed")
            return
        again = self.journal.begin(position, step)
        try:
            restarts, self.run.restarts = self.run.restarts, 0  # they were all in the first step not yet done
            if restarts > MOST_RESTARTS:
                raise GreenroomError(f"Step {step['id']} was given up: {restarts} workers died in it")
            output = self._attempted(step, again=again)
        except LeaseLost:
            raise
        except (RunCancelled, RenderingCancelled):
            self._still_ours()
            self._failed(position, step, cancellation(str(self.run.pk), step["id"], step["name"]))
        except GreenroomError as error:
            self._still_ours()
            self._failed(position, step, error)
        except AWAY:
            raise  # not the step's fault: the lease runs out, and the sweep calls another worker
        except Exception:  # a fault of ours in an action ends this step, not the worker
            log.exception("step failed unexpectedly", extra={"run": str(self.run.pk), "step": step["id"]})
            message = (
                f"An internal error occurred in {step['action']}; the server's log has it under {self.run.pk}"
            )
            self._failed(position, step, GreenroomError(message))
        else:
            if output is None:
                self.journal.skip(position, step, "its if condition was false")
            else:
                self.journal.complete(position, step, output)
                self._remember(step, StepState.COMPLETED, output, None)

    def _still_ours(self) -> None:
        if self.lost.is_set():
            raise LeaseLost(f"run {self.run.pk}, attempt {self.run.attempts}, was taken or ended")

    def _failed(self, position: int, step: dict[str, Any], error: GreenroomError) -> None:
        told = {"name": error.name, "message": error.message}
        self.journal.fail(position, step, told)
        self._remember(step, StepState.FAILED, {}, told)

    def _remember(self, step: dict[str, Any], state: str, output: Any, error: dict[str, str] | None) -> None:
        if state == StepState.COMPLETED:
            self.outputs[step["id"]] = {"output": output}
        elif state == StepState.FAILED and self.failure is None:
            self.failure = error

    def _attempted(self, step: dict[str, Any], *, again: bool) -> dict[str, Any] | None:
        """The step's output, None when its `if` says no. Done again after what a repeat may cure: actions look first."""
        for attempt in range(1, TRIES + 1):
            try:
                return self._iterated(step, again=again or attempt > 1)
            except GreenroomError as error:
                if attempt == TRIES or not error.retry:
                    raise
                self.journal.action_line(f"{error.message}; trying again", step["id"], "warn")
                self.cancelled.wait(PAUSE * attempt)
            except AWAY as error:
                if attempt == TRIES:
                    raise
                log.warning(
                    "database away during a step", extra={"run": str(self.run.pk), "error": str(error)}
                )
                until_back(Run.objects.filter(pk=self.run.pk).exists)
        raise AssertionError("the last attempt returns or raises")

    def _iterated(self, step: dict[str, Any], *, again: bool) -> dict[str, Any] | None:
        cancelled = self.cancelled
        if self.failure is None:
            if cancelled.is_set():
                raise cancellation(str(self.run.pk), step["id"], step["name"])
        elif cancelled.is_set() and not self.lost.is_set():
            cancelled = threading.Event()  # what cleans up after a cancelled run is not cancelled itself
        ctx = self._step_context(step, again=again, cancelled=cancelled)
        if "each" not in step:
            if not holds(step.get("if"), self._context(), failed=self.failure is not None):
                return None
            return self._act(step, ctx, self._context() | {"secrets": self.secrets})
        items = render_value(
            step["each"], self._context() | {"secrets": self.secrets}, environment=environment()
        )
        collected: dict[str, list[Any]] = {}
        for each in _each(items, step):
            context = self._context() | {"secrets": self.secrets, "each": each}
            if not holds(step.get("if"), context, failed=self.failure is not None):
                continue
            ctx.check_cancelled()
            shown = {"key": each["key"], "value": each["value"]}
            ctx.log(f"Running step each: {json.dumps(shown, separators=(',', ':'), ensure_ascii=False)}")
            for key, value in self._act(step, ctx, context).items():
                collected.setdefault(key, []).append(value)
        return collected

    def _act(self, step: dict[str, Any], ctx: StepContext, context: Mapping[str, Any]) -> dict[str, Any]:
        action = action_named(step["action"])
        raw = step.get("input") or {}
        rendered = render_value(raw, context, environment=environment())
        self.masker.learn(raw, rendered)
        given = dict(rendered)
        for unknown in sorted(given.keys() - action.input.get("properties", {}).keys()):
            self.journal.action_line(
                f"{action.id} has no input {unknown!r}; it is ignored", step["id"], "warn"
            )
            del given[unknown]
        found = faults(action.input, given, where=f"the input of {action.id}")
        if found:
            reasons = ", ".join(sentence(one) for one in found)
            raise InputError(f"Invalid input passed to action {action.id}, {reasons}")
        return dict(action.run(ctx, given) or {})

    def _step_context(self, step: dict[str, Any], *, again: bool, cancelled: threading.Event) -> StepContext:
        user, template = self.spec["user"], self.spec["templateInfo"]
        return StepContext(
            run_id=str(self.run.pk),
            step_id=step["id"],
            step_name=step["name"],
            workspace=workspace.folder_of(self.run.pk),
            scratch=workspace.scratch_of(self.run.pk),
            template_ref=template["entityRef"],
            base_url=template["baseUrl"],
            user=User(user.get("ref", self.run.created_by), user.get("entity")),
            log=lambda message: self.journal.action_line(message, step["id"]),
            ledger=self.journal,
            cancelled=cancelled,
            again=again,
        )

    def _context(self) -> dict[str, Any]:
        """What expressions see; secrets are added where a step's input may name them, and nowhere else."""
        return {
            "parameters": self.spec["parameters"],
            "steps": self.outputs,
            "user": self.spec["user"],
            "environment": {"parameters": {}, "secrets": {}},
            "context": {"task": {"id": str(self.run.pk)}},
        }


def _each(items: Any, step: Mapping[str, Any]) -> list[dict[str, Any]]:
    if isinstance(items, Mapping):
        return [{"key": key, "value": value} for key, value in items.items()]
    if isinstance(items, list):
        return [{"key": str(index), "value": value} for index, value in enumerate(items)]
    got = {str: "a text", bool: "yes or no", int: "a number", float: "a number"}.get(type(items), "nothing")
    raise InputError(f"Step {step['id']}: each must give a list or an object, it gives {got}")
