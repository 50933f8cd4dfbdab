"""Does a predicate hold for a document that is not in the database any more? As `Entity.objects.matching` has it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.predicates import All, AnyOf, Begins, Has, Holds, HoldsItem, Not, Predicate
from catalog.problems import storable
from catalog.search_keys import key_term, search_keys, value_term


def holds(predicate: Predicate, final: str) -> bool:
    """Whether the entity with that final document fulfils the predicate."""
    document = orjson.loads(final)
    related = [(one["type"], one["targetRef"]) for one in document.get("relations", [])]
    keys = search_keys(document, related, document["metadata"].get("uid", ""))
    return _holds(predicate, _Known(frozenset(keys.terms), keys.values, document))


def kinds_in(predicate: Predicate) -> frozenset[str] | None:
    """The kinds, lower-case, to which the predicate limits entities at a glance; None for any kind."""
    match predicate:
        case Holds(key, values) if key.lower() == "kind":
            return frozenset(value.lower() for value in values)
        case All(parts):
            limits = [found for part in parts if (found := kinds_in(part)) is not None]
            return frozenset.intersection(*limits) if limits else None
        case AnyOf(parts) if parts:
            limits = [found for part in parts if (found := kinds_in(part)) is not None]
            return frozenset.union(*limits) if len(limits) == len(parts) else None
    return None


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database would know of an entity."""

    terms: frozenset[int]
    values: Mapping[str, list[str | None]]
    document: Any


def _holds(predicate: Predicate, known: _Known) -> bool:
    match predicate:
        case All(parts):
            return all(_holds(part, known) for part in parts)
        case AnyOf(parts):
            return any(_holds(part, known) for part in parts)
        case Not(part):
            return not _holds(part, known)
        case Has(key):
            return key_term(key) in known.terms
        case Holds(key, wanted):
            return any(value_term(key, value) in known.terms for value in wanted)
        case Begins(key, prefix):
            begin = storable(prefix).lower()
            item = ["true"] if value_term(key, "true") in known.terms else []
            held = [*known.values.get(storable(key).lower(), []), *item]
            return any(value is not None and value.lower().startswith(begin) for value in held)
        case HoldsItem(key, part):
            lists = (reached for reached in _reach(known.document, key) if isinstance(reached, list))
            return any(_item(part, item) for items in lists for item in items)


def _item(part: Predicate, item: Any) -> bool:
    match part:
        case All(parts):
            return all(_item(one, item) for one in parts)
        case AnyOf(parts):
            return any(_item(one, item) for one in parts)
        case Not(one):
            return not _item(one, item)
        case Has(key):
            return any(True for _ in _leaves(item, key))
        case Holds(key, wanted):
            asked = {storable(value).lower() for value in wanted}
            return any(text in asked for text in _leaves(item, key))
        case Begins(key, prefix):
            return any(text and text.startswith(storable(prefix).lower()) for text in _leaves(item, key))
        case HoldsItem(key, inner):
            lists = (reached for reached in _reach(item, key) if isinstance(reached, list))
            return any(_item(inner, one) for items in lists for one in items)


def _leaves(item: Any, key: str) -> Iterator[str | None]:
    """The lower-case text of each value under the key that is no object; None for null."""
    for reached in _reach(item, key):
        for leaf in reached if isinstance(reached, list) else [reached]:
            if isinstance(leaf, dict):
                continue
            yield None if leaf is None else _text(leaf).lower()


def _reach(here: Any, key: str) -> Iterator[Any]:
    """Where a dotted path leads, through objects and the items of lists, letter case aside."""
    first, _, rest = storable(key).lower().partition(".")
    for one in here if isinstance(here, list) else [here]:
        if isinstance(one, dict):
            for name, value in one.items():
                if name.lower() == first:
                    yield from _reach(value, rest) if rest else [value]


def _text(value: Any) -> str:
    """As PostgreSQL writes a JSON value as text."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
