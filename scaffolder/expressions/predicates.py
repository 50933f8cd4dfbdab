"""The tests behind `is`: `x is defined`, `n is divisibleby(3)`."""

from collections.abc import Callable
from typing import Final, TypeAlias

from .errors import Fault
from .values import (
    UNDEFINED,
    Function,
    SafeText,
    Value,
    is_number,
    is_truthy,
    less,
    remainder,
    strictly_equal,
)

Predicate: TypeAlias = Callable[..., bool]


def _iterable(value: Value) -> bool:
    if value is None or value is UNDEFINED:
        raise Fault("iterable test requires a value")
    return isinstance(value, str | list)


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise Fault("Filter input must be a string")
    return value


def _not_less(left: Value, right: Value) -> bool:
    return less(left, right) is False


def _is_parity(value: Value, wanted: int) -> bool:
    return remainder(value, 2) == wanted


PREDICATES: Final[dict[str, tuple[int, Predicate]]] = {
    "callable": (0, lambda value: isinstance(value, Function)),
    "defined": (0, lambda value: value is not UNDEFINED),
    "divisibleby": (1, lambda value, by: remainder(value, by) == 0),
    "eq": (1, strictly_equal),
    "equalto": (1, strictly_equal),
    "escaped": (0, lambda value: isinstance(value, SafeText)),
    "even": (0, lambda value: _is_parity(value, 0)),
    "falsy": (0, lambda value: not is_truthy(value)),
    "ge": (1, _not_less),
    "greaterthan": (1, lambda value, other: less(other, value) is True),
    "gt": (1, lambda value, other: less(other, value) is True),
    "iterable": (0, _iterable),
    "le": (1, lambda value, other: less(other, value) is False),
    "lessthan": (1, lambda value, other: less(value, other) is True),
    "lower": (0, lambda value: _text(value).lower() == value),
    "lt": (1, lambda value, other: less(value, other) is True),
    "mapping": (0, lambda value: isinstance(value, dict)),
    "ne": (1, lambda value, other: not strictly_equal(value, other)),
    "none": (0, lambda value: value is None),
    "null": (0, lambda value: value is None),
    "number": (0, is_number),
    "odd": (0, lambda value: _is_parity(value, 1)),
    "sameas": (1, strictly_equal),
    "string": (0, lambda value: isinstance(value, str)),
    "truthy": (0, is_truthy),
    "undefined": (0, lambda value: value is UNDEFINED),
    "upper": (0, lambda value: _text(value).upper() == value),
}
"""Name → how many arguments it takes, and the test."""


def tested(name: str, value: Value, arguments: list[Value]) -> bool:
    """Whether a value passes a test. Raises Fault for a test that there is not."""
    if name not in PREDICATES:
        raise Fault(f'Unknown template test "{name}"')
    count, predicate = PREDICATES[name]
    if len(arguments) != count:
        plural = "" if count == 1 else "s"
        raise Fault(f"Template test {name} requires {count} positional argument{plural}")
    return predicate(value, *arguments)
