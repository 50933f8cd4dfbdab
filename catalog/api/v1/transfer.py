"""`GET /api/v1/catalog/export` and `POST /api/v1/catalog/import`: the whole catalog as a stream."""

import shutil
import tempfile
from typing import IO, Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from catalog.predicates import EVERYTHING
from catalog.transfer.export import export
from catalog.transfer.formats import MEDIA
from catalog.transfer.intake import take_in
from catalog.visibility import visible_to
from core.api.openapi import WHOLE, Operation, object_of
from core.api.params import Choice
from core.api.responses import json_data
from core.api.views import ApiView
from core.errors import InputError, NotAllowed

_STREAM = {"type": "string", "description": "One record after the other; see docs/import-export.md."}


class CatalogExportView(ApiView):
    """Everything, as of one moment. It leaves as it is read."""

    permission = "catalog.ingestion.read"
    query = {
        "format": Choice(tuple(MEDIA), default="ndjson"),
        "history": Choice(("true", "false"), default="false"),
    }
    described = Operation(
        "The whole catalog as one file",
        description="Locations, relations and entities, with what is needed to restore them elsewhere.",
        parameters={
            "format": "`ndjson` to restore from, `yaml` to read.",
            "history": "`true`: every kept change too.",
        },
        also=dict.fromkeys(MEDIA.values(), _STREAM),
    )

    def get(self, _request: Any) -> HttpResponseBase:
        if visible_to(self.subject) != EVERYTHING:
            raise NotAllowed(
                f"{self.subject.ref} may see a part of the entities, and an export holds all of them: use a token "
                "without a condition on catalog.entity.read"
            )
        form = self.params["format"]
        name = f'attachment; filename="catalog.{form}"'
        return StreamingHttpResponse(
            export(form, with_history=self.params["history"] == "true"),
            content_type=MEDIA[form],
            headers={"Content-Disposition": name, "Cache-Control": "no-store"},
        )


class CatalogImportView(ApiView):
    """An export into an empty catalog; all of it, or nothing."""

    permission = "catalog.ingestion.manage"
    described = Operation(
        "Restore a catalog from an export",
        description=(
            "The body is what the export answered, as `application/x-ndjson` or `application/yaml`, with its "
            "Content-Length. It is read piece by piece and stored in one transaction: when it fails, nothing has "
            "changed, and it can be sent again. 409 when the catalog holds entities."
        ),
        answer=object_of(
            "Imported",
            locations=WHOLE,
            relations=WHOLE,
            entities=WHOLE,
            revisions=WHOLE,
            changed={
                **WHOLE,
                "description": "Entities that say something else here than where they come from.",
            },
        ),
        refusals=(409, 413),
    )

    def post(self, _request: Any) -> HttpResponse:
        request = self.request
        form = next((form for form, media in MEDIA.items() if media == request.content_type), None)
        if form is None:
            named = " or ".join(MEDIA.values())
            raise InputError(f"unsupported media type {request.content_type}: expected {named}")
        if not request.headers.get("Content-Length", "").isdecimal():
            raise InputError(
                "the body comes without its Content-Length, from which its end is known: send it"
            )
        with tempfile.TemporaryFile() as body:
            _receive(request, body)
            return json_data(take_in(body, form, by=self.subject).document())


def _receive(request: HttpRequest, body: IO[bytes]) -> None:
    """Have the whole body here before the catalog is locked: a slow sender holds up nobody."""
    shutil.copyfileobj(request, body, 1 << 20)
    came, promised = body.tell(), int(request.headers["Content-Length"])
    if came != promised:
        raise InputError(f"the body ended after {came} of {promised} bytes: send it again")
    body.seek(0)
