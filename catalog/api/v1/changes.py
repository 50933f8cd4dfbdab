"""`GET /api/v1/catalog/changes`: what the whole catalog says differently at two moments."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse

from catalog.api.v1.history import CHANGES, WHEN, between, change
from catalog.api.v1.moments import Moment
from catalog.api.v1.pages import CURSOR, LIMIT, PAGE_INFO, SAID, Place, Question
from catalog.history.differences import summary
from catalog.history.pages import changes_between
from catalog.history.past import check_known
from core.api.openapi import TEXT, Operation, list_of, object_of
from core.api.responses import json_data
from core.api.views import ApiView
from core.errors import InputError
from core.snapshot import snapshot


class CatalogChangesView(ApiView):
    """Entities that were added, changed or removed between two moments, in order of reference."""

    permission = "catalog.entity.read"
    query = {"from": Moment(), "to": Moment(), "limit": LIMIT, "cursor": CURSOR}
    described = Operation(
        "What changed in the catalog between two moments",
        description=(
            "The net of it: what was changed and changed back is not listed. A page may hold fewer than `limit` "
            "and still name a next one: go on until there is none. Without `to`, the end is when the first page was "
            "asked for."
        ),
        parameters={
            "from": "The earlier moment (RFC 3339).",
            "to": "The later one; without it, now.",
            **SAID,
        },
        answer=object_of(
            "CatalogChanges",
            **{"from": WHEN, "to": WHEN},
            items=list_of(
                object_of(
                    "EntityChange", ref=TEXT, change={"enum": ["added", "changed", "removed"]}, **CHANGES
                )
            ),
            pageInfo=PAGE_INFO,
        ),
        refusals=(409,),
    )

    def get(self, _request: Any) -> HttpResponse:
        asked = self.params
        question = Question("changes", str(asked["from"]), str(asked["to"]))
        place = question.place(asked["cursor"])
        asked_until, after = _resumed(place.after) if place else (asked["to"], "")
        start, end = between(asked["from"], asked_until)
        with snapshot():
            check_known("from", start)
            found = changes_between(self.subject, start, end, after=after, limit=asked["limit"])
        items = [{"ref": ref, "change": change(*said), **summary(*said)} for ref, said in found.items.items()]
        info = {}
        if found.next is not None:
            info["nextCursor"] = question.cursor(Place(f"{end.isoformat()} {found.next}", 0))
        return json_data({"from": start, "to": end, "items": items, "pageInfo": info})


def _resumed(after: str) -> tuple[datetime, str]:
    """The end that the first page had, and the reference to go on behind."""
    end, _, ref = after.partition(" ")
    try:
        return datetime.fromisoformat(end).astimezone(UTC), ref
    except ValueError as error:
        raise InputError("Malformed cursor: take it unchanged from pageInfo.nextCursor") from error
