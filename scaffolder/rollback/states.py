"""The states of a rollback, and the moves between them."""

from django.db import models

from core.states import Moves


class RollbackState(models.TextChoices):
    REQUESTED = "requested", "waiting for a worker"
    WORKING = "working", "taking back"
    DONE = "done", "all is taken back, or told to a person"
    INCOMPLETE = "incomplete", "something did not answer; ask for it again"


LIVE = frozenset({RollbackState.REQUESTED, RollbackState.WORKING})

MOVES: Moves = {
    RollbackState.REQUESTED: frozenset(),
    RollbackState.WORKING: frozenset({RollbackState.REQUESTED}),
    RollbackState.DONE: frozenset({RollbackState.WORKING}),
    RollbackState.INCOMPLETE: frozenset({RollbackState.WORKING}),
}
