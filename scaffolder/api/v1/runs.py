"""`/api/v1/scaffolder/runs`: what runs made outside, and taking it back."""

from typing import Any

from django.http import HttpResponse

from core.api.openapi import Operation, list_of, object_of
from core.api.params import Many, Whole
from core.api.responses import json_data
from core.api.views import ApiView
from core.errors import NotAllowed
from scaffolder import permitted
from scaffolder.api.v1.run_documents import RUN, RUN_CARD, run_card, run_document
from scaffolder.models import Run
from scaffolder.permissions import ROLLBACK
from scaffolder.rollback.actions import roll_back

_NAMED = {"run_id": "The run's id."}


class RunsView(ApiView):
    """Runs, newest first."""

    permission = "scaffolder.task.read"
    query = {
        "state": Many(),
        "templateRef": Many(),
        "limit": Whole(minimum=1, maximum=200, default=50),
        "offset": Whole(minimum=0, maximum=10_000, default=0),
    }
    described = Operation(
        "Runs, newest first",
        parameters={
            "state": "In these states only.",
            "templateRef": "Of these templates only.",
            "limit": "How many; at most 200.",
            "offset": "How many to pass over.",
        },
        answer=object_of("RunPage", items=list_of(RUN_CARD)),
    )

    def get(self, _request: Any) -> HttpResponse:
        runs = (
            Run.objects.visible_to(self.subject)
            .select_related("template_version")
            .order_by("-created_at", "-id")
        )
        if self.params["state"]:
            runs = runs.filter(state__in=self.params["state"])
        if self.params["templateRef"]:
            runs = runs.filter(template_ref__in=[ref.lower() for ref in self.params["templateRef"]])
        start, limit = self.params["offset"], self.params["limit"]
        return json_data({"items": [run_card(run) for run in runs[start : start + limit]]})


class RunView(ApiView):
    """One run."""

    permission = "scaffolder.task.read"
    described = Operation(
        "A run: its steps, what it made outside, its rollback", parameters=_NAMED, answer=RUN
    )

    def get(self, _request: Any, run_id: str) -> HttpResponse:
        runs = Run.objects.visible_to(self.subject).select_related("template_version")
        return json_data(run_document(runs.named(run_id)))


class RollbackView(ApiView):
    """Have what a run made taken back."""

    permission = ROLLBACK
    described = Operation(
        "Take back what a run made",
        description="Newest first, only what the run can prove that it made; what cannot be taken back is left to a "
        "person, with a reason. A worker does it, and the run's own document tells how far it is; its `rollback` is null "
        "when the run made nothing. What was left before is tried again. 409 while the run has not ended.",
        parameters=_NAMED,
        answer=RUN,
        status=202,
        refusals=(404, 409),
    )

    def post(self, _request: Any, run_id: str) -> HttpResponse:
        run = Run.objects.visible_to(self.subject).select_related("template_version").named(run_id)
        if not permitted.sees(self.subject, ROLLBACK, run):
            raise NotAllowed(f"{self.subject.ref} may not roll back run {run.pk}")
        roll_back(run=run, by=self.subject)
        return json_data(run_document(run), 202)
