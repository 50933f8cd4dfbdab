"""How a request for approval is shown to programs."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from scaffolder.approvals.actions import open_points
from scaffolder.approvals.models import Approval, ApprovalRequest
from scaffolder.models import Run


def card(run: Run, request: ApprovalRequest) -> dict[str, Any]:
    """What waits, and for whom."""
    return {
        "run": str(run.pk),
        "templateRef": run.template_ref,
        "createdBy": run.created_by,
        "askedBy": request.asked_by,
        "state": run.state,
        "askedAt": request.asked_at,
        "expiresAt": request.expires_at,
        "digest": request.digest or None,
        "requirements": request.requirements,
        "missing": open_points(request),
        "reason": request.reason,
    }


def approval_document(run: Run, request: ApprovalRequest, approvals: Sequence[Approval]) -> dict[str, Any]:
    """All about it: the plan, and who said yes to what."""
    now = timezone.now()
    given = [
        {
            "actor": one.actor,
            "roles": one.roles,
            "digest": one.digest,
            "at": one.at,
            "expiresAt": one.expires_at,
            "void": one.voided_at is not None or one.digest != request.digest or one.expires_at <= now,
        }
        for one in approvals
    ]
    return {**card(run, request), "plan": request.plan, "approvals": given}
