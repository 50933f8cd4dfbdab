"""Artifact and its Parts: a file that a run hands out, in pieces.

In the database, since the worker that makes it and the web server that hands it out may be on different machines,
and a rollback or the end of its days then takes it away in one place. In parts, so that neither holds more than
one of them in memory.
"""

from typing import ClassVar

from django.db import models
from django.utils import timezone

PART = 1024 * 1024
"""Bytes of one part; the last one may have fewer."""


class Artifact(models.Model):
    """A file that one step of a run made; under its name the only one of its run."""

    run = models.ForeignKey("Run", on_delete=models.CASCADE, related_name="artifacts")
    step_id = models.TextField()
    name = models.TextField()
    size = models.PositiveIntegerField(help_text="Bytes.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the whole.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["run", "name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "name"], name="artifact_name_once_a_run"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of run {self.run_id}"


class Part(models.Model):
    """One piece of an artifact."""

    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    content = models.BinaryField(editable=False)

    class Meta:
        db_table = "scaffolder_artifact_part"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["artifact", "position"], name="artifact_part_once"),
        ]

    def __str__(self) -> str:
        return f"part {self.position + 1} of {self.artifact_id}"
