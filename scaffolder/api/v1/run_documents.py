"""Runs as Greenroom's own routes show them: steps, what was made outside, what became of it. Never a secret."""

from typing import Any

from core.api.openapi import TEXT, TEXT_OR_NULL, WHOLE, list_of, object_of
from scaffolder.api.documents import instant
from scaffolder.models import Effect, Run, StepRun
from scaffolder.rollback.models import Rollback
from scaffolder.rollback.states import RollbackState
from scaffolder.states import EffectState, RunState, StepState

STEP = object_of(
    "RunStep",
    id=TEXT,
    position=WHOLE,
    state={"enum": StepState.values},
    error={"type": ["object", "null"], "description": "Name and message."},
    startedAt=TEXT,
    endedAt=TEXT_OR_NULL,
)
EFFECT = object_of(
    "RunEffect",
    step={**TEXT, "description": "The id of the step that made it."},
    action=TEXT,
    kind=TEXT,
    key=TEXT,
    state={
        "enum": EffectState.values,
        "description": "`left`: a person has to look at it, `reason` says why.",
    },
    reason=TEXT,
    details={"type": "object", "description": "What taking it back needs, such as the host's own id."},
    intendedAt=TEXT,
    madeAt=TEXT_OR_NULL,
    undoneAt=TEXT_OR_NULL,
)
ROLLBACK = object_of(
    "Rollback",
    state={"enum": RollbackState.values},
    requestedBy=TEXT,
    requestedAt=TEXT,
    endedAt=TEXT_OR_NULL,
    problem={**TEXT, "description": "What kept it from being complete."},
)
CARD: dict[str, Any] = {
    "id": {"type": "string", "format": "uuid"},
    "templateRef": TEXT,
    "templateVersion": {"type": ["integer", "null"]},
    "state": {"enum": RunState.values},
    "createdBy": TEXT,
    "createdAt": TEXT,
}
RUN_CARD = object_of("RunCard", **CARD)
RUN = object_of(
    "Run",
    **CARD,
    waitsFor={
        **TEXT,
        "description": "Which limit keeps an open run waiting, in words; empty when none does.",
    },
    steps=list_of(STEP),
    effects={**list_of(EFFECT), "description": "In the order in which they were made; at most 500."},
    rollback={"anyOf": [ROLLBACK, {"type": "null"}], "description": "The latest."},
)
MOST_EFFECTS = 500


def run_card(run: Run) -> dict[str, Any]:
    """A run in a list."""
    version = run.template_version
    return {
        "id": str(run.pk),
        "templateRef": run.template_ref,
        "templateVersion": version.number if version else None,
        "state": run.state,
        "createdBy": run.created_by,
        "createdAt": instant(run.created_at),
    }


def run_document(run: Run) -> dict[str, Any]:
    """A run with its steps, its effects and its latest rollback: three queries."""
    latest = Rollback.objects.filter(run=run).first()
    return {
        **run_card(run),
        "waitsFor": run.waits_for if run.state == RunState.OPEN else "",
        "steps": [_step(one) for one in run.steps.all()],
        "effects": [_effect(one) for one in run.effects.all()[:MOST_EFFECTS]],
        "rollback": rollback_document(latest) if latest else None,
    }


def rollback_document(rollback: Rollback) -> dict[str, Any]:
    """How far taking back is."""
    return {
        "state": rollback.state,
        "requestedBy": rollback.requested_by,
        "requestedAt": instant(rollback.requested_at),
        "endedAt": instant(rollback.ended_at) if rollback.ended_at else None,
        "problem": rollback.problem,
    }


def _step(step: StepRun) -> dict[str, Any]:
    return {
        "id": step.step_id,
        "position": step.position,
        "state": step.state,
        "error": step.error,
        "startedAt": instant(step.started_at),
        "endedAt": instant(step.ended_at) if step.ended_at else None,
    }


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "step": effect.step_id,
        "action": effect.action,
        "kind": effect.kind,
        "key": effect.key,
        "state": effect.state,
        "reason": effect.reason,
        "details": effect.details,
        "intendedAt": instant(effect.intended_at),
        "madeAt": instant(effect.made_at) if effect.made_at else None,
        "undoneAt": instant(effect.undone_at) if effect.undone_at else None,
    }
