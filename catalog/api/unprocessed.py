"""`/entities/unprocessed/…`: what could not be taken, with its reason; have an entry gone."""

from typing import Any

import orjson
from django.http import HttpResponse

from catalog import actions
from catalog.api import described
from catalog.models import Entity
from catalog.permissions import READ
from catalog.unprocessed import Unprocessed, failed, pending
from core.api.params import Text
from core.api.responses import empty, json_data
from core.api.views import ApiView


class FailedView(ApiView):
    """`GET /entities/unprocessed/failed`."""

    permission = "catalog.entities.unprocessed.read"
    query = {"owner": Text()}
    described = described.FAILED

    def get(self, _request: Any) -> HttpResponse:
        return _answer("failed", failed(Entity.objects.visible_to(self.subject)), self.params["owner"])


class PendingView(ApiView):
    """`GET /entities/unprocessed/pending`.

    Nothing is known that a condition could judge, so who may see a part of the catalog sees none of these.
    """

    permission = "catalog.entities.unprocessed.read"
    query = {"owner": Text()}
    described = described.PENDING

    def get(self, _request: Any) -> HttpResponse:
        entries = [] if self.subject.is_limited(READ) else pending()
        return _answer("pending", entries, self.params["owner"])


class UnprocessedEntryView(ApiView):
    """`DELETE /entities/unprocessed/delete/:entity_id`. What is not there is no error."""

    permission = "catalog.entities.unprocessed.delete"
    described = described.UNPROCESSED_ENTRY

    def delete(self, _request: Any, entity_id: str) -> HttpResponse:
        actions.forget_unprocessed(entity_id, by=self.subject)
        return empty(204)


def _answer(which: str, entries: list[Unprocessed], owner: str | None) -> HttpResponse:
    shown = [unprocessed_document(entry) for entry in entries if owner is None or entry.owner == owner]
    return json_data({"type": which, "entities": shown})


def unprocessed_document(entry: Unprocessed) -> dict[str, Any]:
    """An entry with the columns of Backstage's table, and file and line beside them."""
    location = entry.location
    return {
        "entity_id": str(entry.id),
        "entity_ref": entry.ref,
        "unprocessed_entity": entry.document,
        "unprocessed_hash": None,
        "processed_entity": entry.known,
        "result_hash": None,
        "cache": {},
        "errors": entry.errors,
        "next_update_at": location.next_refresh_at.isoformat(),
        "last_discovery_at": (entry.last_read or location.created_at).isoformat(),
        "location_key": str(location),
        "hash": None,
        "final_entity": None if entry.known is None else orjson.dumps(entry.known).decode(),
        "last_updated_at": entry.last_read.isoformat() if entry.last_read else None,
        "file": entry.file,
        "line": entry.line,
    }
