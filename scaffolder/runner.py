"""Carries out a run: the steps not yet done, in order; safe to be killed at any moment.

    claim by lease → workspace → each step: cancelled? · if · each · render input · check it · act · checkpoint
    → output → secrets and workspace gone

A worker that dies leaves a lease that runs out; the sweep calls another, which goes on after the last checkpoint.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from django.conf import settings

from core.api.subjects import Subject
from core.children import stopped_by
from core.errors import GreenroomError, LeaseLost, Unavailable
from core.leases import keep, release
from core.secretbox import open_sealed
from scaffolder import admission, workspace
from scaffolder.approvals import planning
from scaffolder.cancelling import watching
from scaffolder.deadlines import Deadline, allowed
from scaffolder.environment import Given, given
from scaffolder.errors import RunCancelled, StepTimedOut
from scaffolder.fencing import AWAY, until_back
from scaffolder.journal import Journal
from scaffolder.language import render_output
from scaffolder.masking import Masker
from scaffolder.models import Run
from scaffolder.registry.pins import pinned_base
from scaffolder.rendering.child import RenderingCancelled
from scaffolder.states import StepState
from scaffolder.steps.port import Action, StepContext, User, cancellation
from scaffolder.workflow import Workflow
from scm.errors import GitCancelled

MOST_RESTARTS = 5
"""Workers that may die in the same step before the run is given up."""
TRIES = 3
"""How often one worker does a step when the database went away, or something outside did not answer."""
PAUSE = 2.0
"""Seconds before a step is done again, times the attempts so far."""

log = logging.getLogger(__name__)


def execute(run_id: str) -> None:
    """Carry out the run, unless somebody else does or it has ended. Losing it on the way is not an error."""
    run = admission.take(run_id)
    if run is None:
        return
    try:
        with keep(run) as keeper:
            if not planning.passes(run, keeper.lost):
                until_back(admission.call_next)  # its place is free for another
                return
            if _carried_out(run, keeper.lost) or not settings.GREENROOM_WORKSPACE_KEEP_MINUTES:
                # Before the lease is given back: a retry must not find the folder while it goes.
                workspace.discard(run.pk)
    except LeaseLost as lost:
        log.info("run left to another worker", extra={"run": run_id, "reason": lost.message})
        return
    until_back(lambda: release(run))
    until_back(admission.call_next)


def _carried_out(run: Run, lost: threading.Event) -> bool:
    try:
        environment = given()
    except Unavailable as error:  # the file is mended by a person, who then retries
        Journal(run, Masker({}), threading.Event()).finish(
            error={"name": error.name, "message": error.message}
        )
        return False
    return Execution(run, lost, environment).carry_out()


@dataclass
class Execution:
    """One attempt at one run."""

    run: Run
    lost: threading.Event
    environment: Given
    cancelled: threading.Event = field(default_factory=threading.Event)
    deadline: Deadline = field(default_factory=Deadline)

    def __post_init__(self) -> None:
        self.spec: dict[str, Any] = self.run.spec
        sealed = self.run.secrets
        secrets = cast(dict[str, Any], open_sealed(bytes(sealed))) if sealed is not None else {}
        masker = Masker({"given to the run": secrets, "given to all": self.environment.secrets})
        self.journal = Journal(self.run, masker, self.cancelled)
        wiped = frozenset(self.run.secret_names) - secrets.keys()
        task, learn = str(self.run.pk), masker.learn
        self.workflow = Workflow(self.spec, task, secrets, learn, wiped, masker.learn_made, self.environment)

    def carry_out(self) -> bool:
        """Do what is left of the steps; False when they failed, and a retry may go on with what the workspace holds."""
        steps = self.spec["steps"]
        with watching(self.run, self.cancelled, self.lost, meanwhile=self.journal.fence.flush_in_passing):
            done = self._resume(steps)
            for position, step in enumerate(steps):
                if position in done:
                    ended = done[position]
                    self.workflow.remember(step, ended.state, ended.output, ended.error)
                else:
                    self._step(position, step)
            if self.workflow.failure is None:
                return self._finish()
            self.journal.finish(error=self.workflow.failure)
            return False

    def _resume(self, steps: list[dict[str, Any]]) -> dict[int, Any]:
        """What was done by those before us; nothing, when the workspace in which they did it is gone."""
        if self.run.last_heartbeat_at is None:  # nobody has begun it yet
            workspace.discard(self.run.pk)
            workspace.prepare(self.run.pk)
            self.journal.start(len(steps))
            return {}
        done = self.journal.done()
        kept = workspace.prepare(self.run.pk)
        self.run.restarts += 1
        self.journal.restarted = True
        until_back(lambda: Run.objects.filter(pk=self.run.pk).update(restarts=self.run.restarts))
        if done and not kept:
            self.journal.start_over()
            return {}
        return done

    def _finish(self) -> bool:
        try:
            output = render_output(self.spec["output"], self.workflow.context(), warn=self.journal.say)
        except GreenroomError as error:
            self.journal.finish(error={"name": error.name, "message": f"spec.output: {error.message}"})
            return False
        self.journal.finish(output=output)
        return True

    def _step(self, position: int, step: dict[str, Any]) -> None:
        if self.workflow.is_skipped(step):
            self.journal.skip(position, step, "a previous step failed")
            return
        again = self.journal.begin(position, step)
        try:
            restarts, self.run.restarts = self.run.restarts, 0  # they were all in the first step not yet done
            if restarts > MOST_RESTARTS:
                raise GreenroomError(f"Step {step['id']} was given up: {restarts} workers died in it")
            output = self._timed(step, again=again)
        except LeaseLost:
            raise
        except (RunCancelled, RenderingCancelled, GitCancelled):
            self._still_ours()
            self._failed(position, step, self._stopped(step))
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
                self.workflow.remember(step, StepState.COMPLETED, output)

    def _stopped(self, step: dict[str, Any]) -> GreenroomError:
        """Why a step was stopped: its time was over, or somebody cancelled the run."""
        if not self.deadline.passed:
            return cancellation(str(self.run.pk), step["id"], step["name"])
        self.cancelled.clear()  # what cleans up has a time of its own; a real cancellation is seen again in the row
        return StepTimedOut(self.deadline.passed)

    def _still_ours(self) -> None:
        if self.lost.is_set():
            raise LeaseLost(f"run {self.run.pk}, attempt {self.run.attempts}, was taken or ended")

    def _failed(self, position: int, step: dict[str, Any], error: GreenroomError) -> None:
        told = {"name": error.name, "message": error.message}
        self.journal.fail(position, step, told)
        self.workflow.remember(step, StepState.FAILED, error=told)

    def _timed(self, step: dict[str, Any], *, again: bool) -> dict[str, Any] | None:
        """The step's output, None when its `if` says no; within the time that it has for all its attempts together."""
        cancelled, since = self.cancelled, self.run.started_at
        if (
            self.workflow.failure is not None
        ):  # what cleans up after the run's end is not ended by that itself
            since = None
            if cancelled.is_set() and not self.lost.is_set():
                cancelled = threading.Event()
        with self.deadline.kept(*allowed(step, since), cancelled), stopped_by(cancelled):
            return self._attempted(step, again=again, cancelled=cancelled)

    def _attempted(
        self, step: dict[str, Any], *, again: bool, cancelled: threading.Event
    ) -> dict[str, Any] | None:
        """Done again after what a repeat may cure: actions look first."""
        for attempt in range(1, TRIES + 1):
            if cancelled.is_set():
                raise cancellation(str(self.run.pk), step["id"], step["name"])
            try:
                ctx = self._step_context(step, again=again or attempt > 1, cancelled=cancelled)
                return self.workflow.perform(step, ctx, _call)
            except GreenroomError as error:
                if attempt == TRIES or not error.retry:
                    raise
                self.journal.action_line(f"{error.message}; trying again", step["id"], "warn")
                cancelled.wait(PAUSE * attempt)
            except AWAY as error:
                if attempt == TRIES:
                    raise
                log.warning(
                    "database away during a step", extra={"run": str(self.run.pk), "error": str(error)}
                )
                until_back(Run.objects.filter(pk=self.run.pk).exists)
        raise AssertionError("the last attempt returns or raises")

    def _step_context(self, step: dict[str, Any], *, again: bool, cancelled: threading.Event) -> StepContext:
        user, template = self.spec["user"], self.spec["templateInfo"]
        version = self.run.template_version
        commit = version.commit if version else ""
        return StepContext(
            run_id=str(self.run.pk),
            step_id=step["id"],
            step_name=step["name"],
            workspace=workspace.folder_of(self.run.pk),
            scratch=workspace.scratch_of(self.run.pk),
            template_ref=template["entityRef"],
            base_url=pinned_base(template["baseUrl"], commit),
            kept=commit,
            user=User(user.get("ref", self.run.created_by), user.get("entity")),
            subject=Subject.thawed(self.run.subject),
            log=lambda message: self.journal.action_line(message, step["id"]),
            warn=lambda message: self.journal.action_line(message, step["id"], "warn"),
            ledger=self.journal,
            checkpoint=partial(self.journal.checkpoint, step["id"]),
            cancelled=cancelled,
            again=again,
            hide=self.journal.masker.hide,
            mask=self.journal.masker.text,
        )


def _call(action: Action, ctx: StepContext, given: dict[str, Any]) -> Mapping[str, Any] | None:
    return action.run(ctx, given)
