"""The kernel's own tables: what was done by whom, and when each sweep ran."""

from django.db import models


class AuditEvent(models.Model):
    """Who did what to what, written in the transaction that did it; never changed afterwards."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.CharField(max_length=255)
    verb = models.CharField(max_length=64)
    target_type = models.CharField(max_length=64)
    target = models.CharField(max_length=255, db_index=True)
    request_id = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.target}"


class SweepRun(models.Model):
    """When a sweep last started; the row that decides which worker runs it."""

    name = models.CharField(max_length=100, primary_key=True)
    ran_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
