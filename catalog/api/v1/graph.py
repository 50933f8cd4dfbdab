"""`GET /api/v1/catalog/graph`: the relations around some entities, as data or as a picture."""

from typing import Any

from django.http import HttpResponse

from catalog.api.v1.limits import TRUNCATED, truncated
from catalog.api.v1.references import references
from catalog.graph import Card, Walk, cards, facing, walk
from catalog.picture.svg import POLICY, Picture, draw
from core.api.openapi import TEXT, TEXT_OR_NULL, WHOLE, Operation, list_of, object_of
from core.api.params import Choice, Many, Whole
from core.api.responses import json_data
from core.api.views import ApiView
from core.errors import InputError

SVG = "image/svg+xml"
MOST_DRAWN = 300
"""Nodes of one picture; more is no picture that anybody reads."""
DEEPEST = 10

FACT = object_of("Fact", source=TEXT, type=TEXT, target=TEXT)
CARD_MEMBERS = {
    "ref": TEXT,
    "kind": TEXT,
    "name": TEXT,
    "title": TEXT_OR_NULL,
    "type": TEXT_OR_NULL,
    "owner": TEXT_OR_NULL,
    "lifecycle": TEXT_OR_NULL,
}
MARKS = {
    "missing": {"const": True, "description": "Named by a relation, but not in the catalog."},
    "orphaned": {"const": True, "description": "Its source has it no more; it goes when its grace ends."},
}
"""What is said of an entity only where it holds."""


def card(title: str, /, **more: Any) -> dict[str, Any]:
    """The schema of an entity shown in passing, with what more is said of it."""
    return {**object_of(title, **CARD_MEMBERS, **more, **MARKS), "required": [*CARD_MEMBERS, *more]}


CARD = card("Card")
NODE = card("Node", depth=WHOLE)


class GraphView(ApiView):
    """A walk from some entities along their relations, nearest first."""

    permission = "catalog.entity.read"
    query = {
        "root": Many(),
        "depth": Whole(minimum=0, maximum=DEEPEST, default=1),
        "relations": Many(),
        "kinds": Many(),
        "direction": Choice(("both", "out", "in"), default="both"),
        "limit": Whole(minimum=1, maximum=1000, default=200),
        "format": Choice(("json", "svg")),
    }
    described = Operation(
        "The relations around some entities",
        description=(
            "Every relation is one edge, in the direction that `dependsOn`, `partOf`, `ownedBy`, `providesApi`, "
            "`consumesApi`, `memberOf` and `childOf` have. `Accept: image/svg+xml` is answered with a picture, too."
        ),
        parameters={
            "root": "Where to begin: a reference; repeated for several.",
            "depth": "How many relations away.",
            "relations": "Only these relations, by either name (`dependsOn` or `dependencyOf`); by comma or repeated.",
            "kinds": "Only entities of these kinds, roots aside; by comma or repeated.",
            "direction": "`out` from source to target, `in` against it.",
            "limit": f"Entities at the most, roots included; a picture holds {MOST_DRAWN}.",
            "format": "As data or as a picture.",
        },
        answer=object_of("Graph", nodes=list_of(NODE), edges=list_of(FACT), truncated=TRUNCATED),
        also={SVG: TEXT},
    )

    def get(self, request: Any) -> HttpResponse:
        asked = self.params
        roots = references("root", asked["root"])
        as_picture = asked["format"] == "svg" if asked["format"] else SVG in request.headers.get("Accept", "")
        most = asked["limit"]
        if as_picture and most > MOST_DRAWN:
            raise InputError(
                f"request/query/limit must be <= {MOST_DRAWN} for a picture; format=json holds more"
            )
        if len(roots) > most:
            raise InputError(f"request/query/limit must be >= {len(roots)}, the number of roots")
        way = facing(asked["direction"], _listed(asked["relations"]))
        walked = walk(
            self.subject, roots, way, depth=asked["depth"], most=most, kinds=_listed(asked["kinds"])
        )
        shown = cards(self.subject, walked.found)
        response = (
            self.picture(walked, shown, most) if as_picture else json_data(_document(walked, shown, most))
        )
        response["Vary"] = "Accept"
        return response

    def picture(self, walked: Walk, shown: dict[str, Card], most: int) -> HttpResponse:
        """The walk as SVG, under a policy that lets it do nothing."""
        roots = frozenset(ref for ref, one in walked.found.items() if not one.depth)
        title = "Relations of " + ", ".join(sorted(roots))
        note = _truncated(most)["message"] if walked.full else ""
        picture = Picture(shown, walked.facts, roots, title, note)
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "private, no-cache"}
        return HttpResponse(draw(picture), content_type=f"{SVG}; charset=utf-8", headers=headers)

    def perform_content_negotiation(self, request: Any, force: bool = False) -> Any:
        """Either form is right for whatever is accepted: `Accept` only chooses."""
        return self.get_renderers()[0], None


def _document(walked: Walk, shown: dict[str, Card], most: int) -> dict[str, Any]:
    return {
        "nodes": [{**card.document(), "depth": walked.found[ref].depth} for ref, card in shown.items()],
        "edges": [fact_document(fact) for fact in walked.facts],
        "truncated": _truncated(most) if walked.full else None,
    }


def fact_document(fact: Any) -> dict[str, str]:
    """One relation as JSON data."""
    return {"source": fact.source, "type": fact.type, "target": fact.target}


def _truncated(most: int) -> dict[str, Any]:
    way_out = "ask for fewer relations or kinds, one direction or less depth, or raise limit"
    return truncated("limit", most, f"There is more than {most} entities can show: {way_out}.")


def _listed(values: list[str]) -> list[str]:
    """The words of a parameter that is repeated, or has commas, or both."""
    return [word for text in values for word in (part.strip() for part in text.split(",")) if word]
