"""The functions that every template has: range, cycler, joiner."""

import math
from typing import Final

from .bounds import Meter
from .errors import Fault
from .methods.records import Cycler
from .methods.shape import argument
from .values import UNDEFINED, Function, Value, number, to_number


def _range(meter: Meter, positional: list[Value], named: dict[str, Value]) -> Value:
    """`range(stop)`, `range(start, stop)`, `range(start, stop, step)`."""
    first, second = argument(positional, 0), argument(positional, 1)
    start, stop = (0, first) if second is UNDEFINED else (first, second)
    step = argument(positional, 2)
    low, high = to_number(start), to_number(stop)
    by = 1 if step is UNDEFINED or step == 0 else to_number(step)
    if not all(map(math.isfinite, (low, high, by))):
        if any(map(math.isnan, (low, high, by))):
            return []
        raise Fault("range() needs finite bounds")
    count = max(math.ceil((high - low) / by), 0)
    meter.items(count)
    return [number(low + place * by) for place in range(count)]


def _cycler(meter: Meter, positional: list[Value], named: dict[str, Value]) -> Value:
    return Cycler(positional)


def _joiner(meter: Meter, positional: list[Value], named: dict[str, Value]) -> Value:
    """A function that gives nothing the first time and the separator ever after."""
    separator = argument(positional, 0, ",")
    used = False

    def join(_meter: Meter, _positional: list[Value], _named: dict[str, Value]) -> Value:
        nonlocal used
        first, used = not used, True
        return "" if first else separator

    return Function("joiner", join)


FUNCTIONS: Final[dict[str, Function]] = {
    "range": Function("range", _range),
    "cycler": Function("cycler", _cycler),
    "joiner": Function("joiner", _joiner),
}
