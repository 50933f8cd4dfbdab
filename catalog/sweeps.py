"""What nobody rings for: configured locations, locations whose time has come, orphans whose grace is over."""

from datetime import timedelta

from django.utils import timezone

from catalog import actions, jobs
from catalog.models import Location
from core.api.subjects import System
from core.leases import free
from core.sweeps import sweep

BY = System("system:catalog")
MOST_AT_ONCE = 500


@sweep("catalog.configured_locations", every=timedelta(seconds=30))
def sync_configured_locations() -> None:
    """Make the configured locations what the configuration says."""
    actions.sync_configured(by=BY)


@sweep("catalog.due_locations", every=timedelta(seconds=10))
def ring_due_locations() -> None:
    """Ring for locations that are due and that nobody works on."""
    now = timezone.now()
    due = Location.objects.filter(free(now), next_refresh_at__lte=now).order_by("next_refresh_at")
    for pk in due.values_list("pk", flat=True)[:MOST_AT_ONCE]:
        jobs.REFRESH_LOCATION.now(str(pk))


@sweep("catalog.orphans", every=timedelta(seconds=30))
def remove_orphans() -> None:
    """Remove orphans whose grace period is over."""
    actions.remove_orphans(by=BY)
