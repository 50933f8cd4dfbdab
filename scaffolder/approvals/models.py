"""ApprovalRequest, Approval: what is asked of whom for a run, and who said yes to exactly what."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from scaffolder.json_text import JsonText


class ApprovalRequest(models.Model):
    """That a run has to be approved, by whom, and the plan that they say yes to.

    `requirements` is a list of `{"approvers": [refs], "needed": n, "why": text}`, all of which have to be fulfilled.
    `digest` is "" until a worker has planned the run, and again when the plan no longer holds. `reason` tells why the
    request ended without a run, or why earlier approvals are void.
    """

    run = models.OneToOneField("scaffolder.Run", on_delete=models.CASCADE, related_name="approval")
    requirements = models.JSONField(default=list)
    asked_by = models.TextField(help_text="Who started the run, or retried it.")
    asked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    plan = JsonText(null=True)
    digest = models.CharField(max_length=64, blank=True, default="")
    planned_at = models.DateTimeField(null=True)
    passed_at = models.DateTimeField(null=True, help_text="When a worker found the plan as it was approved.")
    reason = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"approval of run {self.run_id}"


class Approval(models.Model):
    """One person's yes to one plan. It counts while it is not void, not expired, and its signature fits.

    `roles` are those of the wanted approvers whose part the person took: themselves, or groups that they are in.
    """

    request = models.ForeignKey(ApprovalRequest, on_delete=models.CASCADE, related_name="approvals")
    actor = models.TextField()
    roles = models.JSONField(default=list)
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()
    expires_at = models.DateTimeField()
    signature = models.CharField(max_length=64, editable=False)
    voided_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["request", "actor"],
                condition=models.Q(voided_at__isnull=True),
                name="approval_once_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.digest[:12]}"
