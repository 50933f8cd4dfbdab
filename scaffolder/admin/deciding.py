"""What people decide about a run in the admin: each by POST, what destroys after a question."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from core.errors import GreenroomError
from scaffolder import actions
from scaffolder.approvals import actions as approvals
from scaffolder.approvals.models import ApprovalRequest
from scaffolder.models import Effect, Run
from scaffolder.rollback.actions import roll_back, under_way
from scaffolder.states import FINISHED, EffectState, RunState


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that may be decided. `question` is asked before what cannot be taken back."""

    title: str
    act: Callable[[Run, Any, HttpRequest], Any]
    possible: Callable[[Run, Any], bool]
    done: str
    question: str = ""
    approvers: bool = False
    """Whether it is for those who decide about this run, and not for those who may change runs."""


def _decides(run: Run, person: Any) -> bool:
    """Whether the person is one of those who are asked about a run that waits."""
    if run.state != RunState.WAITING or run.cancel_requested:
        return False
    request = ApprovalRequest.objects.filter(run=run).first()
    try:
        return request is not None and bool(approvals.roles_of(approvals.person_of(person), request))
    except GreenroomError:
        return False


def _may_approve(run: Run, person: Any) -> bool:
    request = ApprovalRequest.objects.filter(run=run).exclude(digest="").first()
    if request is None or not _decides(run, person):
        return False
    return approvals.is_own(approvals.person_of(person), run, request) is False


DEEDS = {
    "approve": Deed(
        "Approve this plan",
        lambda run, person, request: approvals.approve(
            run=run, digest=request.POST.get("hash", ""), by=person
        ),
        _may_approve,
        "You have approved the plan.",
        approvers=True,
    ),
    "reject": Deed(
        "Reject",
        lambda run, person, request: approvals.reject(
            run=run, reason=request.POST.get("reason", ""), by=person
        ),
        _decides,
        "The run is rejected.",
        approvers=True,
    ),
    "cancel": Deed(
        "Cancel the run",
        lambda run, person, _request: actions.cancel(run=run, by=person),
        lambda run, _person: run.state not in FINISHED and not run.cancel_requested,
        "The run is cancelled, or is being cancelled.",
        "Cancel this run? What it has made so far stays; its secrets are gone at once.",
    ),
    "retry": Deed(
        "Retry",
        lambda run, person, _request: actions.retry(run=run, by=person),
        lambda run, _person: run.state in FINISHED,
        "The run is called for again, without secrets.",
    ),
    "rollback": Deed(
        "Roll back",
        lambda run, person, _request: roll_back(run=run, by=person),
        lambda run, _person: run.state in FINISHED and not under_way(run) and _made_something(run),
        "What the run made is being taken back, the newest first.",
        "Take back what this run made? Repositories that it made are deleted, with all that came into them since.",
    ),
}


def _made_something(run: Run) -> bool:
    return Effect.objects.filter(run=run).exclude(state=EffectState.UNDONE).exists()


def offered(run: Run, person: Any, may_change: bool) -> dict[str, Deed]:
    """What the person may decide about the run now."""
    return {
        name: deed
        for name, deed in DEEDS.items()
        if (deed.approvers or may_change) and deed.possible(run, person)
    }


def decide(page: ModelAdmin, request: HttpRequest, run: Run, name: str, may_change: bool) -> HttpResponse:
    """Do it, or ask first; afterwards the run's page again, with what came of it."""
    deed = DEEDS.get(name)
    if deed is None:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not deed.approvers and not may_change:
        raise PermissionDenied
    if deed.question and request.POST.get("confirmed") != "yes":
        context = {**page.admin_site.each_context(request), "opts": page.opts, "media": page.media}
        context |= {"title": deed.question, "run": run, "deed": deed, "name": name}
        return TemplateResponse(request, "admin/scaffolder/confirm.html", context)
    try:
        deed.act(run, request.user, request)
    except GreenroomError as error:
        page.message_user(request, error.message, messages.ERROR)
    else:
        page.message_user(request, deed.done, messages.SUCCESS)
    return HttpResponseRedirect(reverse("admin:scaffolder_run_change", args=[run.pk]))
