"""Pages of entities: the window of `GET /entities` and the cursors of `by-query` (CATALOG.md 8 and 9).

A page costs the same however large the catalog is. When much matches, the index of the order is walked until
the page is full; when little matches, what matches is fetched and sorted. Which of the two is cheaper follows
from the total, which is known: PostgreSQL's own guess errs where conditions depend on each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.conditions import TRUE, Sql, both, condition, containing, never_null, sort_key
from catalog.filters import Cursor, Order, Window
from catalog.predicates import EVERYTHING, All, Holds, Predicate, parse_query
from catalog.projection import WHOLE, Projection
from catalog.totals import GENERATION, count_total, generation, last_total
from core.sql import rows

DEFAULT_LIMIT = 200
MOST_ON_A_PAGE = 10_000
"""Entities on one page by cursor, whatever is asked for; the cursor leads to the rest."""
_UID = "metadata.uid"
_JOIN = "JOIN catalog_document AS stored ON stored.entity_id = found.uid"


@dataclass(frozen=True, slots=True)
class Page:
    """Ready texts, how many there are in all, and the cursors that lead on and back."""

    texts: list[bytes]
    total: int
    next: str | None = None
    previous: str | None = None


def finals_by_ref(wanted: Predicate, refs: Sequence[str]) -> dict[str, bytes]:
    """The documents of those with one of the references, in canonical form, for which the predicate holds."""
    where = condition(wanted)
    text = (
        "SELECT catalog_entity.ref, stored.final FROM catalog_entity JOIN catalog_document AS stored"
        f" ON stored.entity_id = catalog_entity.uid WHERE catalog_entity.ref = ANY(%s) AND {where.text}"
    )
    found = rows(text, (list(refs), *where.params), as_bytes=True)
    return {ref.decode(): final for ref, final in found}


def final_by_ref(wanted: Predicate, ref: str) -> bytes | None:
    """The document of the one with that reference, in canonical form, if the predicate holds for it."""
    where = condition(wanted)
    text = (
        "SELECT stored.final FROM catalog_entity JOIN catalog_document AS stored"
        f" ON stored.entity_id = catalog_entity.uid WHERE catalog_entity.ref = %s AND {where.text}"
    )
    found = rows(text, (ref, *where.params), as_bytes=True)
    return found[0][0] if found else None


def window(
    wanted: Predicate, orders: Sequence[Order], place: Window, shown: Projection = WHOLE
) -> tuple[list[bytes], bool]:
    """Some of the entities, and whether more follow. Who lacks a field comes last, or by ref."""
    where, bounds = condition(wanted), TRUE if orders else _range_of(wanted)
    sorts = [sort_key(order.field) for order in orders] or [Sql("catalog_entity.ref")]
    names = [f"sort{number}" for number in range(len(sorts))]
    ways = ["DESC NULLS LAST" if order.descending else "ASC NULLS LAST" for order in orders] or ["ASC"]
    order = ", ".join([*(f"{name} {way}" for name, way in zip(names, ways, strict=True)), "uid"])
    sorted_by = ", ".join(f"{sort.text} AS {name}" for sort, name in zip(sorts, names, strict=True))
    limit = "" if place.limit is None else f" LIMIT {place.limit + 1}"
    wanted_rows = place.offset + (place.limit if place.limit is not None else _total(TRUE))
    matching, look = _matching(where, where, _total(where), wanted_rows, bounds), _Look.at(shown)
    text = (
        f"SELECT {look.outer} FROM (SELECT uid, {sorted_by}{look.inner} FROM {matching.text}"
        f" ORDER BY {order if orders else names[0]}{limit} OFFSET {place.offset}) AS found {look.join}"
        f" ORDER BY {order if orders else names[0]}"
    )
    params = (*(param for sort in sorts for param in sort.params), *matching.params)
    found = rows(text, params, as_bytes=True)
    texts = [text if look.is_ready else shown.of(text) for (text,) in found]
    more = place.limit is not None and len(texts) > place.limit
    return texts[: place.limit], more


@dataclass(frozen=True, slots=True)
class _Look:
    """How a page selects what it shows: from the entity's row, or from its document."""

    inner: str
    outer: str
    join: str

    @classmethod
    def at(cls, shown: Projection) -> "_Look":
        if shown.column:
            return cls(f", {shown.column} AS shown", "found.shown", "")
        return cls("", "stored.final", _JOIN)

    @property
    def is_ready(self) -> bool:
        return not self.join


def _range_of(wanted: Predicate) -> Sql:
    """References begin with the kind: who asks for one kind need not walk through the others."""
    parts = wanted.parts if isinstance(wanted, All) else (wanted,)
    for part in parts:
        match part:
            case Holds(key, (kind,)) if key.lower() == "kind" and kind.isascii() and kind.isalnum():
                return Sql(
                    "catalog_entity.ref >= %s AND catalog_entity.ref < %s",
                    (f"{kind.lower()}:", f"{kind.lower()};"),
                )
            case All() if found := _range_of(part).params:
                return Sql("catalog_entity.ref >= %s AND catalog_entity.ref < %s", found)
    return TRUE


def in_order_of_ref(where: Sql, *, after: str, limit: int) -> list[tuple[str, str]]:
    """References and documents of what fulfils a condition, behind a reference, in code point order."""
    text = (
        "SELECT found.ref, stored.final FROM (SELECT uid, ref FROM catalog_entity"
        f" WHERE catalog_entity.ref > %s AND {where.text} ORDER BY ref LIMIT {limit}) AS found {_JOIN} ORDER BY found.ref"
    )
    return [(ref, final) for ref, final in rows(text, (after, *where.params))]


def page(
    visible: Predicate,
    cursor: Cursor,
    *,
    limit: int,
    offset: int = 0,
    with_total: bool = True,
    shown: Projection = WHOLE,
) -> Page:
    """The page at a cursor. A cursor without a place means the first page; `offset` counts there only."""
    limit = min(limit, MOST_ON_A_PAGE)
    look = _Look.at(shown)
    looked_up, where = _where(visible, cursor)
    counted = last_total(where)
    if counted is None and cursor.total is None and (with_total or limit):
        counted = count_total(where)
    if counted is not None and counted.answer == 0 and not counted.is_good(generation()):
        counted = count_total(where)
    first_time = not cursor.at
    found: list[tuple[Any, ...]] = []
    if limit and (counted is None or counted.answer):
        expected = counted.answer if counted is not None else cursor.total or 0
        matching = _matching(looked_up, where, expected, limit)
        sql = _page_sql(matching, cursor, limit, offset if first_time else 0, look)
        found = rows(sql.text, sql.params, as_bytes=True)
    total = cursor.total
    if total is None and with_total:
        if counted is None or (counted.answer and (not found or not counted.is_good(found[0][3]))):
            counted = count_total(where)
        total = counted.answer
    more, found = len(found) > limit, found[:limit]
    if cursor.backwards:
        found.reverse()
    if not found:
        return Page([], total or 0)
    places = [
        (value.decode(), str(uid)) if cursor.orders else (str(uid),)
        for _, value, uid, _ in (found[0], found[-1])
    ]
    cursor = replace(cursor, first=cursor.first or places[0], total=total)
    follows, precedes = cursor.backwards or more, not first_time and places[0] != cursor.first
    return Page(
        [text if look.is_ready else shown.of(text) for text, _, _, _ in found],
        total or 0,
        next=replace(cursor, at=places[1], backwards=False).encode() if follows else None,
        previous=replace(cursor, at=places[0], backwards=True).encode() if precedes else None,
    )


def _where(visible: Predicate, cursor: Cursor) -> tuple[Sql, Sql]:
    """What the index of terms can tell of what is wanted, and all of it."""
    wanted = parse_query(cursor.query) if cursor.query is not None else EVERYTHING
    looked_up = both([condition(visible), condition(wanted)])
    parts = [looked_up]
    if term := cursor.term.strip():
        sorted_by = [cursor.orders[0].field] if cursor.orders else [_UID]
        parts.append(containing(term, cursor.term_fields or sorted_by))
    if cursor.orders and not never_null(cursor.orders[0].field):
        sort = sort_key(cursor.orders[0].field)
        parts.append(Sql(f"{sort.text} IS NOT NULL", sort.params))
    return looked_up, both(parts)


def _page_sql(matching: Sql, cursor: Cursor, limit: int, offset: int, look: _Look) -> Sql:
    sort = sort_key(cursor.orders[0].field) if cursor.orders else None
    beyond = _beyond(cursor, sort) if cursor.at else TRUE
    descending = bool(cursor.orders) and cursor.orders[0].descending != cursor.backwards
    uid_way = "DESC" if cursor.backwards else "ASC"
    order = f"sort {'DESC' if descending else 'ASC'}, uid {uid_way}" if sort else f"uid {uid_way}"
    value = sort or Sql("NULL")
    text = (
        f"SELECT {look.outer}, found.sort, found.uid, {GENERATION} FROM (SELECT uid, {value.text} AS sort{look.inner}"
        f" FROM {matching.text} WHERE {beyond.text}"
        f" ORDER BY {order} LIMIT {limit + 1} OFFSET {offset}) AS found {look.join} ORDER BY {order}"
    )
    return Sql(text, (*value.params, *matching.params, *beyond.params))


def _matching(looked_up: Sql, where: Sql, expected: int, limit: int, bounds: Sql = TRUE) -> Sql:
    """Those that match, to be selected from, so that PostgreSQL goes the cheaper way.

    Behind `CASE` PostgreSQL sees neither an index nor how much matches: rows come in the wanted order and are
    looked at one by one until the page is full. Behind `OFFSET 0` those are fetched first that the index finds.
    `bounds` say where in the order to walk.
    """
    walked = (limit + 1) * _total(TRUE) / max(expected, 1)
    if walked < _total(looked_up):
        text = f"(SELECT * FROM catalog_entity WHERE CASE WHEN {where.text} THEN true END AND {bounds.text})"
    else:
        text = f"(SELECT * FROM catalog_entity WHERE {where.text} AND {bounds.text} OFFSET 0)"
    return Sql(f"{text} AS catalog_entity", (*where.params, *bounds.params))


def _total(where: Sql) -> int:
    """How many match, as far as a plan needs to know it."""
    return int((last_total(where) or count_total(where)).answer)


def _beyond(cursor: Cursor, sort: Sql | None) -> Sql:
    """What lies behind the cursor's place, in its direction."""
    side = "<" if cursor.backwards else ">"
    uid = cursor.at[-1]
    if sort is None:
        return Sql(f"catalog_entity.uid {side} %s::uuid", (uid,))
    value = cursor.at[0]
    descending = cursor.orders[0].descending != cursor.backwards
    if descending == cursor.backwards:
        text = f"({sort.text}, catalog_entity.uid) {side} (%s, %s::uuid)"
        return Sql(text, (*sort.params, value, uid))
    further, at_most = ("<", "<=") if descending else (">", ">=")
    text = f"{sort.text} {at_most} %s AND ({sort.text} {further} %s OR catalog_entity.uid {side} %s::uuid)"
    return Sql(text, (*sort.params, value, *sort.params, value, uid))
