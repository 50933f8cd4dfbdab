"""Revision: one change of one entity, appended and never rewritten; Horizon: since when the history is whole."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models


class Verb(models.IntegerChoices):
    """What happened to the entity."""

    CREATED = 1, "created"
    CHANGED = 2, "changed"
    DELETED = 3, "deleted"
    ORPHANED = 4, "orphaned"
    RESTORED = 5, "restored"
    BROKEN = 6, "broken"
    MENDED = 7, "mended"


class Revision(models.Model):
    """One change. `step_back` leads from what the entity said after it to what it said before (`delta`).

    A created entity needs none, since before it there was nothing; a deleted one keeps its last document whole.
    Revisions of a reference are numbered from 1 on, also when it is deleted and comes back with another uid;
    their times never run backwards. Rows are small and lie in the order of their time, which is why a BRIN
    index suffices to find the latest.
    """

    pk = models.CompositePrimaryKey("ref", "number")
    ref = models.TextField(db_collation="C")
    number = models.PositiveIntegerField()
    uid = models.UUIDField()
    at = models.DateTimeField()
    verb = models.PositiveSmallIntegerField(choices=Verb)
    cause = models.TextField(help_text="location:<id>, the reference of who did it, or stitched.")
    step_back = models.BinaryField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            BrinIndex(fields=["at"], name="revision_at", autosummarize=True, pages_per_range=16),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.number} {self.get_verb_display()}"


class Horizon(models.Model):
    """Since when the history is whole: older revisions were let go, or were never kept. No row: since ever."""

    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(pk=1), name="horizon_one_row"),
        ]

    def __str__(self) -> str:
        return f"whole since {self.at:%Y-%m-%d %H:%M}"
