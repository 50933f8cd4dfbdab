"""The states of a run, in the wire's words, and the moves between them."""

from django.db import models

from core.states import Moves


class RunState(models.TextChoices):
    WAITING = "waiting", "waiting for approval"
    OPEN = "open", "waiting for a worker"
    PROCESSING = "processing", "running"
    COMPLETED = "completed", "completed"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


FINISHED = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED})

MOVES: Moves = {
    # A retry that has to be approved again; or a worker found that what was approved is not what it would do.
    RunState.WAITING: FINISHED | {RunState.PROCESSING},
    RunState.OPEN: FINISHED | {RunState.WAITING},  # a retry; or it was approved
    RunState.PROCESSING: frozenset({RunState.OPEN}),
    RunState.COMPLETED: frozenset({RunState.PROCESSING}),
    # A run that is cancelled while it works ends as failed: clients of the contract wait for that word.
    RunState.FAILED: frozenset({RunState.PROCESSING}),
    RunState.CANCELLED: frozenset({RunState.OPEN, RunState.WAITING}),
}


class StepState(models.TextChoices):
    PROCESSING = "processing", "running"
    COMPLETED = "completed", "completed"
    FAILED = "failed", "failed"
    SKIPPED = "skipped", "skipped"


class EffectState(models.TextChoices):
    """Of something that a run makes outside. `LEFT` stays for a person to look at, with a reason."""

    INTENDED = "intended", "about to be made"
    MADE = "made", "made"
    UNDONE = "undone", "taken back"
    LEFT = "left", "left to a person"
