"""What a run would make, told without doing any of its steps: each input rendered and checked, each action only asked."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.api.subjects import Subject
from core.errors import GreenroomError, TooLarge
from scaffolder import workspace
from scaffolder.masking import Masker
from scaffolder.states import StepState
from scaffolder.steps.port import Action, Foreseen, StepContext, User
from scaffolder.workflow import Workflow

UNFORESEEN = "unforeseen"
"""The kind of an effect that an action may have and cannot tell before: its key is the action."""
LONGEST_KEY = 1000
MOST_EFFECTS = 2000


@dataclass
class Foresight:
    """Effects as (step, action, kind, key), in their order; how each step would end; the first failure, if there is one."""

    effects: list[tuple[str, str, str, str]] = field(default_factory=list)
    steps: list[tuple[str, str]] = field(default_factory=list)
    failure: dict[str, str] | None = None


def foresee(run: Any, secrets: Mapping[str, Any]) -> Foresight:
    """What the run would make. Outputs of steps are what the actions foresee, else made up from their schemas."""
    masker = Masker(secrets)
    seen = Foresight()
    flow = Workflow(run.spec, str(run.pk), secrets, masker.learn)
    for step in run.spec["steps"]:
        if flow.is_skipped(step):
            seen.steps.append((step["id"], "skipped"))
            continue
        ctx = _context(run, step)
        try:
            output = flow.perform(step, ctx, _asking(seen, step, masker))
        except GreenroomError as error:
            failure = masker.data(
                {"step": step["id"], "name": error.name, "message": error.message[:LONGEST_KEY]}
            )
            flow.remember(step, StepState.FAILED, error=failure)
            seen.steps.append((step["id"], "fails"))
            seen.failure = seen.failure or failure
            continue
        if output is None:
            seen.steps.append((step["id"], "skipped"))
        else:
            seen.steps.append((step["id"], "runs"))
            flow.remember(step, StepState.COMPLETED, output)
    return seen


def _asking(seen: Foresight, step: Mapping[str, Any], masker: Masker) -> Any:
    def call(action: Action, ctx: StepContext, given: dict[str, Any]) -> Mapping[str, Any]:
        if action.foresee is not None:
            told = action.foresee(ctx, given)
        else:
            told = Foreseen(effects=() if action.dry_run else ((UNFORESEEN, action.id),))
        if len(seen.effects) + len(told.effects) > MOST_EFFECTS:
            raise TooLarge(f"the run would make more than {MOST_EFFECTS} things: too many to look through")
        for kind, key in told.effects:
            seen.effects.append((step["id"], action.id, kind, masker.text(key)[:LONGEST_KEY]))
        return {**made_up(action.output or {}), **told.output}

    return call


def made_up(schema: Mapping[str, Any]) -> dict[str, Any]:
    """An output as the schema describes it, as dry runs of the contract make them up."""
    blank = {"string": "<example>", "number": 0, "integer": 0, "boolean": False, "array": [], "object": {}}
    properties: Mapping[str, Any] = schema.get("properties") or {}
    return {name: blank.get(str(one.get("type")), "<example>") for name, one in properties.items()}


class _Nothing:
    """A ledger and checkpoints for work that is not done: nothing is written, nothing was made."""

    def intend(self, kind: str, key: str, **details: Any) -> None: ...

    def prove(self, kind: str, key: str, **details: Any) -> None: ...

    def proved(self, kind: str, key: str) -> None:
        return None

    def __call__(self, key: str, work: Any) -> Any:
        return work()


def _context(run: Any, step: Mapping[str, Any]) -> StepContext:
    user, template, nothing = run.spec["user"], run.spec["templateInfo"], _Nothing()
    return StepContext(
        run_id=str(run.pk),
        step_id=step["id"],
        step_name=step["name"],
        workspace=workspace.folder_of(run.pk),
        scratch=workspace.scratch_of(run.pk),
        template_ref=template["entityRef"],
        base_url=template["baseUrl"],
        user=User(user.get("ref", run.created_by), user.get("entity")),
        subject=Subject.thawed(run.subject),
        log=lambda _message: None,
        warn=lambda _message: None,
        ledger=nothing,
        checkpoint=nothing,
        cancelled=threading.Event(),
        dry_run=True,
    )
