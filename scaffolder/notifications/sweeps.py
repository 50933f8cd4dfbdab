"""Notifications that are old are let go."""

from datetime import timedelta

from django.utils import timezone

from core.sweeps import sweep
from scaffolder.notifications.models import Notification

KEPT = timedelta(days=90)
_AT_ONCE = 10_000


@sweep("scaffolder.notifications", every=timedelta(hours=1))
def remove_old() -> None:
    """Remove what was sent 90 days ago, unless somebody saved it."""
    old = Notification.objects.filter(sent_at__lt=timezone.now() - KEPT).exclude(
        marks__saved_at__isnull=False
    )
    Notification.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:_AT_ONCE])).delete()
