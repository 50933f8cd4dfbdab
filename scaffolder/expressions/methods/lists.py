"""The methods of lists, and what Python calls them, for cookiecutters."""

from typing import Final

from scaffolder.expressions.bounds import Meter
from scaffolder.expressions.values import UNDEFINED, Value, is_number, strictly_equal, to_text, to_whole

from .shape import Method, argument, at, clamped, cut, joined, position, to_string


def _join(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    separator = argument(arguments, 0)
    return joined(meter, items, "," if separator is UNDEFINED else to_text(separator))


def _index(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    wanted = argument(arguments, 0)
    start = position(argument(arguments, 1), len(items), 0)
    meter.items(len(items))
    return next((place for place in range(start, len(items)) if strictly_equal(items[place], wanted)), -1)


def _last_index(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    wanted = argument(arguments, 0)
    meter.items(len(items))
    start = min(to_whole(argument(arguments, 1), len(items) - 1), len(items) - 1)
    start = start + len(items) if start < 0 else start
    return next((place for place in range(start, -1, -1) if strictly_equal(items[place], wanted)), -1)


def _includes(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    wanted = argument(arguments, 0)
    meter.items(len(items))
    if is_number(wanted) and wanted != wanted:
        return any(is_number(item) and item != item for item in items)
    return any(strictly_equal(item, wanted) for item in items)


def _concat(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    found = list(items)
    for value in arguments:
        found += value if isinstance(value, list) else [value]
        meter.items(len(found))
    return found


def _reverse(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    meter.items(len(items))
    items.reverse()
    return items


def _sort(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    meter.items(len(items) * 8)
    there = sorted((item for item in items if item is not UNDEFINED), key=to_text)
    items[:] = there + [UNDEFINED] * (len(items) - len(there))
    return items


def _push(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    meter.items(len(items) + len(arguments))
    items += arguments
    return len(items)


def _pop(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    return items.pop() if items else UNDEFINED


def _shift(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    return items.pop(0) if items else UNDEFINED


def _unshift(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    meter.items(len(items) + len(arguments))
    items[:0] = arguments
    return len(items)


def _splice(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    if not arguments:
        return []
    start = position(arguments[0], len(items), 0)
    count = clamped(argument(arguments, 1, len(items)), len(items) - start, 0)
    meter.items(len(items) + len(arguments))
    taken = items[start : start + count]
    items[start : start + count] = arguments[2:]
    return taken


def _flat(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    return _flattened(meter, items, min(to_whole(argument(arguments, 0), 1), meter.bounds.depth))


def _flattened(meter: Meter, items: list[Value], depth: int) -> list[Value]:
    found: list[Value] = []
    for item in items:
        found += _flattened(meter, item, depth - 1) if isinstance(item, list) and depth > 0 else [item]
        meter.spend()
        meter.items(len(found) & ~7)
    return found


def _fill(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    start = position(argument(arguments, 1), len(items), 0)
    stop = position(argument(arguments, 2), len(items), len(items))
    meter.items(len(items))
    items[start:stop] = [argument(arguments, 0)] * max(stop - start, 0)
    return items


def _copy_within(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    to = position(argument(arguments, 0), len(items), 0)
    start = position(argument(arguments, 1), len(items), 0)
    taken = items[start : position(argument(arguments, 2), len(items), len(items))][: len(items) - to]
    meter.items(len(items))
    items[to : to + len(taken)] = taken
    return items


def _insert(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    meter.items(len(items) + 1)
    items.insert(position(argument(arguments, 0), len(items), 0), argument(arguments, 1))
    return UNDEFINED


def _remove(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    place = _index(meter, items, arguments[:1])
    return [] if place < 0 else [items.pop(place)]


def _count(meter: Meter, items: list[Value], arguments: list[Value]) -> Value:
    meter.items(len(items))
    return sum(strictly_equal(item, argument(arguments, 0)) for item in items)


LIST: Final[dict[str, Method]] = {
    "at": at,
    "concat": _concat,
    "copyWithin": _copy_within,
    "fill": _fill,
    "flat": _flat,
    "includes": _includes,
    "indexOf": _index,
    "join": _join,
    "lastIndexOf": _last_index,
    "pop": _pop,
    "push": _push,
    "reverse": _reverse,
    "shift": _shift,
    "slice": cut,
    "sort": _sort,
    "splice": _splice,
    "unshift": _unshift,
}

OLD_LIST: Final[dict[str, Method]] = {"toString": to_string}
"""What only the engine before 4.0.3 offered."""

PYTHON_LIST: Final[dict[str, Method]] = {
    "append": _push,
    "count": _count,
    "find": _index,
    "index": _index,
    "insert": _insert,
    "remove": _remove,
}
"""What cookiecutters may call besides."""
