"""The predicate language: one small tree that `filter=` and `query` both become (CATALOG.md 6 and 9.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InputError

MOST_CONDITIONS = 2_000
"""Conditions in one query; more is refused before the database sees them."""
DEEPEST = 30
MOST_STEPS = 200
"""Names between dots that `$contains` with an object follows: each is a loop over the document."""
_SPLIT = "split it into several queries"


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; no part at all holds for everything."""

    parts: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; no part at all holds for nothing."""

    parts: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Predicate"


@dataclass(frozen=True, slots=True)
class Has:
    """The key is there, whatever it holds."""

    key: str


@dataclass(frozen=True, slots=True)
class Holds:
    """The key holds one of the values, letter case aside."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Begins:
    """A value of the key begins so, letter case aside."""

    key: str
    prefix: str


@dataclass(frozen=True, slots=True)
class HoldsItem:
    """The list under the key has an item for which `part` holds; `part`'s keys are the item's own.

    Search keys cannot tell which values stand in one item, so that this is looked up in the document itself
    (`catalog.item_conditions`). `necessary()` of it narrows the entities down first.
    """

    key: str
    part: "Predicate"


Predicate = All | AnyOf | Not | Has | Holds | Begins | HoldsItem

EVERYTHING = All(())


def necessary(key: str, part: Predicate) -> Predicate:
    """What search keys say of any entity with an item under `key` for which `part` holds."""
    match part:
        case All(parts):
            known = [needed for one in parts if (needed := necessary(key, one)) != EVERYTHING]
            return _joined(known)
        case AnyOf(parts):
            either = tuple(necessary(key, one) for one in parts)
            return EVERYTHING if EVERYTHING in either else AnyOf(either)
        case Has(below):
            return Has(f"{key}.{below}")
        case Holds(below, values):
            return Holds(f"{key}.{below}", values)
        case Begins(below, prefix):
            return Begins(f"{key}.{below}", prefix)
    return EVERYTHING


def parse_query(query: object) -> Predicate:
    """A `query` document → predicate; InputError says what cannot be understood."""
    return _Reader().predicate(query, 0)


def parse_filters(filters: Sequence[str]) -> dict[str, Any] | None:
    """The `filter=` parameters → the `query` document that means the same; None when there is no filter.

    Several filters are alternatives; inside one, a comma joins conditions on different keys, and a key named
    twice takes either value.
    """
    alternatives = [_conditions(text) for text in filters]
    found = sum(text.count(",") + 1 for text in filters)
    if found > MOST_CONDITIONS:
        raise InputError(f"Invalid filter: {found} conditions, {MOST_CONDITIONS} at the most; {_SPLIT}")
    if not alternatives:
        return None
    return alternatives[0] if len(alternatives) == 1 else {"$any": alternatives}


def _conditions(text: str) -> dict[str, Any]:
    wanted: dict[str, list[str] | None] = {}
    for statement in text.split(","):
        statement = statement.strip()
        if not statement:
            continue
        key, equals, value = (part.strip() for part in statement.partition("="))
        if not key:
            form = "expected a string on the form a=b or a= or a"
            raise InputError(f"Invalid filter, '{statement}' is not a valid statement ({form})")
        if not equals:
            wanted[key] = None
        elif (held := wanted.setdefault(key, [])) is not None:
            held.append(value)
    return {key: _matcher(values) for key, values in wanted.items()}


def _matcher(values: list[str] | None) -> Any:
    if values is None:
        return {"$exists": True}
    return values[0] if len(values) == 1 else {"$in": values}


class _Reader:
    def __init__(self) -> None:
        self.conditions = 0
        self.steps = self.inside = 0

    def predicate(self, query: object, depth: int) -> Predicate:
        if depth > DEEPEST:
            raise InputError(f"Invalid query: nested deeper than {DEEPEST} levels")
        if not isinstance(query, Mapping):
            raise InputError(f"Invalid query: expected an object, received {query!r}")
        operators = [key for key in query if key.startswith("$")]
        if operators:
            return self.operator(operators[0], query, depth)
        return _joined([self.condition(key, matcher, depth) for key, matcher in query.items()])

    def operator(self, name: str, query: Mapping[str, Any], depth: int) -> Predicate:
        others = [key for key in query if key != name]
        if others:
            named = ", ".join(f"'{key}'" for key in others)
            raise InputError(f"Invalid query: Validation error: Unrecognized key(s) in object: {named}")
        match name, query[name]:
            case "$not", part:
                return Not(self.predicate(part, depth + 1))
            case "$all" | "$any", list() as parts:
                read = tuple(self.predicate(part, depth + 1) for part in parts)
                return All(read) if name == "$all" else AnyOf(read)
            case "$all" | "$any", other:
                raise InputError(f"Invalid query: {name} takes a list, received {other!r}")
        raise InputError(f"Invalid query: unknown operator {name!r}; there are $all, $any and $not")

    def condition(self, key: str, matcher: Any, depth: int) -> Predicate:
        self.count(1)
        if self.inside:
            self.step(key)
        if isinstance(matcher, str | int | float):
            return Holds(key, (_text(matcher),))
        if not isinstance(matcher, Mapping) or len(matcher) != 1:
            raise InputError(f"Invalid query: {key!r} takes a value or one operator, received {matcher!r}")
        ((name, value),) = matcher.items()
        match name, value:
            case "$exists", bool():
                return Has(key) if value else Not(Has(key))
            case "$in", list():
                self.count(len(value))
                return Holds(key, tuple(_scalar(key, item) for item in value))
            case "$hasPrefix", str():
                return Begins(key, value)
            case "$contains", Mapping():
                return self.contains(key, value, depth)
            case "$contains", _:
                return Holds(key, (_scalar(key, value),))
        known = "$exists, $in, $hasPrefix and $contains"
        raise InputError(f"Invalid query: {key!r} has {name!r} with {value!r}; there are {known}")

    def contains(self, key: str, inner: Mapping[str, Any], depth: int) -> Predicate:
        """`{key: {"$contains": {…}}}`: some item of the list fulfils a predicate over its own fields."""
        if key.lower() == "relations" and not self.inside:
            return self.relation(inner, depth)
        self.step(key)
        self.inside += 1
        part = self.predicate(inner, depth + 1)
        self.inside -= 1
        return All((necessary(key, part), HoldsItem(key, part)))

    def relation(self, inner: Mapping[str, Any], depth: int) -> Predicate:
        """`{"relations": {"$contains": {"type": …, "targetRef": …}}}`: relations are search keys of their own."""
        asked = {name.lower(): matcher for name, matcher in inner.items()}
        where = '$contains for "relations"'
        for name in inner:
            if name.lower() not in {"type", "targetref"}:
                only = 'Only "type" and "targetRef" are supported'
                raise InputError(f'Invalid query: Unsupported key "{name}" in {where}. {only}')
        if not isinstance(asked.get("type"), str):
            needs = 'The $contains operator for "relations" requires a "type" string property'
            raise InputError(f"Invalid query: {needs}")
        key = f"relations.{asked['type']}"
        return self.condition(key, asked["targetref"], depth) if "targetref" in asked else Has(key)

    def step(self, key: str) -> None:
        self.steps += key.count(".") + 1
        if self.steps > MOST_STEPS:
            raise InputError(
                f"Invalid query: $contains with more than {MOST_STEPS} steps into items; {_SPLIT}"
            )

    def count(self, more: int) -> None:
        self.conditions += more
        if self.conditions > MOST_CONDITIONS:
            raise InputError(f"Invalid query: more than {MOST_CONDITIONS} conditions; {_SPLIT}")


def _joined(parts: list[Predicate]) -> Predicate:
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _scalar(key: str, value: object) -> str:
    if not isinstance(value, str | int | float):
        raise InputError(f"Invalid query: {key!r} compares with text, number or boolean, not with {value!r}")
    return _text(value)


def _text(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
