"""A predicate, an order, a text that is looked for → SQL over the entities' table, values as parameters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.item_conditions import item_condition
from catalog.predicates import All, AnyOf, Begins, Has, Holds, HoldsItem, Not, Predicate
from catalog.problems import storable
from catalog.search_keys import key_term, value_term

COLUMNS: Mapping[str, str] = {
    "kind": "kind",
    "metadata.name": "name",
    "metadata.namespace": "namespace",
    "metadata.title": "title",
    "metadata.description": "description",
    "spec.type": "spec_type",
    "spec.lifecycle": "lifecycle",
}
"""Keys whose value has a column of its own, as far as it can be looked up; empty when it is not there."""
_MAY_BE_EMPTY = frozenset({"metadata.description"})
_ALWAYS = frozenset({"kind", "metadata.name", "metadata.namespace"})
_STORED = "catalog_document AS stored WHERE stored.entity_id = catalog_entity.uid"
_HELD = "catalog_held AS held WHERE held.entity_id = catalog_entity.uid"
_HAS_TERMS = "catalog_entity.terms @> %s::bigint[]"


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL, and the values of its `%s`."""

    text: str
    params: tuple[Any, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)


TRUE, FALSE = Sql("true"), Sql("false")


def condition(predicate: Predicate) -> Sql:
    """What holds for an entity's row exactly when the predicate holds for the entity."""
    match predicate:
        case All(parts):
            return both(condition(part) for part in parts)
        case AnyOf(parts):
            return _joined(" OR ", (condition(part) for part in parts), FALSE)
        case Not(part):
            inner = condition(part)
            return Sql(f"NOT ({inner.text})", inner.params)
        case Has(key):
            return _with_terms([key_term(key)])
        case Holds(key, (value,)):
            return _with_terms([value_term(key, value)])
        case Holds(key, values):
            return Sql(
                "catalog_entity.terms && %s::bigint[]", ([value_term(key, value) for value in values],)
            )
        case Begins(key, prefix):
            return _held(key, "starts_with(lower({held}), %s)", storable(prefix).lower())
        case HoldsItem():
            text, params = item_condition(f"(SELECT stored.final::jsonb FROM {_STORED})", predicate)
            return Sql(text, tuple(params))
    raise TypeError(f"unknown predicate {predicate!r}")


def both(parts: Iterable[Sql]) -> Sql:
    """What holds when each part does. Plain terms become one look into the index."""
    terms: list[int] = []
    others: list[Sql] = []
    for part in parts:
        if part.text == _HAS_TERMS:
            terms.extend(part.params[0])
        elif part != TRUE:
            others.append(part)
    return _joined(" AND ", [*([_with_terms(terms)] if terms else []), *others], TRUE)


def containing(text: str, fields: Iterable[str]) -> Sql:
    """A field has the text inside, letter case aside. `%` and `_` are wildcards, as upstream has it."""
    pattern = f"%{storable(text).lower()}%"
    return _joined(" OR ", (_held(name, "lower({held}) LIKE %s", pattern) for name in fields), FALSE)


def sort_key(field: str) -> Sql:
    """What a field sorts by: its first value, lower-case, in code point order, as cursors compare; or NULL."""
    key = _key(field)
    if key in COLUMNS and key not in _MAY_BE_EMPTY:
        column = f"catalog_entity.{COLUMNS[key]}"
        return Sql(f'lower({column if key in _ALWAYS else _or_null(column)}) COLLATE "C"')
    item = _item(key)
    first = f"(SELECT held.values -> %s ->> 0 FROM {_HELD})"
    text = f"lower(coalesce({first}, CASE WHEN {item.text} THEN 'true' END)) COLLATE \"C\""
    return Sql(text, (key, *item.params))


def never_null(field: str) -> bool:
    """Whether every entity has a value to sort by."""
    return _key(field) in _ALWAYS


def held_values(field: str) -> tuple[Sql, Sql]:
    """Every value of a field, for counting: the expression, and what else to select from."""
    key = _key(field)
    if key in COLUMNS and key not in _MAY_BE_EMPTY:
        return Sql(_or_null(f"catalog_entity.{COLUMNS[key]}")), Sql("")
    item = _item(key)
    source = (
        " JOIN catalog_held AS held ON held.entity_id = catalog_entity.uid CROSS JOIN LATERAL"
        f" (SELECT jsonb_array_elements_text(held.values -> %s) UNION SELECT 'true' WHERE {item.text}) AS one(value)"
    )
    return Sql("one.value"), Sql(source, (key, *item.params))


def _item(key: str) -> Sql:
    """Whether the key stands for an item of a list, which holds `true`."""
    return _with_terms([value_term(key, "true")])


def _or_null(column: str) -> str:
    return f"NULLIF({column}, '')"


def _with_terms(terms: list[int]) -> Sql:
    return Sql(_HAS_TERMS, (terms,))


def _held(field: str, test: str, value: str) -> Sql:
    """A test on any value of a key. `test` is a text of our own; what users say is a parameter."""
    key = _key(field)
    if key in COLUMNS:
        column = f"catalog_entity.{COLUMNS[key]}"
        return Sql(f"({column} <> '' AND {test.format(held=column)})", (value,))
    item = _item(key)
    among = (
        f"jsonb_array_elements_text(held.values -> %s) AS one(value) WHERE {test.format(held='one.value')}"
    )
    text = (
        f"(EXISTS (SELECT 1 FROM {_HELD} AND EXISTS (SELECT 1 FROM {among}))"
        f" OR ({item.text} AND {test.format(held=_TRUE_TEXT)}))"
    )
    return Sql(text, (key, value, *item.params, value))


_TRUE_TEXT = "'true'::text"


def _joined(word: str, parts: Iterable[Sql], nothing: Sql) -> Sql:
    found = list(parts)
    if len(found) <= 1:
        return found[0] if found else nothing
    text = word.join(f"({part.text})" for part in found)
    return Sql(text, tuple(param for part in found for param in part.params))


def _key(field: str) -> str:
    return storable(field).lower()
