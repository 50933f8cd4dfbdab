"""What the steps of a template mean: `if`, `each`, the input rendered and checked, the action called (SCAFFOLDER.md 4).

Runs and dry runs go the same way through here; they differ in how a step's action is called, and in what is written down.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import InputError
from scaffolder.environment import NOTHING, Given
from scaffolder.expressions import render_value
from scaffolder.language import environment, holds, runs_after_failure
from scaffolder.permitted import check_action
from scaffolder.states import StepState
from scaffolder.steps import action_named
from scaffolder.steps.port import Action, StepContext
from scaffolder.validation import faults, sentence


def _learns_nothing(_schema: Mapping[str, Any] | None, _output: Any) -> None:
    """For who has no secrets to keep."""


Call = Callable[[Action, StepContext, dict[str, Any]], Mapping[str, Any] | None]
"""Calls an action with its checked input, and gives its output."""


@dataclass
class Workflow:
    """A template's steps on their way: what expressions see of the steps so far, and whether one has failed.

    `learn` is told each input as it was written and as it was rendered, and `learn_made` each output with its schema,
    before anything else sees them.
    """

    spec: Mapping[str, Any]
    task_id: str
    secrets: Mapping[str, Any]
    learn: Callable[[Any, Any], None]
    wiped: frozenset[str] = frozenset()
    """Names of secrets that were given once, and are gone since the run ended for the first time."""
    learn_made: Callable[[Mapping[str, Any] | None, Any], None] = _learns_nothing
    given: Given = NOTHING
    """What the installation gives to all templates."""
    outputs: dict[str, Any] = field(default_factory=dict)
    failure: dict[str, str] | None = None

    def context(self) -> dict[str, Any]:
        """What expressions see; secrets are added where a step's input may name them, and nowhere else."""
        return {
            "parameters": self.spec["parameters"],
            "steps": self.outputs,
            "user": self.spec["user"],
            "environment": self.given.document(),
            "context": {"task": {"id": self.task_id}},
        }

    def _context_with_secrets(self) -> dict[str, Any]:
        kept = {"secrets": self.secrets, "environment": self.given.document(with_secrets=True)}
        return self.context() | kept

    def remember(
        self, step: Mapping[str, Any], state: str, output: Any = None, error: dict[str, str] | None = None
    ) -> None:
        """Take note of how a step ended; later steps see its output, or are skipped after the first failure."""
        if state == StepState.COMPLETED:
            self.outputs[step["id"]] = {"output": output}
        elif state == StepState.FAILED and self.failure is None:
            self.failure = error

    def is_skipped(self, step: Mapping[str, Any]) -> bool:
        """Whether a failure before it keeps the step from running."""
        return self.failure is not None and not runs_after_failure(step.get("if"))

    def perform(self, step: Mapping[str, Any], ctx: StepContext, call: Call) -> dict[str, Any] | None:
        """The step's output; None when its `if` says no. The outputs of `each` are collected into lists."""
        if "each" not in step:
            if not self._holds(step, self.context()):
                return None
            return self._act(step, ctx, self._context_with_secrets(), call)
        items = render_value(step["each"], self._context_with_secrets(), environment=environment())
        collected: dict[str, list[Any]] = {}
        for place, each in enumerate(_each(items, step)):
            context = self._context_with_secrets() | {"each": each}
            if not self._holds(step, context):
                continue
            ctx.check_cancelled()
            shown = {"key": each["key"], "value": each["value"]}
            ctx.log(f"Running step each: {json.dumps(shown, separators=(',', ':'), ensure_ascii=False)}")
            for key, value in self._act(step, _for_item(ctx, place), context, call).items():
                collected.setdefault(key, []).append(value)
        return collected

    def _holds(self, step: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
        return holds(step.get("if"), context, failed=self.failure is not None)

    def _check_wiped(self, raw: Any, step: Mapping[str, Any]) -> None:
        missing = [f"secrets.{name}" for name in sorted(self.wiped) if _named(raw, name)]
        if missing:
            raise InputError(
                f"Step {step['id']} uses {', '.join(missing)}, wiped when the run ended: give it again in a retry, as "
                '{"secrets": {…}} in its body'
            )

    def _act(
        self, step: Mapping[str, Any], ctx: StepContext, context: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        action = action_named(step["action"])
        raw = step.get("input") or {}
        self._check_wiped(raw, step)
        rendered = render_value(raw, context, environment=environment())
        self.learn(raw, rendered)
        given = dict(rendered)
        for unknown in sorted(given.keys() - action.input.get("properties", {}).keys()):
            ctx.warn(f"{action.id} has no input {unknown!r}; it is ignored")
            del given[unknown]
        found = faults(action.input, given, where=f"the input of {action.id}")
        if found:
            reasons = ", ".join(sentence(one) for one in found)
            raise InputError(f"Invalid input passed to action {action.id}, {reasons}")
        check_action(ctx.subject, action.id, given)
        output = dict(call(action, ctx, given) or {})
        self.learn_made(action.output, output)
        return output


def _for_item(ctx: StepContext, place: int) -> StepContext:
    """The context for one item of `each`: what is done under a key for one item is not done for the others."""
    kept = ctx.checkpoint
    return replace(ctx, checkpoint=lambda name, work: kept(f"{place}: {name}", work))


def _named(raw: Any, secret: str) -> bool:
    """Whether an input that is not rendered yet uses a secret of the run; those of the installation are never wiped."""
    name = re.escape(secret)
    return bool(
        re.search(
            rf"(?<!environment\.)secrets\s*(\.\s*{name}\b|\[\s*\\?[\"']{name}\\?[\"'])", json.dumps(raw)
        )
    )


def _each(items: Any, step: Mapping[str, Any]) -> list[dict[str, Any]]:
    if isinstance(items, Mapping):
        return [{"key": key, "value": value} for key, value in items.items()]
    if isinstance(items, list):
        return [{"key": str(index), "value": value} for index, value in enumerate(items)]
    got = {str: "a text", bool: "yes or no", int: "a number", float: "a number"}.get(type(items), "nothing")
    raise InputError(f"Step {step['id']}: each must give a list or an object, it gives {got}")
