"""The steps of a dry run, one after the other: what each says, what it would make outside, what comes of it."""

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import DatabaseError

from catalog.reading import files_only_from
from core.api.subjects import Subject
from core.errors import ExternalError, GreenroomError, InputError, NotFound, TooLarge
from scaffolder.environment import given_by_name
from scaffolder.errors import RunCancelled
from scaffolder.invented import invented_output
from scaffolder.language import render_output
from scaffolder.masking import Masker
from scaffolder.rendering.child import RenderingCancelled
from scaffolder.rendering.landing import remove
from scaffolder.rendering.limits import Limits
from scaffolder.rendering.skeleton import survey
from scaffolder.states import StepState
from scaffolder.steps import action_named
from scaffolder.steps.port import Action, StepContext, User, cancellation
from scaffolder.workflow import Workflow

LIMITS = Limits()
MOST_LINES = 2_000
MOST_CHARACTERS = 1_000_000
"""Of a whole log; a single line has 64,000 at the most."""
ASKS_THE_CATALOG = frozenset({"catalog:fetch"})
_LONGEST_LINE = 64_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ForeseenEffect:
    """Something that a step would make outside, in the ledger's words."""

    step_id: str
    action: str
    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a dry run found. `log` has the bodies of log events; secrets are masked in all that is here.

    `unforeseen`: (step, action) of steps that were passed over and that cannot tell what they would make.
    """

    log: tuple[dict[str, Any], ...]
    output: Mapping[str, Any]
    effects: tuple[ForeseenEffect, ...]
    unforeseen: tuple[tuple[str, str], ...]
    failure: GreenroomError | None


def makes_something_outside(action: Action) -> bool:
    """Whether what the action does is seen by others, so that it is foreseen in plans or can be taken back."""
    return action.undo is not None or action.foresee is not None


class OutsideReached(Exception):
    """The first step that makes something outside is due."""


@dataclass
class _Ledger:
    """Takes note of what an action that runs dry says that it would make; nothing is ever proved."""

    told: Callable[[str, str], None]

    def intend(self, kind: str, key: str, **_details: Any) -> None:
        self.told(kind, key)

    def prove(self, kind: str, key: str, **_details: Any) -> None:
        self.told(kind, key)

    def proved(self, _kind: str, _key: str) -> Mapping[str, Any] | None:
        return None

    def noted(self, _kind: str, _key: str) -> Mapping[str, Any] | None:
        return None


@dataclass
class Rehearsal:
    """One dry run on its way."""

    spec: Mapping[str, Any]
    secrets: Mapping[str, Any]
    subject: Subject
    workspace: Path
    files: Path | None
    foresee: bool
    cancelled: threading.Event
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    until_outside: bool = False
    offline: bool = False
    around: Path | None = None
    kept: str = ""

    def __post_init__(self) -> None:
        self.task_id = self.workspace.name
        self.masker = Masker(self.secrets)
        self.workflow = Workflow(
            *(self.spec, self.task_id, self.secrets, self.masker.learn),
            learn_made=self._learn_made,
            given=given_by_name(),
        )
        self.lines: list[dict[str, Any]] = []
        self.characters = 0
        self.effects: dict[ForeseenEffect, None] = {}
        self.unforeseen: dict[tuple[str, str], None] = {}
        self.failure: GreenroomError | None = None
        self.late: float | None = None
        self.passed_over = False

    def _learn_made(self, schema: Mapping[str, Any] | None, output: Any) -> None:
        if not self.passed_over:  # what is invented is no secret, and the same words stand in other outputs
            self.masker.learn_made(schema, output)

    @property
    def scratch(self) -> Path:
        return self.workspace.parent / f".{self.workspace.name}.fetched"

    def reading(self) -> Any:
        """The files that may be read, for the time of the run."""
        return nullcontext() if self.files is None else files_only_from(self.around or self.files)

    def time_is_up(self, seconds: float) -> None:
        self.late = seconds
        self.cancelled.set()

    def whole(self) -> DryRun:
        self.workspace.mkdir(parents=True, exist_ok=True)
        steps: Sequence[Mapping[str, Any]] = self.spec["steps"]
        for step in steps:
            action_named(step["action"])
        self.say(f"Starting up task with {len(steps) + 1} steps")  # the contract counts one that only it has
        output: dict[str, Any] = {}
        try:
            for step in steps:
                self._step(step)
            if self.failure is None:
                output = self._output()
        except OutsideReached:
            pass
        finally:
            remove(self.scratch)
        return DryRun(
            tuple(self.lines),
            self.masker.data(output),
            tuple(self.effects),
            tuple(self.unforeseen),
            self.failure,
        )

    def say(self, message: str, step_id: str | None = None, status: str | None = None) -> None:
        if len(self.lines) >= MOST_LINES or self.characters > MOST_CHARACTERS:
            return
        body: dict[str, Any] = {"stepId": step_id} if step_id is not None else {}
        body |= {"status": status} if status is not None else {}
        if len(self.lines) == MOST_LINES - 1:
            message = f"the log has {MOST_LINES} lines; what comes after them is left out"
        body["message"] = self.masker.text(message)[:_LONGEST_LINE]
        self.characters += len(body["message"])
        self.lines.append(body)

    def _output(self) -> dict[str, Any]:
        try:
            return render_output(self.spec["output"], self.workflow.context(), warn=self.say)
        except GreenroomError as error:
            self.failure = InputError(f"spec.output: {self.masker.text(error.message)}")
            return {}

    def _step(self, step: Mapping[str, Any]) -> None:
        if self.workflow.is_skipped(step):
            self.say(f"Skipping step {step['id']} because a previous step failed", step["id"], "skipped")
            return
        self.say(f"Beginning step {step['name']}", step["id"], "processing")
        self.passed_over = False
        try:
            output = self.workflow.perform(step, self._context(step), self._call)
        except (RunCancelled, RenderingCancelled) as error:
            late = self.late is not None
            self._failed(step, TooLarge(self._too_slow()) if late else error)
        except GreenroomError as error:
            self._failed(step, error)
        except OutsideReached:
            raise
        except Exception:  # a fault of ours in an action ends this step, as it does in a run
            log.exception("step failed unexpectedly in a dry run", extra={"step": step["id"]})
            self._failed(step, GreenroomError(f"An internal error occurred in {step['action']}"))
        else:
            self._ended(step, output)

    def _ended(self, step: Mapping[str, Any], output: dict[str, Any] | None) -> None:
        if output is None:
            reason = f"Skipping step {step['id']} because its if condition was false"
            self.say(reason, step["id"], "skipped")
            return
        if self.passed_over:
            output |= self.known.get(step["id"], {})
        self.workflow.remember(step, StepState.COMPLETED, output)
        if not self.passed_over:
            self.say(f"Finished step {step['name']}", step["id"], "completed")

    def _too_slow(self) -> str:
        return f"the dry run took more than {self.late:g} seconds: make the template do less"

    def _failed(self, step: Mapping[str, Any], error: GreenroomError) -> None:
        self.say(f"{error.name}: {error.message}", step["id"], "failed")
        told = {"name": error.name, "message": error.message}
        self.workflow.remember(step, StepState.FAILED, error=told)
        if self.failure is None:
            self._mask(error)
            self.failure = error

    def _mask(self, error: BaseException | None) -> None:
        """Hide secrets in an error and in those that it comes from, which are told with it."""
        while isinstance(error, GreenroomError):
            error.message = self.masker.text(error.message)
            error.args = (error.message,)
            error.details = self.masker.data(error.details)
            error = error.__cause__

    def _context(self, step: Mapping[str, Any]) -> StepContext:
        if self.cancelled.is_set() and self.workflow.failure is None:
            if self.late is not None:
                raise TooLarge(self._too_slow())
            raise cancellation(self.task_id, step["id"], step["name"])
        user, template = self.spec["user"], self.spec["templateInfo"]
        base = template["baseUrl"] if self.files is None else f"file://{self.files}/template.yaml"
        return StepContext(
            run_id=self.task_id,
            step_id=step["id"],
            step_name=step["name"],
            workspace=self.workspace,
            scratch=self.scratch,
            template_ref=template["entityRef"],
            base_url=base,
            user=User(user.get("ref", self.subject.ref), user.get("entity")),
            subject=self.subject,
            log=lambda message: self._action_line(message, step["id"], 32, "info"),
            warn=lambda message: self._action_line(message, step["id"], 33, "warn"),
            ledger=_Ledger(lambda kind, key: self._foresaw(step, kind, key)),
            checkpoint=lambda _key, work: work(),
            cancelled=self.cancelled,
            dry_run=True,
            kept=self.kept,
            hide=self.masker.hide,
        )

    def _action_line(self, message: str, step_id: str, colour: int, level: str) -> None:
        self.say(f"\u001b[{colour}m{level}\u001b[39m: {message}", step_id)

    def _foresaw(self, step: Mapping[str, Any], kind: str, key: str) -> None:
        self._foresaw_in(step["id"], step["action"], kind, key)

    def _foresaw_in(self, step_id: str, action: str, kind: str, key: str) -> None:
        self.effects[ForeseenEffect(step_id, action, kind, self.masker.text(key))] = None

    def _call(self, action: Action, ctx: StepContext, given: dict[str, Any]) -> Mapping[str, Any] | None:
        if self.until_outside and makes_something_outside(action):
            raise OutsideReached
        shown = json.dumps(self.masker.data(given), indent=2, ensure_ascii=False)
        ctx.log(f"Running {action.id} in dry-run mode with inputs (secrets redacted): {shown}")
        foreseen = self._foreseen(action, ctx, given)
        if action.dry_run and not (self.offline and action.id in ASKS_THE_CATALOG):
            output = action.run(ctx, given)
            survey(self.workspace, LIMITS, name="workspace")  # many small steps make a big one
            return output
        self.passed_over = True
        self.say(f"Skipping because {action.id} does not support dry-run", ctx.step_id, "skipped")
        if foreseen is None:
            self.unforeseen[(ctx.step_id, action.id)] = None
        return invented_output(action.output) | dict(foreseen or {})

    def _foreseen(self, action: Action, ctx: StepContext, given: dict[str, Any]) -> Mapping[str, Any] | None:
        """The output that the action foresees, its effects noted; None when it cannot tell, or is not asked."""
        if not self.foresee or action.foresee is None:
            return None
        try:
            found = action.foresee(ctx, given)
        except (DatabaseError, ExternalError, NotFound):
            if not self.offline:
                raise
            return None
        for kind, key in found.effects:
            self._foresaw_in(ctx.step_id, action.id, kind, key)
        return found.output
