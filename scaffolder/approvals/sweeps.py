"""What nobody rings for: runs whose planning was lost, and requests whose time is over."""

from datetime import timedelta

from django.utils import timezone

from core.leases import free
from core.sweeps import sweep
from scaffolder import jobs
from scaffolder.approvals import planning
from scaffolder.models import Run
from scaffolder.states import RunState
from scaffolder.sweeps import MOST_AT_ONCE, UNHEARD


@sweep("scaffolder.unplanned_runs", every=timedelta(seconds=5))
def plan_again() -> None:
    """Call again for runs that wait without a plan: their call was lost, or their worker died."""
    now = timezone.now()
    left = Run.objects.filter(
        free(now), state=RunState.WAITING, approval__digest="", rung_at__lt=now - UNHEARD
    )
    for pk in list(left.order_by("rung_at").values_list("pk", flat=True)[:MOST_AT_ONCE]):
        Run.objects.filter(pk=pk).update(rung_at=now)
        jobs.PLAN_RUN.now(str(pk))


@sweep("scaffolder.expired_approvals", every=timedelta(seconds=30))
def expire() -> None:
    """Cancel the runs that nobody approved in time."""
    planning.expire(timezone.now())
