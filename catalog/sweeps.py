"""What nobody rings for: configured locations, locations that are due, orphans whose grace is over, old history."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from catalog import actions, jobs
from catalog.discovery.actions import sync_providers
from catalog.discovery.models import Provider
from catalog.history.retention import MOST_AT_ONCE as MOST_FORGOTTEN
from catalog.history.retention import forget_before
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


@sweep("catalog.history", every=timedelta(hours=1))
def forget_old_history() -> None:
    """Let go of what is older than GREENROOM_HISTORY_DAYS."""
    if settings.GREENROOM_HISTORY is None:
        return
    until = timezone.now() - settings.GREENROOM_HISTORY
    while forget_before(until) == MOST_FORGOTTEN:
        continue


@sweep("catalog.configured_providers", every=timedelta(seconds=30))
def sync_configured_providers() -> None:
    """Make the providers what the configuration says."""
    sync_providers(by=BY)


@sweep("catalog.due_providers", every=timedelta(seconds=10))
def ring_due_providers() -> None:
    """Ring for providers whose time has come and that nobody runs."""
    now = timezone.now()
    for pk in Provider.objects.filter(free(now), next_run_at__lte=now).values_list("pk", flat=True):
        jobs.RUN_PROVIDER.now(pk)
