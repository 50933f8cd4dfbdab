"""`/api/v1/scaffolder/runs/:id/artifacts`: files that a run hands out."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from core.api.openapi import TEXT, WHOLE, Operation, list_of, object_of
from core.api.responses import json_data
from core.api.views import ApiView
from scaffolder.api.documents import instant
from scaffolder.artifacts import actions
from scaffolder.artifacts.models import Artifact
from scaffolder.models import Run

_WHEN = {"type": "string", "format": "date-time"}
_RUN = {"run_id": "The run's id."}
ARTIFACT = object_of(
    "Artifact",
    name=TEXT,
    size={**WHOLE, "description": "Bytes."},
    sha256=TEXT,
    stepId={**TEXT, "description": "The step that made it."},
    createdAt=_WHEN,
    expiresAt={**_WHEN, "description": "When it is removed."},
)


def sent(artifact: Artifact) -> HttpResponseBase:
    """The file, for a browser to save: it runs nothing of it, and no cache keeps it."""
    return StreamingHttpResponse(
        actions.pieces(artifact),
        content_type="application/zip",
        headers={
            "Content-Length": str(artifact.size),
            "Content-Disposition": f'attachment; filename="{artifact.name}"',  # letters, digits and ._- only
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-store",
        },
    )


class ArtifactsView(ApiView):
    """`GET …/artifacts`."""

    permission = "scaffolder.task.read"
    described = Operation(
        "The files that a run hands out",
        description="Ten at the most.",
        parameters=_RUN,
        answer=object_of("Artifacts", items=list_of(ARTIFACT)),
    )

    def get(self, _request: Any, run_id: str) -> HttpResponse:
        found = actions.kept_of(Run.objects.visible_to(self.subject).named(run_id))
        items = [
            {
                "name": one.name,
                "size": one.size,
                "sha256": one.digest,
                "stepId": one.step_id,
                "createdAt": instant(one.created_at),
                "expiresAt": instant(one.expires_at),
            }
            for one in found
        ]
        return json_data({"items": items})


class ArtifactView(ApiView):
    """`GET …/artifacts/:name`: the file.

    The address stands in logs, outputs and notifications, where people click on it: a browser, which shows no token,
    is sent to the admin's door to the same file. That one asks for a session and for the run's permission.
    """

    permission = "scaffolder.task.read"
    described = Operation(
        "A file that a run hands out",
        description="A browser, which shows no token, is sent on to the admin: it asks for a session.",
        parameters={**_RUN, "name": "The file's name."},
        also={"application/zip": {"type": "string", "format": "binary"}},
    )

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if _is_a_person(request):
            return HttpResponseRedirect(reverse("admin:scaffolder_run_artifact", kwargs=kwargs))
        return super().dispatch(request, *args, **kwargs)

    def get(self, _request: Any, run_id: str, name: str) -> HttpResponseBase:
        found = actions.named(Run.objects.visible_to(self.subject).named(run_id), name)
        return sent(found)


def _is_a_person(request: HttpRequest) -> bool:
    """Whether somebody follows a link: only browsers ask for HTML, and programs show a token."""
    asks_for_a_page = "text/html" in request.headers.get("Accept", "")
    return request.method == "GET" and asks_for_a_page and "Authorization" not in request.headers
