"""What a worker does for approvals: plan a run that waits, and look whether what was approved is what would be done.

Both are done under the run's lease. A plan is written only while the run still waits and the lease is ours; a worker
that dies leaves a lease that runs out, and the sweep rings again.
"""

import logging
import threading

from django.db import transaction
from django.utils import timezone

from core.api.subjects import System
from core.audit import record
from core.errors import GreenroomError
from core.leases import claim, keep, release
from core.states import move
from scaffolder.approvals.actions import ask, end, open_points, say, void, whom
from scaffolder.approvals.models import ApprovalRequest
from scaffolder.approvals.plan import differences, digest_of, plan_of, required
from scaffolder.approvals.policy import Requirement
from scaffolder.fencing import until_back
from scaffolder.models import Run, StepRun
from scaffolder.states import MOVES, RunState

BY = System("system:approvals")
EXPIRED = "nobody approved it in time"

log = logging.getLogger(__name__)


def plan(run_id: str) -> None:
    """Plan a run that waits and has no plan yet, unless somebody else does."""
    waiting = Run.objects.filter(state=RunState.WAITING, approval__digest="")
    run = claim(waiting, run_id)
    if run is None:
        return
    try:
        # Looked at again: another planner may have ended between our look and our claim.
        if waiting.filter(pk=run.pk).exists():
            with keep(run) as keeper:
                _plan(run, keeper.lost)
    finally:
        until_back(lambda: release(run))


def passes(run: Run, lost: threading.Event) -> bool:
    """Whether a run that a worker has just taken may begin; else it waits (again), or is cancelled, and that is said.

    Asked each time a worker takes a run: its first step begins only when this has passed.
    """
    wanted = required(run)
    if not wanted:
        return True
    request = ApprovalRequest.objects.filter(run=run).first()
    if (request is None or request.passed_at is not None) and StepRun.objects.filter(run=run).exists():
        return True  # it has begun, as it was allowed to then
    if request is None:
        _wait(run, wanted, None, "")
        return False
    made = plan_of(run, request.asked_by, wanted)
    if lost.is_set():
        return False
    if request.expires_at <= timezone.now():
        _cancel(run, request)
        return False
    if digest_of(made) != request.digest:
        changed = ", ".join(differences(request.plan or {}, made)) or "the plan"
        _wait(run, wanted, request, f"the approval is void, since this changed: {changed}")
        return False
    if left := open_points(request):
        _wait(run, wanted, request, f"it was not approved by {left}")
        return False
    now = timezone.now()
    until_back(lambda: ApprovalRequest.objects.filter(pk=request.pk).update(passed_at=now))
    return True


def expire(now: object) -> None:
    """Cancel the runs whose time to be approved is over."""
    late = ApprovalRequest.objects.filter(run__state=RunState.WAITING, expires_at__lte=now)
    for request in late.select_related("run")[:50]:
        with transaction.atomic():
            run = Run.objects.select_for_update().get(pk=request.run_id)
            if run.state == RunState.WAITING and end(run, request, EXPIRED):
                record(BY, "expired", run, digest=request.digest)


def _plan(run: Run, lost: threading.Event) -> None:
    request = ApprovalRequest.objects.get(run=run)
    wanted = required(run)
    try:
        made = plan_of(run, request.asked_by, wanted)
    except GreenroomError as error:
        _cannot(run, request, error)
        return
    if lost.is_set():
        return
    digest = digest_of(made)

    @transaction.atomic
    def write() -> None:
        if not _still_ours(run, RunState.WAITING):
            return
        ApprovalRequest.objects.filter(pk=request.pk).update(
            plan=made,
            digest=digest,
            planned_at=timezone.now(),
            requirements=made["requirements"],
        )
        request.requirements = made["requirements"]
        say(
            run,
            f"Waiting for the approval of {whom(request)} until {request.expires_at:%Y-%m-%d %H:%M} UTC;"
            f" the plan is {digest[:12]}",
        )
        record(BY, "planned", run, digest=digest)

    until_back(write)


def _cannot(run: Run, request: ApprovalRequest, error: GreenroomError) -> None:
    @transaction.atomic
    def write() -> None:
        if _still_ours(run, RunState.WAITING):
            end(run, request, f"it could not be planned: {error.message}")
            record(BY, "could not plan", run)

    until_back(write)


def _wait(run: Run, wanted: list[Requirement], request: ApprovalRequest | None, reason: str) -> None:
    """Put a run that was taken back to those who wait, for a new plan and new approvals within the same time."""

    @transaction.atomic
    def write() -> None:
        mine = Run.objects.filter(pk=run.pk, attempts=run.attempts)
        if not move(mine, RunState.WAITING, MOVES, lease_until=None, started_at=None):
            return
        if request is None:
            ask(run, wanted, by=System(run.created_by))
            return
        if Run.objects.filter(pk=run.pk, cancel_requested=True).exists():
            end(run, request, "it was cancelled")
            return
        void(request)
        until = request.expires_at
        say(run, f"Not begun: {reason}")
        again = ask(run, wanted, by=System(request.asked_by))
        ApprovalRequest.objects.filter(pk=again.pk).update(
            reason=reason, expires_at=min(until, again.expires_at)
        )
        record(BY, "voided the approval of", run, reason=reason)

    until_back(write)


def _cancel(run: Run, request: ApprovalRequest) -> None:
    @transaction.atomic
    def write() -> None:
        mine = Run.objects.filter(pk=run.pk, attempts=run.attempts)
        if move(mine, RunState.WAITING, MOVES, lease_until=None, started_at=None) and end(
            run, request, EXPIRED
        ):
            record(BY, "expired", run, digest=request.digest)

    until_back(write)


def _still_ours(run: Run, state: RunState) -> bool:
    """Whether the run is as it was when we took it; its row stays locked until the transaction ends."""
    mine = Run.objects.select_for_update().filter(pk=run.pk, attempts=run.attempts, state=state)
    return mine.first() is not None
