"""The methods of dicts, of patterns, and of what `cycler` gives."""
# ruff: noqa: ARG005  every method has one signature

from typing import Final

from scaffolder.expressions.bounds import Meter
from scaffolder.expressions.values import UNDEFINED, Opaque, Value, to_text

from .shape import Method, argument, to_string


class Cycler(Opaque):
    """What `cycler(a, b)` gives: `next()` goes round, `current` looks, `reset()` begins anew."""

    __slots__ = ("current", "index", "items")

    def __init__(self, items: list[Value]) -> None:
        self.items = items
        self.index = -1
        self.current: Value = None


def _has_own(meter: Meter, record: dict[str, Value], arguments: list[Value]) -> Value:
    return to_text(argument(arguments, 0)) in record


def _get(meter: Meter, record: dict[str, Value], arguments: list[Value]) -> Value:
    return record.get(to_text(argument(arguments, 0)), argument(arguments, 1))


def _next(meter: Meter, cycler: Cycler, arguments: list[Value]) -> Value:
    if not cycler.items:
        return UNDEFINED
    cycler.index = (cycler.index + 1) % len(cycler.items)
    cycler.current = cycler.items[cycler.index]
    return cycler.current


def _reset(meter: Meter, cycler: Cycler, arguments: list[Value]) -> Value:
    cycler.index, cycler.current = -1, None
    return UNDEFINED


OLD_DICT: Final[dict[str, Method]] = {"hasOwnProperty": _has_own, "toString": to_string}
"""What only the engine before 4.0.3 offered."""

PYTHON_DICT: Final[dict[str, Method]] = {
    "get": _get,
    "has_key": _has_own,
    "items": lambda meter, record, arguments: [[key, value] for key, value in record.items()],
    "keys": lambda meter, record, arguments: list(record),
    "values": lambda meter, record, arguments: list(record.values()),
}
"""What cookiecutters may call besides."""

REGEX: Final[dict[str, Method]] = {
    "test": lambda meter, pattern, arguments: pattern.test(to_text(argument(arguments, 0)), meter),
}

CYCLER: Final[dict[str, Method]] = {"next": _next, "reset": _reset}
