"""`GET /api/v1/catalog/entities`: what somebody owns, page by page, as final documents."""

from typing import Any

import orjson
from django.http import HttpResponse

from catalog.api.v1.pages import CURSOR, LIMIT, PAGE_INFO, SAID, TOTAL, Place, Question
from catalog.api.v1.references import owner
from catalog.conditions import TRUE, both, condition
from catalog.ownership import effective_owners, owned_by_any
from catalog.paging import in_order_of_ref
from catalog.predicates import All, Holds, parse_filters, parse_query
from catalog.totals import count_total
from catalog.visibility import visible_to
from core.api.openapi import Operation, list_of, object_of
from core.api.params import Many, Text
from core.api.responses import json_text
from core.api.views import ApiView

ENTITY = {
    "title": "Entity",
    "type": "object",
    "required": ["apiVersion", "kind", "metadata"],
    "description": "An entity as `/api/catalog` answers it.",
}


class OwnedEntitiesView(ApiView):
    """Entities in order of reference; with `owned_by`, those that a person or group effectively owns."""

    permission = "catalog.entity.read"
    query = {"owned_by": Text(), "kind": Many(), "filter": Many(), "limit": LIMIT, "cursor": CURSOR}
    described = Operation(
        "Entities, also by effective owner",
        description=(
            "Nested groups count: a person owns what their groups and those groups' parents own, a group what "
            "the groups below it own. An entity without an owner has that of its system or domain."
        ),
        parameters={
            "owned_by": "A reference to a user or group (`team-a` means `group:default/team-a`), or `me`.",
            "kind": "Only entities of these kinds.",
            "filter": "A filter of the catalog, such as `spec.type=service,spec.lifecycle=production`.",
            **SAID,
        },
        answer=object_of("EntityPage", items=list_of(ENTITY), totalItems=TOTAL, pageInfo=PAGE_INFO),
    )

    def get(self, _request: Any) -> HttpResponse:
        asked, limit = self.params, self.params["limit"]
        by = owner("owned_by", asked["owned_by"], self.subject) if asked["owned_by"] else None
        question = Question("entities", by, asked["kind"], asked["filter"])
        place = question.place(asked["cursor"])
        visible, wanted = visible_to(self.subject), _predicate(asked["kind"], asked["filter"])
        owned = owned_by_any(effective_owners(by)) if by is not None else TRUE
        where = both([condition(visible), condition(wanted), owned])
        total = place.total if place else count_total(where).answer
        found = in_order_of_ref(where, after=place.after if place else "", limit=limit + 1)
        more, found = len(found) > limit, found[:limit]
        info = {"nextCursor": question.cursor(Place(found[-1][0], total))} if more else {}
        items, tail = ",".join(final for _, final in found), orjson.dumps(info).decode()
        return json_text(f'{{"items":[{items}],"totalItems":{total},"pageInfo":{tail}}}')


def _predicate(kinds: list[str], filters: list[str]) -> All:
    parts = [parse_query(query) for query in [parse_filters(filters)] if query is not None]
    if kinds:
        parts.append(Holds("kind", tuple(kinds)))
    return All(tuple(parts))
