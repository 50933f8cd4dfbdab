"""`/api/v1/scaffolder/runs/:id/artifacts`: files that a run hands out."""

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from core.api.openapi import TEXT, WHOLE, Operation, list_of, object_of
from core.api.responses import json_data
from core.api.views import ApiView
from scaffolder.api.documents import instant
from scaffolder.artifacts import actions
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
    """`GET …/artifacts/:name`: the file. A browser saves it, and runs nothing of it."""

    permission = "scaffolder.task.read"
    described = Operation(
        "A file that a run hands out",
        parameters={**_RUN, "name": "The file's name."},
        also={"application/zip": {"type": "string", "format": "binary"}},
    )

    def get(self, _request: Any, run_id: str, name: str) -> HttpResponseBase:
        found = actions.named(Run.objects.visible_to(self.subject).named(run_id), name)
        return StreamingHttpResponse(
            actions.pieces(found),
            content_type="application/zip",
            headers={
                "Content-Length": str(found.size),
                "Content-Disposition": f'attachment; filename="{found.name}"',  # letters, digits and ._- only
                "X-Content-Type-Options": "nosniff",
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "Cache-Control": "private, no-store",
            },
        )
