"""Filters on lists and dicts."""

import os
from typing import Final

from scaffolder.expressions.bounds import Meter
from scaffolder.expressions.errors import Fault
from scaffolder.expressions.members import member
from scaffolder.expressions.methods.shape import argument, joined
from scaffolder.expressions.ordering import in_order
from scaffolder.expressions.predicates import tested
from scaffolder.expressions.values import UNDEFINED, Value, added, is_truthy, to_text, to_whole

from .shape import FilterBody, attribute, list_of, sequence_of


def _batch(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    items = sequence_of("batch", value)
    size = to_whole(argument(positional, 0))
    if size <= 0:
        return [items] if items else []
    meter.items(len(items) + size)
    found = [items[start : start + size] for start in range(0, len(items), size)]
    filling = argument(positional, 1)
    if found and is_truthy(filling):
        found[-1] += [filling] * (size - len(found[-1]))
    return found


def _slice(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    items = value if isinstance(value, str) else sequence_of("slice", value)
    count = to_whole(argument(positional, 0))
    if count <= 0:
        return []
    meter.items(len(items) + count)
    length, extra = divmod(len(items), count)
    filling = argument(positional, 1)
    found: list[Value] = []
    start = 0
    for place in range(count):
        stop = start + length + (1 if place < extra else 0)
        part = items[start:stop]
        if is_truthy(filling) and place >= extra and isinstance(part, list):
            part.append(filling)
        found.append(part)
        start = stop
    return found


def _dictsort(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    if not isinstance(value, dict):
        raise Fault("dictsort requires a record")
    by = argument(positional, 1)
    if by is not UNDEFINED and by != "key" and by != "value":
        raise Fault("dictsort sorts by 'key' or 'value'")
    place = 1 if by == "value" else 0
    exact = is_truthy(argument(positional, 0))
    meter.items(len(value) * 8)
    pairs = [list(pair) for pair in value.items()]
    return in_order(pairs, lambda pair: _folded(pair[place], exact=exact))


def _folded(value: Value, *, exact: bool) -> Value:
    return value.lower() if isinstance(value, str) and not exact else value


def _sort(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    if not isinstance(value, list):
        value = list(value) if isinstance(value, str) else []
    reverse = is_truthy(argument(positional, 0, named.get("reversed", UNDEFINED)))
    exact = is_truthy(argument(positional, 1, named.get("case_sensitive", UNDEFINED)))
    path = argument(positional, 2, named.get("attribute", UNDEFINED))
    meter.items(len(value) * 8)

    def key(item: Value) -> Value:
        found = attribute(item, path) if is_truthy(path) else item
        if found is UNDEFINED and is_truthy(path):
            raise Fault(f'sort: attribute "{to_text(path)}" resolved to undefined')
        return _folded(found, exact=exact)

    return in_order(value, key, reverse=reverse)


def _groupby(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    path = argument(positional, 0)
    found: dict[str, list[Value]] = {}
    for item in sequence_of("groupby", value):
        meter.spend()
        found.setdefault(to_text(attribute(item, path)), []).append(item)
    return found


def _first(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    if value is None or value is UNDEFINED:
        raise Fault("first requires a sequence")
    return member(value, 0) if isinstance(value, str | list) else UNDEFINED


def _last(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    if value is None or value is UNDEFINED:
        raise Fault("last requires a sequence")
    return member(value, len(value) - 1) if isinstance(value, str | list) and value else UNDEFINED


def _join(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    items = list_of("join", value)
    separator, path = argument(positional, 0), argument(positional, 1)
    if is_truthy(path):
        items = [attribute(item, path) for item in items]
    return joined(meter, items, to_text(separator) if is_truthy(separator) else "")


def _length(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    if value is None or value is UNDEFINED or value is False:
        return 0
    return len(value) if isinstance(value, str | list | dict) else UNDEFINED


def _list(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    if isinstance(value, str | list):
        meter.items(len(value))
        return list(value)
    if isinstance(value, dict):
        meter.items(len(value))
        return [{"key": key, "value": item} for key, item in value.items()]
    raise Fault("list requires an iterable value")


def _random(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    items = sequence_of("random", value)
    return items[int.from_bytes(os.urandom(8), "big") % len(items)] if items else UNDEFINED


def _reverse(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    if isinstance(value, str):
        return value[::-1]
    meter.items(len(value) if isinstance(value, list) else 0)
    return value[::-1] if isinstance(value, list) else []


def _chosen(value: Value, positional: list[Value], *, wanted: bool, name: str) -> Value:
    test = argument(positional, 0)
    if not is_truthy(test):
        return [item for item in sequence_of(name, value) if is_truthy(item) is wanted]
    items = sequence_of(name, value)
    return [item for item in items if tested(to_text(test), item, positional[1:]) is wanted]


def _select(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    meter.items(len(value) if isinstance(value, list) else 0)
    return _chosen(value, positional, wanted=True, name="select")


def _reject(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    meter.items(len(value) if isinstance(value, list) else 0)
    return _chosen(value, positional, wanted=False, name="reject")


def _selectattr(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    items, name = list_of("selectattr", value), argument(positional, 0)
    meter.items(len(items))
    return [item for item in items if is_truthy(member(item, name))]


def _rejectattr(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    items, name = list_of("rejectattr", value), argument(positional, 0)
    meter.items(len(items))
    return [item for item in items if not is_truthy(member(item, name))]


def _sum(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    path = argument(positional, 0)
    total: Value = 0
    for item in list_of("sum", value):
        total = added(total, attribute(item, path) if is_truthy(path) else item)
        meter.spend()
        if isinstance(total, str):
            meter.text(len(total))
    return added(argument(positional, 1, 0), total)


LIST_FILTERS: Final[dict[str, FilterBody]] = {
    "batch": _batch,
    "dictsort": _dictsort,
    "first": _first,
    "groupby": _groupby,
    "join": _join,
    "last": _last,
    "length": _length,
    "list": _list,
    "random": _random,
    "reject": _reject,
    "rejectattr": _rejectattr,
    "reverse": _reverse,
    "select": _select,
    "selectattr": _selectattr,
    "slice": _slice,
    "sort": _sort,
    "sum": _sum,
}
