"""Pages of entities: the window of `GET /entities` and the cursors of `by-query` (CATALOG.md 8 and 9)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Collate

from catalog.filters import Cursor, Order, Window
from catalog.models import Entity
from catalog.predicates import EVERYTHING, parse_query
from catalog.querysets import EntityQuerySet, sort_value

DEFAULT_LIMIT = 200
_UID = "metadata.uid"


@dataclass(frozen=True, slots=True)
class Page:
    """Ready documents, how many there are in all, and the cursors that lead on and back."""

    finals: list[str]
    total: int
    next: str | None = None
    previous: str | None = None


def whole_list(entities: EntityQuerySet, orders: Sequence[Order]) -> QuerySet[Entity, str]:
    """Every entity, in order of uid. Of orders only the first counts; who lacks its field is left out."""
    if not orders:
        return entities.order_by("uid").values_list("final", flat=True)
    sort = F("sort_value").desc() if orders[0].descending else F("sort_value").asc()
    ordered = entities.sortable_by(orders[0].field)
    return ordered.order_by(sort, "uid").values_list("final", flat=True)


def window(entities: EntityQuerySet, orders: Sequence[Order], wanted: Window) -> tuple[list[str], bool]:
    """Some of the entities, and whether more follow. Who lacks a field comes last, or by ref."""
    if orders:
        sorts = []
        for order in orders:
            value = sort_value(order.field)
            sorts.append(value.desc(nulls_last=True) if order.descending else value.asc(nulls_last=True))
        ordered = entities.order_by(*sorts, "uid")
    else:
        ordered = entities.order_by(Collate("ref", "C"))
    end = None if wanted.limit is None else wanted.offset + wanted.limit + 1
    finals = list(ordered.values_list("final", flat=True)[wanted.offset : end])
    more = wanted.limit is not None and len(finals) > wanted.limit
    return finals[: wanted.limit], more


def page(
    entities: EntityQuerySet, cursor: Cursor, *, limit: int, offset: int = 0, with_total: bool = True
) -> Page:
    """The page at a cursor. A cursor without a place means the first page; `offset` counts there only."""
    first_time = not cursor.at
    matching = _matching(entities, cursor)
    total = cursor.total
    if total is None:
        total = matching.count() if with_total else 0
    if limit == 0:
        return Page([], total)
    ordered = _ordered(matching, cursor)
    if not first_time:
        ordered = ordered.filter(_beyond(cursor))
    start = offset if first_time else 0
    rows = list(ordered.values_list("final", "sort_value", "uid")[start : start + limit + 1])  # type: ignore[misc]  # sortable_by adds it
    more, rows = len(rows) > limit, rows[:limit]
    if cursor.backwards:
        rows.reverse()
    if not rows:
        return Page([], total)
    places = [(value, str(uid)) if cursor.orders else (str(uid),) for _, value, uid in (rows[0], rows[-1])]
    cursor = replace(cursor, first=cursor.first or places[0], total=total)
    follows, precedes = cursor.backwards or more, not first_time and places[0] != cursor.first
    return Page(
        [final for final, _, _ in rows],
        total,
        next=replace(cursor, at=places[1], backwards=False).encode() if follows else None,
        previous=replace(cursor, at=places[0], backwards=True).encode() if precedes else None,
    )


def _matching(entities: EntityQuerySet, cursor: Cursor) -> EntityQuerySet:
    matching = entities.matching(parse_query(cursor.query) if cursor.query is not None else EVERYTHING)
    if term := cursor.term.strip():
        sorted_by = [cursor.orders[0].field] if cursor.orders else [_UID]
        matching = matching.containing(term, cursor.term_fields or sorted_by)
    if cursor.orders:
        return matching.sortable_by(cursor.orders[0].field)
    return matching.annotate(sort_value=F("ref"))


def _ordered(matching: EntityQuerySet, cursor: Cursor) -> EntityQuerySet:
    uid = "-uid" if cursor.backwards else "uid"
    if not cursor.orders:
        return matching.order_by(uid)
    descending = cursor.orders[0].descending != cursor.backwards
    return matching.order_by(F("sort_value").desc() if descending else F("sort_value").asc(), uid)


def _beyond(cursor: Cursor) -> Q:
    """What lies behind the cursor's place, in its direction."""
    side = "lt" if cursor.backwards else "gt"
    uid = cursor.at[-1]
    if not cursor.orders:
        return Q(**{f"uid__{side}": uid})
    value = cursor.at[0]
    descending = cursor.orders[0].descending != cursor.backwards
    further = Q(**{"sort_value__lt" if descending else "sort_value__gt": value})
    return further | Q(**{"sort_value": value, f"uid__{side}": uid})
