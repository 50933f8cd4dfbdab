"""A predicate, an order, a text that is looked for → SQL over the entities' table, values as parameters."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.item_conditions import item_condition
from catalog.predicates import All, AnyOf, Begins, Has, Holds, HoldsItem, Not, Predicate
from catalog.problems import storable
from catalog.search_keys import LONGEST, key_term, value_term

COLUMNS: Mapping[str, str] = {
    "kind": "kind",
    "metadata.name": "name",
    "metadata.namespace": "namespace",
    "metadata.title": "title",
    "metadata.description": "description",
    "spec.type": "spec_type",
    "spec.lifecycle": "lifecycle",
}
"""Keys whose one value, as far as it can be looked up, has a column of its own."""
_SINGLE: Mapping[str, str] = {
    "kind": "catalog_entity.kind",
    "metadata.name": "catalog_entity.name",
    "metadata.namespace": "catalog_entity.namespace",
    "metadata.uid": "catalog_entity.uid::text",
    "metadata.title": "NULLIF(catalog_entity.title, '')",
    "metadata.description": "catalog_entity.description",
    "spec.type": "NULLIF(catalog_entity.spec_type, '')",
    "spec.lifecycle": "NULLIF(catalog_entity.lifecycle, '')",
}
"""Such a value, or NULL."""
WORDED = ("metadata.name", "metadata.title", "metadata.description")
"""Keys whose values stand, lower-case, in the column `wording`: one look there spares most of the others."""
NULLABLE = frozenset({"description"})
"""Columns that are NULL, not empty, when the key is not there: an empty description can be looked for."""
_ALWAYS = frozenset({"kind", "metadata.name", "metadata.namespace", "metadata.uid"})
_RELATION = "relations."
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
            return _holds_one(key, "starts_with(lower({value}), %s)", storable(prefix).lower())
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
    text = storable(text).lower()
    pattern = f"%{text}%"
    looked_in = [name for name in fields if _key(name) != "metadata.uid" or _UID_PART.fullmatch(text)]
    found = _joined(
        " OR ", (_holds_one(name, "lower({value}) LIKE %s", pattern) for name in looked_in), FALSE
    )
    if looked_in and all(_key(name) in WORDED for name in looked_in):
        return Sql(f"catalog_entity.wording LIKE %s AND ({found.text})", (pattern, *found.params))
    return found


def sort_key(field: str) -> Sql:
    """What a field sorts by: its first value, lower-case, in code point order, as cursors compare; or NULL."""
    key = _key(field)
    if key in _SINGLE:
        return Sql(f'lower({_SINGLE[key]}) COLLATE "C"')
    if key.startswith(_RELATION):
        related = _related(key)
        return Sql(f'(SELECT min(lower(one.value) COLLATE "C") FROM {related.text})', related.params)
    item = _item(key)
    first = f"(SELECT held.values -> %s ->> 0 FROM {_HELD})"
    text = f"lower(coalesce({first}, CASE WHEN {item.text} THEN 'true' END)) COLLATE \"C\""
    return Sql(text, (key, *item.params))


def has_own_place(key: str) -> bool:
    """Whether what the key holds is found in a column or among the relations."""
    return key in _SINGLE or key.startswith(_RELATION)


def never_null(field: str) -> bool:
    """Whether every entity has a value to sort by."""
    return _key(field) in _ALWAYS


def values_of(field: str, where: Sql) -> Sql:
    """A row for every value that a matching entity has of a field, in the value's own spelling, for counting."""
    key = _key(field)
    if key in _SINGLE:
        return Sql(f"SELECT {_SINGLE[key]} AS value FROM catalog_entity WHERE {where.text}", where.params)
    if key.startswith(_RELATION):
        kind = key.removeprefix(_RELATION)
        text = (
            "SELECT one.value FROM catalog_entity"
            " JOIN (SELECT source_ref AS ref, target_ref AS value FROM catalog_relation WHERE lower(type) = %s"
            " UNION SELECT target_ref, source_ref FROM catalog_relation WHERE lower(reverse) = %s) AS one"
            f" ON one.ref = catalog_entity.ref AND length(one.value) <= {LONGEST} WHERE {where.text}"
        )
        return Sql(text, (kind, kind, *where.params))
    item = _item(key)
    text = (
        "SELECT jsonb_array_elements_text(held.values -> %s) AS value FROM catalog_entity"
        f" JOIN catalog_held AS held ON held.entity_id = catalog_entity.uid WHERE {where.text} UNION ALL"
        " SELECT 'true' FROM catalog_entity JOIN catalog_held AS held ON held.entity_id = catalog_entity.uid"
        f" WHERE {item.text} AND {where.text} AND NOT coalesce(held.values -> %s @> '\"true\"', false)"
    )
    return Sql(text, (key, *where.params, *item.params, *where.params, key))


def _related(key: str) -> Sql:
    """What an entity is related to by relations of that key, to be selected from."""
    kind = key.removeprefix(_RELATION)
    text = (
        "(SELECT target_ref FROM catalog_relation WHERE source_ref = catalog_entity.ref AND lower(type) = %s"
        " UNION ALL"
        " SELECT source_ref FROM catalog_relation WHERE target_ref = catalog_entity.ref AND lower(reverse) = %s"
        f") AS one(value) WHERE length(one.value) <= {LONGEST}"
    )
    return Sql(text, (kind, kind))


def _item(key: str) -> Sql:
    """Whether the key stands for an item of a list, which holds `true`."""
    return _with_terms([value_term(key, "true")])


def _with_terms(terms: list[int]) -> Sql:
    return Sql(_HAS_TERMS, (terms,))


def _holds_one(field: str, test: str, value: str) -> Sql:
    """A test on any value of a key. `test` is a text of our own; what users say is a parameter."""
    key = _key(field)
    if key in _SINGLE:
        return Sql(f"{test.format(value=_SINGLE[key])} IS TRUE", (value,))
    if key.startswith(_RELATION):
        related = _related(key)
        text = f"EXISTS (SELECT 1 FROM {related.text} AND {test.format(value='one.value')})"
        return Sql(text, (*related.params, value))
    item = _item(key)
    among = (
        f"jsonb_array_elements_text(held.values -> %s) AS one(value) WHERE {test.format(value='one.value')}"
    )
    text = (
        f"(EXISTS (SELECT 1 FROM {_HELD} AND EXISTS (SELECT 1 FROM {among}))"
        f" OR ({item.text} AND {test.format(value=_TRUE_TEXT)}))"
    )
    return Sql(text, (key, value, *item.params, value))


_TRUE_TEXT = "'true'::text"
_UID_PART = re.compile(r"[0-9a-f%_-]*")


def _joined(word: str, parts: Iterable[Sql], nothing: Sql) -> Sql:
    found = list(parts)
    if len(found) <= 1:
        return found[0] if found else nothing
    text = word.join(f"({part.text})" for part in found)
    return Sql(text, tuple(param for part in found for param in part.params))


def _key(field: str) -> str:
    return storable(field).lower()
