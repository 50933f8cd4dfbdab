"""What happened to one entity, and what it says differently at two moments."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone

from catalog.api.v1.moments import Moment
from catalog.api.v1.pages import CURSOR, LIMIT, PAGE_INFO, SAID, TOTAL, Place, Question
from catalog.api.v1.references import NAMED, named
from catalog.history import STITCHED, Revision, Verb, by_location
from catalog.history.differences import summary
from catalog.history.pages import visible
from catalog.history.past import backwards, check_known, states
from catalog.models import Location
from core.api.openapi import TEXT, WHOLE, Operation, list_of, object_of
from core.api.responses import json_data
from core.api.views import ApiView
from core.errors import InputError, NotFound
from core.snapshot import snapshot

WHEN = {"type": "string", "format": "date-time"}
CHANGE = {
    **object_of(
        "Difference",
        path={**TEXT, "description": "A JSON pointer; below `/relations`, the relation's type."},
        before={"description": "What stood there; absent when nothing did."},
        after={"description": "What stands there; absent when nothing does."},
        truncated={
            "const": True,
            "description": "A long value: its JSON as text, cut off.",
        },
    ),
    "required": ["path"],
}
CHANGES = {"changes": list_of(CHANGE), "moreChanges": {**WHOLE, "description": "How many are not shown."}}
CAUSE = {
    **object_of(
        "Cause",
        kind={"enum": ["location", "actor", "stitched"]},
        id={**TEXT, "description": "Of the location."},
        location={**TEXT, "description": "Type and target of the location; absent once it is unregistered."},
        ref={**TEXT, "description": "Who did it."},
    ),
    "required": ["kind"],
}
REVISION = object_of(
    "Revision",
    number=WHOLE,
    at=WHEN,
    verb={"enum": Verb.labels},
    uid={"type": "string", "format": "uuid"},
    cause=CAUSE,
    **CHANGES,
)


class EntityHistoryView(ApiView):
    """`GET …/history`: every change of an entity, newest first; also of one that was deleted."""

    permission = "catalog.entity.read"
    query = {"limit": LIMIT, "cursor": CURSOR}
    described = Operation(
        "What happened to an entity",
        description="Newest first, with who or which location did it and which fields changed.",
        parameters={**NAMED, **SAID},
        answer=object_of("History", ref=TEXT, items=list_of(REVISION), totalItems=TOTAL, pageInfo=PAGE_INFO),
        refusals=(409,),
    )

    def get(self, _request: Any, kind: str, namespace: str, name: str) -> HttpResponse:
        ref, limit = named(kind, namespace, name), self.params["limit"]
        question = Question("history", ref)
        place = question.place(self.params["cursor"])
        with snapshot():
            _check_visible(self.subject, ref)
            total = place.total if place else Revision.objects.filter(ref=ref).count()
            start = _number(place) if place else None
            found, more = _page(ref, start, limit)
            causes = _causes(revision.cause for revision, _ in found)
        info = {"nextCursor": question.cursor(Place(str(found[-1][0].number), total))} if more else {}
        items = [
            {
                "number": revision.number,
                "at": revision.at,
                "verb": revision.get_verb_display(),
                "uid": revision.uid,
                "cause": causes[revision.cause],
                **told,
            }
            for revision, told in found
        ]
        return json_data({"ref": ref, "items": items, "totalItems": total, "pageInfo": info})


class EntityDiffView(ApiView):
    """`GET …/diff`: what an entity says differently at two moments."""

    permission = "catalog.entity.read"
    query = {"from": Moment(), "to": Moment()}
    described = Operation(
        "What an entity says differently at two moments",
        parameters={
            **NAMED,
            "from": "The earlier moment (RFC 3339).",
            "to": "The later one; without it, now.",
        },
        answer=object_of(
            "EntityDiff",
            **{"ref": TEXT, "from": WHEN, "to": WHEN},
            change={"enum": ["none", "added", "changed", "removed"]},
            **CHANGES,
        ),
        refusals=(409,),
    )

    def get(self, _request: Any, kind: str, namespace: str, name: str) -> HttpResponse:
        ref = named(kind, namespace, name)
        start, end = between(self.params["from"], self.params["to"])
        with snapshot():
            check_known("from", start)
            _check_visible(self.subject, ref)
            before, after = states([ref], start, end)[ref]
        shown = {"ref": ref, "from": start, "to": end, "change": change(before, after)}
        return json_data({**shown, **summary(before, after)})


def between(start: Any, end: Any) -> tuple[Any, Any]:
    """Both ends of a stretch of time, as `from` and `to` name them."""
    if start is None:
        raise InputError("query parameter 'from' is missing: expected a moment such as 2026-11-23T12:00:00Z")
    end = end or timezone.now()
    if end < start:
        raise InputError("query parameter 'to' lies before 'from': exchange them")
    return start, end


def change(before: str | None, after: str | None) -> str:
    """One word for what became of an entity."""
    if before is None or after is None:
        return "none" if before is after else "added" if before is None else "removed"
    return "none" if before == after else "changed"


def _check_visible(subject: Any, ref: str) -> None:
    if not visible(subject, [ref]):
        raise NotFound(f"Nothing is known of an entity {ref}, now or in the past")


def _number(place: Place) -> int:
    if not place.after.isdecimal():
        raise InputError("Malformed cursor: take it unchanged from pageInfo.nextCursor")
    return int(place.after)


def _page(ref: str, start: int | None, limit: int) -> tuple[list[tuple[Revision, dict[str, Any]]], bool]:
    """Revisions older than `start` with what they changed, and whether there are more."""
    found: list[tuple[Revision, dict[str, Any]]] = []
    for revision, before, after in backwards(ref):
        if start is not None and revision.number >= start:
            continue
        if len(found) == limit:
            return found, True
        found.append((revision, summary(before, after)))
    return found, False


def _causes(texts: Iterable[str]) -> dict[str, dict[str, str]]:
    """Each cause as the API shows it."""
    named_causes = set(texts)
    places = {
        by_location(location.pk): location
        for location in Location.objects.filter(pk__in=_location_ids(named_causes))
    }
    shown = {}
    for text in named_causes:
        if text == STITCHED:
            shown[text] = {"kind": STITCHED}
        elif location_id := _location_id(text):
            here = {"location": str(places[text])} if text in places else {}
            shown[text] = {"kind": "location", "id": str(location_id), **here}
        else:
            shown[text] = {"kind": "actor", "ref": text}
    return shown


def _location_ids(causes: Iterable[str]) -> list[UUID]:
    return [found for text in causes if (found := _location_id(text))]


def _location_id(cause: str) -> UUID | None:
    """The location's id; None for a Location entity or anybody else as an actor."""
    kind, _, rest = cause.partition(":")
    return UUID(rest) if kind == "location" and len(rest) == 36 and "/" not in rest else None
