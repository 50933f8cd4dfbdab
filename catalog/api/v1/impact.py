"""`GET /api/v1/catalog/impact`: who breaks if this goes, by which way, and whom to tell."""

from typing import Any

from django.http import HttpResponse

from catalog.api.v1.graph import CARD, DEEPEST, FACT, card, fact_document
from catalog.api.v1.limits import TRUNCATED, truncated
from catalog.api.v1.references import references
from catalog.impact import Affected, Impact, impact
from core.api.openapi import WHOLE, Operation, list_of, object_of
from core.api.params import Many, Whole
from core.api.responses import json_data
from core.api.views import ApiView
from core.errors import InputError

INHERITED = {"type": "boolean", "description": "Whether the owner is that of its system or domain."}
PATH = {**list_of(FACT), "description": "A shortest way from a root, step by step."}
AFFECTED = card("Affected", depth={**WHOLE, "minimum": 1}, inherited=INHERITED, path=PATH)
OWNER = object_of(
    "AffectedOwner",
    owner={"oneOf": [{"type": "null"}, CARD], "description": "Null stands for what nobody owns."},
    count=WHOLE,
    nearest={**WHOLE, "description": "How many steps away the nearest is."},
)


class ImpactView(ApiView):
    """Transitive dependents, with their owners."""

    permission = "catalog.entity.read"
    query = {
        "root": Many(),
        "depth": Whole(minimum=1, maximum=DEEPEST, default=DEEPEST),
        "limit": Whole(minimum=1, maximum=2000, default=500),
    }
    described = Operation(
        "Who breaks if this goes",
        description=(
            "Whoever depends on a root, the APIs that it provides and their consumers, and its parts, over any "
            "number of steps; nearest first."
        ),
        parameters={
            "root": "What goes: a reference; repeated for several.",
            "depth": "How many steps are followed.",
            "limit": "Entities at the most, roots included.",
        },
        answer=object_of(
            "Impact",
            roots=list_of(CARD),
            total=WHOLE,
            owners={**list_of(OWNER), "description": "Whom to tell, those with the most first."},
            items=list_of(AFFECTED),
            truncated=TRUNCATED,
        ),
    )

    def get(self, _request: Any) -> HttpResponse:
        roots = references("root", self.params["root"])
        depth, most = self.params["depth"], self.params["limit"]
        if len(roots) > most:
            raise InputError(f"request/query/limit must be >= {len(roots)}, the number of roots")
        found = impact(self.subject, roots, depth=depth, most=most)
        return json_data(
            {
                "roots": [root.document() for root in found.roots],
                "total": len(found.affected),
                "owners": [
                    {
                        "owner": owner and owner.document(),
                        "count": len(ones),
                        "nearest": min(one.depth for one in ones),
                    }
                    for owner, ones in found.owners
                ],
                "items": [_affected(one) for one in found.affected],
                "truncated": _truncated(found, depth, most),
            }
        )


def _affected(one: Affected) -> dict[str, Any]:
    return {
        **one.card.document(),
        "owner": one.owner,
        "inherited": one.inherited,
        "depth": one.depth,
        "path": [fact_document(fact) for fact in one.path],
    }


def _truncated(found: Impact, depth: int, most: int) -> dict[str, Any] | None:
    if found.walk.full:
        text = f"More than {most} entities are affected: raise limit, or ask for less depth."
        return truncated("limit", most, text)
    if not found.walk.ended and depth < DEEPEST:
        return truncated("depth", depth, f"There may be more beyond {depth} steps: raise depth.")
    return None
