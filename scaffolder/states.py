"""The states of a run, in the wire's words, and the moves between them."""

from django.db import models

from core.states import Moves


class RunState(models.TextChoices):
    OPEN = "open", "waiting"
    PROCESSING = "processing", "running"
    COMPLETED = "completed", "completed"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


FINISHED = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED})

MOVES: Moves = {
    RunState.OPEN: frozenset(FINISHED),  # a retry
    RunState.PROCESSING: frozenset({RunState.OPEN}),
    RunState.COMPLETED: frozenset({RunState.PROCESSING}),
    # A run that is cancelled while it works ends as failed: clients of the contract wait for that word.
    RunState.FAILED: frozenset({RunState.PROCESSING}),
    RunState.CANCELLED: frozenset({RunState.OPEN}),
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
