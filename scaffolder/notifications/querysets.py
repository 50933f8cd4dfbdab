"""Finding what a person was told, and what became of it."""

import uuid
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from core.errors import NotFound

if TYPE_CHECKING:
    from scaffolder.notifications.models import Notification


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Notifications."""

    def of_person(self, ref: str) -> Self:
        """Those to a person and to everybody, with the person's own `read_at` and `saved_at`."""
        mine = self.filter(user_ref__in=[ref, ""]).annotate(
            mark=models.FilteredRelation("marks", condition=Q(marks__user_ref=ref))
        )
        marked = mine.annotate(read_at=models.F("mark__read_at"), saved_at=models.F("mark__saved_at"))
        return marked.filter(Q(withdrawn=False) | Q(read_at__isnull=False))

    def named(self, notification_id: str) -> "Notification":
        """The one with that id; NotFound for any other text."""
        try:
            found = self.filter(pk=uuid.UUID(notification_id)).first()
        except ValueError:
            found = None
        if found is None:
            raise NotFound(f"No notification with id '{notification_id}' found")
        return found

    def counts(self) -> dict[str, int]:
        """How many of a person's are unread and read; behind `of_person`."""
        found = self.aggregate(every=models.Count("pk"), read=models.Count("read_at"))
        return {"unread": found["every"] - found["read"], "read": found["read"]}

    def unread_by_all(self) -> Self:
        """Those that nobody has read."""
        return self.exclude(marks__read_at__isnull=False)
