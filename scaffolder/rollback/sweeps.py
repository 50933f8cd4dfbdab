"""What nobody rings for: rollbacks whose call was lost or whose worker died."""

from datetime import timedelta

from django.utils import timezone

from core.leases import free
from core.sweeps import sweep
from scaffolder import jobs
from scaffolder.rollback.models import Rollback
from scaffolder.rollback.states import LIVE
from scaffolder.sweeps import MOST_AT_ONCE, UNHEARD


@sweep("scaffolder.abandoned_rollbacks", every=timedelta(seconds=5))
def reclaim_abandoned() -> None:
    """Call again for rollbacks that no worker took, and for those whose worker's lease ran out."""
    now = timezone.now()
    left = Rollback.objects.filter(free(now), state__in=LIVE, rung_at__lt=now - UNHEARD).order_by("rung_at")
    for pk in list(left.values_list("pk", flat=True)[:MOST_AT_ONCE]):
        Rollback.objects.filter(pk=pk).update(rung_at=now)
        jobs.ROLL_BACK.now(str(pk))
