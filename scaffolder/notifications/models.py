"""Notification and its Mark: what somebody is told, and what they did with it."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from scaffolder.notifications.querysets import NotificationQuerySet

SEVERITIES = ("critical", "high", "normal", "low")
"""The heaviest first."""
ORIGIN = "plugin:scaffolder"
"""Who sends, in the contract's words: what runs say comes from the scaffolder."""


class Notification(models.Model):
    """One message to a person, or to everybody when `user_ref` is empty.

    `key` is that of the run's effect: what one step sent. One that is taken back after somebody has read it is
    `withdrawn`: it stays with who has read it, and nobody else sees it. A newer one of the same scope takes the
    row over, so `sent_at` is later than `created_at` then.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey("Run", null=True, on_delete=models.SET_NULL, related_name="notifications")
    key = models.TextField()
    user_ref = models.TextField(blank=True, default="")
    title = models.TextField()
    description = models.TextField(blank=True, default="")
    link = models.TextField(blank=True, default="")
    severity = models.CharField(max_length=8, default="normal")
    topic = models.TextField(blank=True, default="")
    scope = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(default=timezone.now, db_index=True)
    withdrawn = models.BooleanField(default=False)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-sent_at", "-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user_ref", "-sent_at"], name="notification_of_user"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(severity__in=SEVERITIES), name="notification_severity_known"
            ),
            models.UniqueConstraint(fields=["run", "key", "user_ref"], name="notification_once_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.title} for {self.user_ref or 'everybody'}"


class Mark(models.Model):
    """What one person did with a notification: read it, saved it."""

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="marks")
    user_ref = models.TextField()
    read_at = models.DateTimeField(null=True)
    saved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "scaffolder_notification_mark"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["notification", "user_ref"], name="notification_mark_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_ref}: {self.notification_id}"
