"""Plans and approvals over HTTP: what waits, what exactly would be done, yes, no."""

from typing import Any

from django.http import HttpResponse

from core.api.openapi import TEXT, TEXT_OR_NULL, WHOLE, Operation, list_of, object_of
from core.api.params import Whole
from core.api.responses import json_data
from core.api.views import ApiView
from core.errors import InputError, NotFound
from scaffolder.approvals import actions
from scaffolder.approvals.models import Approval, ApprovalRequest
from scaffolder.approvals.shown import approval_document, card
from scaffolder.models import Run
from scaffolder.states import RunState

WHEN = {"type": "string", "format": "date-time"}
_STATE = {
    "enum": RunState.values,
    "description": "Of the run: `waiting` for an approval, `open` for a worker.",
}
_REQUIREMENT = object_of(
    "ApprovalRequirement",
    approvers={**list_of(TEXT), "description": "Users and groups; one of them counts for each approval."},
    needed={**WHOLE, "description": "How many different people."},
    why={**TEXT, "description": "What asks for it: the template, or a rule."},
)
_APPROVAL = object_of(
    "Approval",
    actor=TEXT,
    roles={**list_of(TEXT), "description": "As which of the approvers they count."},
    digest={**TEXT, "description": "SHA-256 of the plan that they said yes to."},
    at=WHEN,
    expiresAt=WHEN,
    void={"type": "boolean", "description": "Whether it counts no more: something changed since."},
)
_CARD = {
    "run": {"type": "string", "format": "uuid"},
    "templateRef": TEXT,
    "createdBy": TEXT,
    "askedBy": {**TEXT, "description": "Who started or retried the run; they cannot approve it."},
    "state": _STATE,
    "askedAt": WHEN,
    "expiresAt": {**WHEN, "description": "When the run is cancelled, unless it is approved."},
    "digest": {**TEXT_OR_NULL, "description": "SHA-256 of the plan; null while it is being planned."},
    "requirements": list_of(_REQUIREMENT),
    "missing": {**TEXT, "description": "What is still missing, in words; empty when nothing is."},
    "reason": {**TEXT, "description": "Why earlier approvals are void, or the run did not begin."},
}
_PLAN = {
    "type": ["object", "null"],
    "description": "All that the digest is over: its canonical JSON (sorted keys, no blanks) has that SHA-256.",
}
_SHOWN = object_of("ApprovalRequest", **_CARD, plan=_PLAN, approvals=list_of(_APPROVAL))
_RUN = {"run_id": "The run's id."}
MOST_APPROVALS = 200


class _RequestView(ApiView):
    def found(self, run_id: str) -> tuple[Run, ApprovalRequest]:
        """The run, if the subject may see it, and what is asked for it."""
        run = Run.objects.visible_to(self.subject).named(run_id)
        request = ApprovalRequest.objects.filter(run=run).first()
        if request is None:
            raise NotFound(f"Run {run.pk} needs no approval")
        return run, request

    def shown(self, run_id: str) -> HttpResponse:
        """The request as it is now."""
        run, request = self.found(run_id)
        approvals = Approval.objects.filter(request=request).order_by("-pk")[:MOST_APPROVALS]
        return json_data(approval_document(run, request, list(approvals)))


class ApprovalsView(ApiView):
    """`GET …/approvals`: the runs that wait for an approval."""

    permission = "scaffolder.task.read"
    query = {"limit": Whole(minimum=1, maximum=200, default=50), "offset": Whole(minimum=0, default=0)}
    described = Operation(
        "Runs that wait for an approval",
        description="The one that waits longest first.",
        parameters={"limit": "How many at the most.", "offset": "How many to leave out."},
        answer=object_of("WaitingRuns", items=list_of(object_of("WaitingRun", **_CARD)), totalItems=WHOLE),
    )

    def get(self, _request: Any) -> HttpResponse:
        limit, offset = self.params["limit"], self.params["offset"]
        runs = Run.objects.visible_to(self.subject).filter(state=RunState.WAITING, approval__isnull=False)
        page = runs.select_related("approval").prefetch_related("approval__approvals")
        items = [
            card(run, run.approval)
            for run in page.order_by("approval__asked_at", "pk")[offset : offset + limit]
        ]
        return json_data({"items": items, "totalItems": runs.count()})


class PlanView(_RequestView):
    """`GET …/runs/:id/plan`."""

    permission = "scaffolder.task.read"
    described = Operation(
        "What a run would do, and who has approved it",
        description="404 for a run that needs no approval.",
        parameters=_RUN,
        answer=_SHOWN,
    )

    def get(self, _request: Any, run_id: str) -> HttpResponse:
        return self.shown(run_id)


class ApproveView(_RequestView):
    """`POST …/runs/:id/approve`."""

    permission = "scaffolder.task.approve"
    described = Operation(
        "Say yes to a plan",
        description=(
            "The hash is that of the plan that was looked at: 409 when the run has another one by now. With the last"
            " approval that is needed the run begins, unless a worker finds that its plan has changed; then it waits again."
        ),
        parameters=_RUN,
        body=object_of("Approve", hash={**TEXT, "description": "`digest` of the plan."}),
        answer=_SHOWN,
        refusals=(409,),
    )

    def post(self, _request: Any, run_id: str) -> HttpResponse:
        run, _ = self.found(run_id)
        actions.approve(run=run, digest=self._text("hash"), by=self.subject)
        return self.shown(run_id)

    def _text(self, name: str) -> str:
        return text_of(self.document(required=(name,)), name)


class RejectView(_RequestView):
    """`POST …/runs/:id/reject`."""

    permission = "scaffolder.task.approve"
    described = Operation(
        "Say no to a run: it is cancelled",
        parameters=_RUN,
        body=object_of("Reject", reason={**TEXT, "description": "Why; whoever asked reads it."}),
        answer=_SHOWN,
        refusals=(409,),
    )

    def post(self, _request: Any, run_id: str) -> HttpResponse:
        run, _ = self.found(run_id)
        actions.reject(
            run=run, reason=text_of(self.document(required=("reason",)), "reason"), by=self.subject
        )
        return self.shown(run_id)


def text_of(body: dict[str, Any], name: str) -> str:
    """A member of a body that has to be a text."""
    if not isinstance(body[name], str):
        raise InputError(f"request/body/{name} must be string")
    return str(body[name])
