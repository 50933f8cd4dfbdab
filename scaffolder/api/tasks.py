"""Runs on the wire: start, list, look, cancel, retry, watch."""

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from core.api.params import Many, Whole
from core.api.responses import event_stream, json_data
from core.api.views import ApiView
from core.errors import InputError, NotAllowed
from scaffolder import actions, permitted
from scaffolder.api.documents import event_document, task_document
from scaffolder.api.streams import EventStream, awaited
from scaffolder.auditing import heard
from scaffolder.looking import look
from scaffolder.models import Run
from scaffolder.permissions import CANCEL
from scaffolder.requests import checked_key

MOST_LISTED = 1000
_BODY_LIMIT = 2 * 1024 * 1024


class RunView(ApiView):
    """A route that names one run."""

    def run(self, task_id: str, doing: str = "") -> Run:
        """The run, if the subject may see it; that they look (`doing`) is heard."""
        run = Run.objects.visible_to(self.subject).named(task_id)
        if doing:
            heard(self.subject, "task", actionType=doing, taskId=str(run.pk))
        return run


class TasksView(ApiView):
    """`GET` and `POST v2/tasks`. A list without a limit ends after a thousand; `totalTasks` tells how many there are."""

    permission = {"get": "scaffolder.task.read", "post": "scaffolder.task.create"}
    body_limit = _BODY_LIMIT
    query = {
        "get": {
            "createdBy": Many(),
            "status": Many(),
            "order": Many(),
            "limit": Whole(minimum=0),
            "offset": Whole(minimum=0, default=0),
        },
        "post": {},
    }

    def get(self, _request: Any) -> HttpResponse:
        runs = Run.objects.visible_to(self.subject).in_order(list(self.params["order"]))
        if self.params["createdBy"]:
            runs = runs.filter(created_by__in=self.params["createdBy"])
        if self.params["status"]:
            runs = runs.in_states(self.params["status"])
        limit, offset = self.params["limit"], self.params["offset"]
        limit = MOST_LISTED if limit is None else min(limit, MOST_LISTED)
        page = [task_document(run) for run in runs[offset : offset + limit]] if limit else []
        heard(self.subject, "task", actionType="list")
        return json_data({"tasks": page, "totalTasks": runs.count()})

    def post(self, _request: Any) -> HttpResponse:
        body = self.document(required=("templateRef", "values"))
        if not isinstance(body["templateRef"], str):
            raise InputError("request/body/templateRef must be string")
        if not isinstance(body["values"], dict):
            raise InputError("request/body/values must be object")
        key = self.request.headers.get("Idempotency-Key")
        run = actions.start(
            template_ref=body["templateRef"],
            values=body["values"],
            secrets=secrets_of(body),
            by=self.subject,
            request_key="" if key is None else checked_key(key),
        )
        return json_data({"id": str(run.pk)}, 201)


class TaskView(RunView):
    """`GET v2/tasks/:id`."""

    permission = "scaffolder.task.read"

    def get(self, _request: Any, task_id: str) -> HttpResponse:
        found = look(task_id, self.subject)
        heard(self.subject, "task", actionType="get", taskId=str(found.pk))
        return json_data(task_document(found))


class CancelView(RunView):
    """`POST v2/tasks/:id/cancel`. The answer is the same for a run that has ended."""

    permission = "scaffolder.task.cancel"

    def post(self, _request: Any, task_id: str) -> HttpResponse:
        run = self.run(task_id)
        if not permitted.sees(self.subject, CANCEL, run):
            raise NotAllowed(
                f"{self.subject.ref} may not cancel run {run.pk}: the condition of {CANCEL} leaves it out"
            )
        actions.cancel(run=run, by=self.subject)
        return json_data({"status": "cancelled"})


class RetryView(RunView):
    """`POST v2/tasks/:id/retry`, with new secrets when the template needs some."""

    permission = "scaffolder.task.create"
    body_limit = _BODY_LIMIT

    def post(self, _request: Any, task_id: str) -> HttpResponse:
        run = self.run(task_id)
        given = self.document() if self.request.headers.get("Content-Length", "0") != "0" else {}
        actions.retry(run=run, by=self.subject, secrets=secrets_of(given))
        return json_data({"id": str(run.pk)}, 201)


class EventsView(RunView):
    """`GET v2/tasks/:id/events`: waits until there is something to tell."""

    permission = "scaffolder.task.read"
    query = {"after": Whole(minimum=0)}

    def get(self, _request: Any, task_id: str) -> HttpResponse:
        events = awaited(self.run(task_id, "events"), self.params["after"])
        return json_data([event_document(event) for event in events])


class EventStreamView(RunView):
    """`GET v2/tasks/:id/eventstream`: open until the run has ended."""

    permission = "scaffolder.task.read"
    query = {"after": Whole(minimum=0)}

    def get(self, _request: Any, task_id: str) -> HttpResponseBase:
        return event_stream(EventStream(self.run(task_id, "stream"), self.params["after"]))


def secrets_of(body: dict[str, Any]) -> dict[str, Any]:
    """The secrets of a request; their values are repeated nowhere."""
    secrets = body.get("secrets") or {}
    if not isinstance(secrets, dict) or not all(isinstance(value, str) for value in secrets.values()):
        raise InputError("request/body/secrets must be an object of strings")
    return secrets
