"""Lists of entities: `entities`, `by-query`, `by-refs`, facets. They leave as the text that is stored."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from catalog.api import described
from catalog.api.bodies import ENTITY_REFS, FACETS, QUERY, checked
from catalog.conditions import condition
from catalog.filters import Cursor, Order, Window, parse_fields, parse_order, parse_order_fields
from catalog.listing import whole_list
from catalog.paging import DEFAULT_LIMIT, finals_by_ref, page, window
from catalog.predicates import All, Predicate, parse_filters, parse_query
from catalog.projection import Projection
from catalog.totals import facets
from catalog.visibility import visible_to
from core.api.long_lists import json_list
from core.api.params import Choice, Many, Text, Whole
from core.api.responses import json_data, json_text
from core.api.views import ApiView
from core.errors import InputError, TooLarge

MOST_BYTES = 256 * 1024 * 1024
"""Of the documents that one call of by-refs looks at, those asked for twice counted twice."""
_TOTALS = Choice(("include", "exclude"), default="include")


class EntitiesView(ApiView):
    """`GET /entities`: a bare list, whole or a window of it, the next one named in a `link` header."""

    permission = "catalog.entity.read"
    described = described.ENTITIES
    query = {
        "filter": Many(),
        "fields": Many(),
        "order": Many(),
        "limit": Whole(minimum=0),
        "offset": Whole(minimum=0),
        "after": Text(),
    }

    def get(self, _request: Any) -> HttpResponseBase:
        asked = self.params
        shown, orders = Projection(tuple(parse_fields(asked["fields"]))), parse_order(asked["order"])
        wanted = Window.parse(limit=asked["limit"], offset=asked["offset"], after=asked["after"])
        found = _wanted(self.subject, parse_filters(asked["filter"]))
        if wanted is None:
            return json_list(whole_list(found, orders, shown))
        texts, more = window(found, orders, wanted, shown)
        response = json_text(_array(texts))
        if more:
            response["Link"] = f'<{self.next_page(wanted)}>; rel="next"'
        return response

    def next_page(self, wanted: Window) -> str:
        """The address of the page that follows, as the contract has it: relative to the plugin."""
        given = [(name, value) for name, value in self.request.GET.lists() if name not in {"after", "offset"}]
        pairs = [(name, value) for name, values in given for value in values]
        return f"/entities?{urlencode([*pairs, ('after', wanted.next())])}"


class EntitiesByQueryView(ApiView):
    """`/entities/by-query`: pages by cursor, forwards and backwards, with the total."""

    permission = "catalog.entity.read"
    described = described.BY_QUERY
    query = {
        "get": {
            "filter": Many(),
            "fields": Many(),
            "limit": Whole(minimum=0),
            "offset": Whole(minimum=0),
            "orderField": Many(),
            "cursor": Text(),
            "totalItems": _TOTALS,
            "fullTextFilterTerm": Text(),
            "fullTextFilterFields": Many(),
        }
    }

    def get(self, _request: Any) -> HttpResponse:
        asked = self.params
        fields = parse_fields(asked["fields"])
        if asked["cursor"]:
            cursor = Cursor.decode(asked["cursor"])
        else:
            cursor = Cursor(
                orders=tuple(parse_order_fields(asked["orderField"])[:1]),
                query=parse_filters(asked["filter"]),
                term=asked["fullTextFilterTerm"] or "",
                term_fields=tuple(parse_fields(asked["fullTextFilterFields"])) or None,
            )
        return self.answer(cursor, fields, asked["limit"], asked["offset"], asked["totalItems"])

    def post(self, _request: Any) -> HttpResponse:
        body = checked(self.document(), QUERY)
        fields = parse_fields(body.get("fields", []))
        if body.get("cursor") == "":
            raise InputError("Cursor cannot be empty")
        if "cursor" in body:
            cursor = Cursor.decode(body["cursor"])
        else:
            full_text = body.get("fullTextFilter") or {}
            orders = [Order(one["field"], one["order"] == "desc") for one in body.get("orderBy", [])]
            cursor = Cursor(
                orders=tuple(orders[:1]),
                query=body.get("query"),
                term=full_text.get("term", ""),
                term_fields=tuple(full_text.get("fields", [])) or None,
            )
        for name in ("limit", "offset"):
            if body.get(name, 0) < 0:
                raise InputError(f"request/body/{name} must be >= 0")
        total = body.get("totalItems", "include")
        return self.answer(cursor, fields, body.get("limit"), body.get("offset"), total)

    def answer(
        self, cursor: Cursor, fields: Sequence[str], limit: int | None, offset: int | None, total: str
    ) -> HttpResponse:
        wanted = DEFAULT_LIMIT if limit is None else limit
        found = page(
            *(visible_to(self.subject), cursor),
            limit=wanted,
            offset=offset or 0,
            with_total=total == "include",
            shown=Projection(tuple(fields)),
        )
        cursors = {"nextCursor": found.next, "prevCursor": found.previous}
        info = {name: value for name, value in cursors.items() if value is not None}
        tail = b',"totalItems":%d,"pageInfo":%b}' % (found.total, orjson.dumps(info))
        return json_text(b'{"items":' + _array(found.texts) + tail)


class EntitiesByRefsView(ApiView):
    """`POST /entities/by-refs`: one answer per reference, in the order asked, null for what is not there."""

    permission = "catalog.entity.read"
    described = described.BY_REFS
    query = {"filter": Many()}

    def post(self, _request: Any) -> HttpResponse:
        body = checked(self.document(required=("entityRefs",)), ENTITY_REFS)
        shown = Projection(tuple(parse_fields(body.get("fields", []))))
        refs = body["entityRefs"]
        wanted = _wanted(self.subject, parse_filters(self.params["filter"]), body.get("query"))
        finals = finals_by_ref(wanted, refs)
        if sum(len(finals.get(ref, b"")) for ref in refs) > MOST_BYTES:
            most = f"{MOST_BYTES // 1024 // 1024} MB"
            raise TooLarge(f"the entities asked for have more than {most} together: ask for fewer at once")
        items = [shown.of(finals[ref]) if ref in finals else b"null" for ref in refs]
        return json_text(b'{"items":' + _array(items) + b"}")


class EntityFacetsView(ApiView):
    """`/entity-facets`: how many entities hold which value."""

    permission = "catalog.entity.read"
    described = described.ENTITY_FACETS
    query = {"get": {"facet": Many(), "filter": Many()}}

    def get(self, _request: Any) -> HttpResponse:
        if not self.params["facet"]:
            raise InputError("request/query must have required property 'facet'")
        return self.answer(parse_filters(self.params["filter"]), self.params["facet"])

    def post(self, _request: Any) -> HttpResponse:
        body = checked(self.document(required=("facets",)), FACETS)
        names = [name for name in body["facets"] if name]
        if not names:
            raise InputError("Missing or empty facets parameter")
        return self.answer(body.get("query"), names)

    def answer(self, query: Any, names: Sequence[str]) -> HttpResponse:
        return json_data({"facets": facets(condition(_wanted(self.subject, query)), names)})


def _wanted(subject: Any, *queries: Any) -> Predicate:
    """What the subject may see of what the queries ask for."""
    return All((visible_to(subject), *(parse_query(query) for query in queries if query is not None)))


def _array(texts: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(texts) + b"]"
