"""What is done about approvals: ask for one, say yes, say no. Each locks the run's row, so that one comes first."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.ownership import effective_owners
from core.audit import Actor, record
from core.errors import Conflict, InputError, NotAllowed, NotFound
from core.notices import notice
from core.states import move
from identity.models import ServiceToken
from scaffolder import cancelling
from scaffolder.approvals.models import Approval, ApprovalRequest
from scaffolder.approvals.policy import Requirement
from scaffolder.approvals.signatures import is_genuine, signature
from scaffolder.errors import ApprovalStale
from scaffolder.fencing import channel
from scaffolder.jobs import EXECUTE_RUN, PLAN_RUN
from scaffolder.models import Run, RunEvent
from scaffolder.states import MOVES, RunState

LONGEST_REASON = 2000
_SERVICE = "service:"


def ask(run: Run, wanted: Sequence[Requirement], *, by: Actor) -> ApprovalRequest:
    """Have a run that is WAITING planned, and wait for the approvals. Those that were given before are void."""
    now = timezone.now()
    request, fresh = ApprovalRequest.objects.update_or_create(
        run=run,
        defaults={
            "requirements": [one.document() for one in wanted],
            "asked_by": by.ref,
            "asked_at": now,
            "expires_at": now + min(one.expires for one in wanted),
            "plan": None,
            "digest": "",
            "planned_at": None,
            "passed_at": None,
            "reason": "",
        },
    )
    if not fresh:
        void(request)
    say(run, f"This run begins when it is approved by {whom(request)}; it is being planned")
    record(by, "asked for approval of", run, requirements=request.requirements)
    PLAN_RUN.later(run.pk)
    return request


@transaction.atomic
def approve(*, run: Run, digest: str, by: Any) -> ApprovalRequest:
    """Say yes to exactly the plan with this digest. The run begins with the last yes that is needed.

    `by` is a person, or a subject that acts for one. NotAllowed for who may not; ApprovalStale for another plan.
    """
    run, request = _waiting(run)
    actor = person_of(by)
    roles = roles_of(actor, request)
    if is_own(actor, run, request):
        raise NotAllowed(f"{actor} asked for run {run.pk}: nobody approves what they asked for themselves")
    if not request.digest:
        raise Conflict(f"run {run.pk} has no plan yet that could be approved: look again in a moment")
    if digest != request.digest:
        raise ApprovalStale(
            f"the plan of run {run.pk} is {request.digest}, not {digest[:64]!r}: look at it, then decide again"
        )
    if any(one.actor == actor for one in valid(request)):
        raise Conflict(f"{actor} has approved run {run.pk} already; it waits for {open_points(request)}")
    now = timezone.now()
    approval = Approval(
        request=request, actor=actor, roles=roles, digest=digest, at=now, expires_at=request.expires_at
    )
    approval.signature = signature(approval, run.pk)
    void(request, actor)  # what they said that counts no more
    approval.save()
    record(by, "approved", run, digest=digest, roles=roles)
    left = open_points(request)
    say(run, f"Approved by {actor}" + (f"; it waits for {left}" if left else ""))
    if not left and move(Run.objects.filter(pk=run.pk), RunState.OPEN, MOVES, rung_at=now):
        EXECUTE_RUN.later(run.pk)
    return request


@transaction.atomic
def reject(*, run: Run, reason: str, by: Any) -> ApprovalRequest:
    """Say no: the run is cancelled, with the reason. NotAllowed for who is none of the approvers."""
    run, request = _waiting(run)
    actor = person_of(by)
    roles_of(actor, request)
    told = reason.strip()
    if not told or len(told) > LONGEST_REASON or "\0" in told:
        raise InputError(f"request/body/reason must be a text of 1 to {LONGEST_REASON} characters")
    end(run, request, f"rejected by {actor}: {told}")
    record(by, "rejected", run, digest=request.digest, reason=told)
    return request


def end(run: Run, request: ApprovalRequest, reason: str) -> bool:
    """Cancel a run that waits, and say why. False when it does not wait any more."""
    if not move(
        Run.objects.filter(pk=run.pk), RunState.CANCELLED, MOVES, secrets=None, cancel_requested=True
    ):
        return False
    void(request)
    ApprovalRequest.objects.filter(pk=request.pk).update(reason=reason)
    request.reason = reason
    error = {"name": "Error", "message": f"The run did not begin: {reason}"}
    ended = {"message": f"Run completed with status: {RunState.CANCELLED}", "error": error}
    RunEvent.objects.create(run=run, type=RunEvent.Type.COMPLETION, body=ended)
    notice(cancelling.channel(run.pk))
    notice(channel(run.pk))
    return True


def void(request: ApprovalRequest, actor: str | None = None) -> None:
    """Take back all approvals, or those of one person: they were for something else."""
    given = Approval.objects.filter(request=request, voided_at=None)
    (given if actor is None else given.filter(actor=actor)).update(voided_at=timezone.now())


def valid(request: ApprovalRequest) -> list[Approval]:
    """Approvals of the present plan that were neither taken back nor ran out, and that we signed."""
    now = timezone.now()
    return [
        one
        for one in request.approvals.all()
        if one.digest == request.digest
        and one.voided_at is None
        and one.expires_at > now
        and is_genuine(one, request.run_id)
    ]


def open_points(request: ApprovalRequest) -> str:
    """What is still missing, in words; "" when every requirement is fulfilled."""
    given = valid(request)
    missing = []
    for wanted in request.requirements:
        said = sum(1 for one in given if set(one.roles) & set(wanted["approvers"]))
        if said < wanted["needed"]:
            missing.append(_so_many(wanted["needed"] - said, wanted["approvers"]))
    return " and ".join(missing)


def whom(request: ApprovalRequest) -> str:
    """For whom the run waits, in words."""
    return " and ".join(_so_many(one["needed"], one["approvers"]) for one in request.requirements)


def person_of(by: Any) -> str:
    """The person who decides; NotAllowed for a service that acts for nobody."""
    ref = str(by.entity_ref or "") if getattr(by, "kind", "person") == "service" else str(by.ref)
    if not ref.lower().startswith("user:"):
        raise NotAllowed(
            f"{by.ref} is no person: a run is approved by somebody, with a token that acts for them"
        )
    return ref.lower()


def roles_of(actor: str, request: ApprovalRequest) -> list[str]:
    """As which of the wanted approvers the person counts; NotAllowed when as none of them."""
    wanted = {ref for one in request.requirements for ref in one["approvers"]}
    roles = sorted(wanted & set(effective_owners(actor)))
    if not roles:
        raise NotAllowed(f"{actor} is none of those who decide about this run: {whom(request)}")
    return roles


def say(run: Run, message: str) -> None:
    """A line of the run's log, from outside of a worker."""
    RunEvent.objects.create(run=run, type=RunEvent.Type.LOG, body={"message": message})
    notice(channel(run.pk))


def is_own(actor: str, run: Run, request: ApprovalRequest) -> bool:
    """Whether the person asked for the run: themselves, or through a token that they made."""
    asking = {
        run.created_by.lower(),
        request.asked_by.lower(),
        str(run.subject.get("entity_ref") or "").lower(),
    }
    services = [ref.removeprefix(_SERVICE) for ref in asking if ref.startswith(_SERVICE)]
    if services:
        makers = ServiceToken.objects.filter(name__in=services).values_list("created_by", flat=True)
        asking |= {maker.lower() for maker in makers}
    return actor in asking


def _waiting(run: Run) -> tuple[Run, ApprovalRequest]:
    run = Run.objects.select_for_update().get(pk=run.pk)
    request = ApprovalRequest.objects.filter(run=run).first()
    if request is None:
        raise NotFound(f"Run {run.pk} needs no approval")
    if run.state != RunState.WAITING or run.cancel_requested:
        raise Conflict(f"run {run.pk} waits for no approval: it is {RunState(run.state).label}")
    if request.expires_at <= timezone.now():
        raise Conflict(f"the time to approve run {run.pk} ended at {request.expires_at:%Y-%m-%d %H:%M} UTC")
    return run, request


def _so_many(count: int, approvers: Sequence[str]) -> str:
    names = " or ".join(approvers)
    return names if count == 1 else f"{count} of {names}"
