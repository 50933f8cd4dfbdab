"""Rollback: that somebody wants taken back what a run made, and how far that is."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.leases import Leased
from scaffolder.rollback.states import LIVE, RollbackState


class Rollback(Leased):
    """One attempt at taking back what a run made. What became of each effect stands on the effect."""

    run = models.ForeignKey("scaffolder.Run", on_delete=models.CASCADE, related_name="rollbacks")
    state = models.CharField(max_length=10, choices=RollbackState.choices, default=RollbackState.REQUESTED)
    requested_by = models.TextField()
    requested_at = models.DateTimeField(default=timezone.now)
    rung_at = models.DateTimeField(default=timezone.now, help_text="When a worker was last called for it.")
    ended_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True, default="", help_text="What kept it from being complete.")

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["run"], condition=models.Q(state__in=sorted(LIVE)), name="rollback_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=RollbackState.values), name="rollback_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"rollback of run {self.run_id}"
