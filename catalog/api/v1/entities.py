"""`GET /api/v1/catalog/entities`: what somebody owns, or what was there at a moment, page by page; and one entity."""

from typing import Any

import orjson
from django.http import HttpResponse

from catalog.api.v1.moments import Moment
from catalog.api.v1.pages import CURSOR, LIMIT, PAGE_INFO, SAID, TOTAL, Place, Question
from catalog.api.v1.references import NAMED, named, owner
from catalog.conditions import TRUE, both, condition
from catalog.history.pages import entities_at, visible
from catalog.history.past import check_known, states
from catalog.models import Entity
from catalog.ownership import effective_owners, owned_by_any
from catalog.paging import in_order_of_ref
from catalog.predicates import All, Holds, parse_filters, parse_query
from catalog.totals import count_total
from catalog.visibility import visible_to
from core.api.openapi import Operation, list_of, object_of
from core.api.params import Many, Text
from core.api.responses import json_text
from core.api.views import ApiView
from core.errors import InputError, NotFound
from core.snapshot import snapshot

ENTITY = {
    "title": "Entity",
    "type": "object",
    "required": ["apiVersion", "kind", "metadata"],
    "description": "An entity as `/api/catalog` answers it.",
}


class OwnedEntitiesView(ApiView):
    """Entities in order of reference; with `owned_by`, those that a person or group effectively owns."""

    permission = "catalog.entity.read"
    query = {
        "owned_by": Text(),
        "kind": Many(),
        "filter": Many(),
        "as_of": Moment(),
        "limit": LIMIT,
        "cursor": CURSOR,
    }
    described = Operation(
        "Entities, also by effective owner",
        description=(
            "Nested groups count: a person owns what their groups and those groups' parents own, a group what "
            "the groups below it own. An entity without an owner has that of its system or domain. "
            "With `as_of`, what was there at that moment: filters are asked of what entities said then, there is "
            "no `totalItems`, and a page may hold fewer than `limit` and still name a next one."
        ),
        parameters={
            "owned_by": "A reference to a user or group (`team-a` means `group:default/team-a`), or `me`.",
            "kind": "Only entities of these kinds.",
            "filter": "A filter of the catalog, such as `spec.type=service,spec.lifecycle=production`.",
            "as_of": "A moment (RFC 3339); not together with `owned_by`.",
            **SAID,
        },
        answer={
            **object_of("EntityPage", items=list_of(ENTITY), totalItems=TOTAL, pageInfo=PAGE_INFO),
            "required": ["items", "pageInfo"],
        },
        refusals=(409,),
    )

    def get(self, _request: Any) -> HttpResponse:
        asked, limit = self.params, self.params["limit"]
        if asked["as_of"] is not None:
            return self.past()
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

    def past(self) -> HttpResponse:
        """The entities of a moment."""
        asked, moment = self.params, self.params["as_of"]
        if asked["owned_by"]:
            raise InputError(
                "query parameters 'as_of' and 'owned_by' do not go together, since groups nest differently over "
                "time: ask by name, as in filter=relations.ownedBy=group:default/team-a"
            )
        question = Question("entities at", moment.isoformat(), asked["kind"], asked["filter"])
        place = question.place(asked["cursor"])
        predicate = _predicate(asked["kind"], asked["filter"])
        with snapshot():
            check_known("as_of", moment)
            after = place.after if place else ""
            page = entities_at(self.subject, predicate, moment, after=after, limit=asked["limit"])
        info = {"nextCursor": question.cursor(Place(page.next, 0))} if page.next is not None else {}
        tail = orjson.dumps(info).decode()
        return json_text(f'{{"items":[{",".join(page.items.values())}],"pageInfo":{tail}}}')


class EntityView(ApiView):
    """One entity, as it is or as it was at a moment."""

    permission = "catalog.entity.read"
    query = {"as_of": Moment()}
    described = Operation(
        "One entity, now or at a moment",
        description="The very text that `/api/catalog/entities/by-name` answered at that moment.",
        parameters={
            **NAMED,
            "as_of": "A moment (RFC 3339), such as `2026-11-23T12:00:00Z`; without it, now.",
        },
        answer=ENTITY,
        refusals=(409,),
    )

    def get(self, _request: Any, kind: str, namespace: str, name: str) -> HttpResponse:
        ref, moment = named(kind, namespace, name), self.params["as_of"]
        with snapshot():
            if moment is None:
                said = Entity.objects.visible_to(self.subject).filter(ref=ref).finals().first()
            else:
                check_known("as_of", moment)
                said = states([ref], moment)[ref][0] if visible(self.subject, [ref]) else None
        if said is None:
            when = f" at {moment.isoformat()}" if moment else ""
            raise NotFound(
                f"No entity named '{name}' found{when}, with kind '{kind}' in namespace '{namespace}'"
            )
        return json_text(said)


def _predicate(kinds: list[str], filters: list[str]) -> All:
    parts = [parse_query(query) for query in [parse_filters(filters)] if query is not None]
    if kinds:
        parts.append(Holds("kind", tuple(kinds)))
    return All(tuple(parts))
