"""Provider, Discovery, Snapshot: what is looked through and when, what was found, what was said of people."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.leases import Leased


class Provider(Leased):
    """One thing that is looked through by a timetable, named in the configuration's `discovery`.

    `problem` tells why the last run changed nothing: it failed, or it found so much gone that somebody has to
    look first (`accept_losses` then lets the next run do it).
    """

    class Finds(models.TextChoices):
        REPOSITORIES = "repositories", "repositories with catalog files"
        PEOPLE = "people", "people and teams"

    id = models.CharField(primary_key=True, max_length=63)
    finds = models.CharField(max_length=12, choices=Finds.choices)
    host = models.CharField(max_length=255)
    owner = models.CharField(max_length=255, help_text="The organisation or group.")
    configuration = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    next_run_at = models.DateTimeField(default=timezone.now, db_index=True)
    requested_at = models.DateTimeField(null=True, blank=True)
    ran_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True, help_text="How long the last run took.")
    found = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True, default="")
    failures = models.PositiveIntegerField(default=0, help_text="Runs in a row that changed nothing.")
    accept_losses = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(finds__in=["repositories", "people"]), name="provider_finds_known"
            ),
        ]

    def __str__(self) -> str:
        return self.id


class Discovery(models.Model):
    """A location that a provider found. The location goes when no provider finds it any more."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="discoveries")
    location = models.ForeignKey("catalog.Location", on_delete=models.CASCADE, related_name="discoveries")
    repository = models.CharField(max_length=512)
    pushed = models.CharField(max_length=64, blank=True, help_text="Changes when something is pushed.")

    class Meta:
        verbose_name_plural = "discoveries"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["provider", "location"], name="discovery_once"),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id}: {self.repository}"


class Snapshot(models.Model):
    """A part of what a provider's last complete listing said, as documents, read like any other file.

    Documents lie in parts by a hash of their name, so that somebody who joins changes one part and not all.
    """

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="snapshots")
    part = models.CharField(max_length=8)
    content = models.TextField()
    etag = models.CharField(max_length=64)
    documents = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["provider", "part"], name="snapshot_part_once"),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id}#{self.part}"
