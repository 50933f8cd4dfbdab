"""What a method looks like, and how methods read their arguments."""

from collections.abc import Callable
from typing import TypeAlias

from scaffolder.expressions.bounds import Meter
from scaffolder.expressions.values import UNDEFINED, Value, to_text, to_whole

Method: TypeAlias = Callable[[Meter, Value, list[Value]], Value]
"""What a method does: meter, the value it belongs to, its arguments."""


def argument(arguments: list[Value], place: int, missing: Value = UNDEFINED) -> Value:
    """The argument at a place; `missing` when it was not given."""
    return arguments[place] if place < len(arguments) else missing


def position(value: Value, length: int, missing: int) -> int:
    """A position that counts from the end when negative, within the length."""
    place = to_whole(value, missing)
    return max(length + place, 0) if place < 0 else min(place, length)


def clamped(value: Value, length: int, missing: int) -> int:
    """A position from 0 to the length."""
    return min(max(to_whole(value, missing), 0), length)


def joined(meter: Meter, items: list[Value], separator: str) -> str:
    """The texts of the elements with a separator between; nothing for undefined and null."""
    meter.items(len(items))
    parts = ["" if item is None or item is UNDEFINED else to_text(item) for item in items]
    meter.text(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


def cut(meter: Meter, target: Value, arguments: list[Value]) -> Value:
    start = position(argument(arguments, 0), len(target), 0)
    return target[start : position(argument(arguments, 1), len(target), len(target))]


def at(meter: Meter, target: Value, arguments: list[Value]) -> Value:
    place = to_whole(argument(arguments, 0))
    return target[place] if -len(target) <= place < len(target) else UNDEFINED


def to_string(meter: Meter, value: Value, arguments: list[Value]) -> Value:
    return to_text(value)
