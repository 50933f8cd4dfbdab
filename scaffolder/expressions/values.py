"""What values mean in a template: JavaScript's truth, text, number, equality and order, over plain data.

A value is undefined, None, a bool, an int or float, a str, a list, a dict with text keys, a Regex, or
something to call. Inside the engine a str holds UTF-16 code units, so that lengths and slices count as
JavaScript counts (`crossing.py` converts at the border). Whole numbers below 2^53 are int, all others
float.
"""

import math
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from .bounds import METER, Meter
from .errors import Fault

Value: TypeAlias = Any
"""One of the above. Not `object`: each operation looks at the type itself."""

Body: TypeAlias = Callable[[Meter, list[Value], dict[str, Value]], Value]
"""What stands behind a function of the language: meter, arguments by position, arguments by name."""

WHITESPACE: Final = "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""What JavaScript takes off at both ends of a text."""

_WHOLE: Final = 2**53
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?)")
_OTHER_BASES = {"0x": 16, "0o": 8, "0b": 2}


class Undefined:
    """The value of a name or member that is not there. There is one, `UNDEFINED`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final = Undefined()


class SafeText(str):
    """Text that `safe` or `escape` made, which `escape` leaves alone."""

    __slots__ = ()


class Opaque:
    """What a template may hold but never print: a function, a macro, a cycler."""

    __slots__ = ()


class Function(Opaque):
    """Something to call: `body(meter, positional, named)`."""

    __slots__ = ("body", "name")

    def __init__(self, name: str, body: Body) -> None:
        self.name = name
        self.body = body


def type_name(value: Value) -> str:
    """The word for a value's type in messages."""
    match value:
        case Undefined():
            return "undefined"
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "record"
    return "function" if isinstance(value, Opaque) else "regex"


def is_truthy(value: Value) -> bool:
    """Truth inside a template: an empty list or dict is true."""
    if isinstance(value, float) and value != value:
        return False
    return not (value is None or value is UNDEFINED or value is False or value == 0 or value == "")


def is_number(value: Value) -> bool:
    """A number, and not a bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(value: float) -> int | float:
    """The one form of a number: int when whole and exact, float otherwise."""
    if isinstance(value, int):
        return value if -_WHOLE <= value <= _WHOLE else float(value)
    if value.is_integer() and -_WHOLE <= value <= _WHOLE:
        return int(value)
    return value


def number_text(value: float) -> str:
    """A number as JavaScript prints it."""
    if isinstance(value, int) and abs(value) < 10**21:
        return str(value)
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    mantissa, _, exponent = f"{value!r}".lstrip("-").partition("e")
    whole, _, part = mantissa.partition(".")
    part = "" if part == "0" else part
    digits = (whole + part).lstrip("0")
    point = (
        len(whole) + int(exponent or 0) - (len(whole + part) - len(digits) if whole.strip("0") == "" else 0)
    )
    digits = digits.rstrip("0") or "0"
    sign = "-" if value < 0 else ""
    if 0 < point <= 21:
        text = digits.ljust(point, "0") if len(digits) <= point else f"{digits[:point]}.{digits[point:]}"
    elif -6 < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        part = f".{digits[1:]}" if len(digits) > 1 else ""
        text = f"{digits[0]}{part}e{point - 1:+d}"
    return sign + text


def to_text(value: Value) -> str:
    """A value as text in an operation: undefined is `undefined`, a list is joined by commas."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(value)
        case None:
            return "null"
        case Undefined():
            return "undefined"
        case list():
            METER.get().spend(len(value))
            return ",".join("" if item is None or item is UNDEFINED else to_text(item) for item in value)
        case dict():
            return "[object Object]"
        case Opaque():
            raise Fault("Callable values cannot be coerced")
    return str(value)


def output_text(value: Value) -> str:
    """A value as text in the result: nothing for undefined and null."""
    return "" if value is None or value is UNDEFINED else to_text(value)


def to_number(value: Value) -> int | float:
    """A value as a number; NaN when it is none."""
    match value:
        case bool():
            return int(value)
        case int() | float():
            return number(value)
        case None:
            return 0
        case Undefined():
            return math.nan
        case str():
            return _parsed(value.strip(WHITESPACE))
    return _parsed(to_text(value).strip(WHITESPACE))


def _parsed(text: str) -> int | float:
    if not text:
        return 0
    if _DECIMAL.fullmatch(text) and len(text) < 400:
        return number(float(text))
    base = _OTHER_BASES.get(text[:2].lower())
    if base and text[2:].isalnum() and len(text) < 400:
        try:
            return number(int(text[2:], base))
        except ValueError:
            return math.nan
    return {"Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf}.get(text, math.nan)


def to_whole(value: Value, missing: int = 0) -> int:
    """A value as a whole number, cut towards zero, for positions and counts; `missing` for undefined."""
    if value is UNDEFINED:
        return missing
    amount = to_number(value)
    if amount != amount:
        return 0
    if math.isinf(amount):
        return _WHOLE if amount > 0 else -_WHOLE
    return int(amount)


def strictly_equal(left: Value, right: Value) -> bool:
    """`===`: the same type and value; lists and dicts only when they are the very same."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    if isinstance(left, str) and isinstance(right, str):
        return str.__eq__(left, right)
    return left is right


def loosely_equal(left: Value, right: Value) -> bool:
    """`==`: numbers equal their text, null equals undefined, a list equals its text."""
    nothing = (left is None or left is UNDEFINED, right is None or right is UNDEFINED)
    if any(nothing):
        return all(nothing)
    if isinstance(left, list | dict) and isinstance(right, list | dict):
        return left is right
    if isinstance(left, Opaque) or isinstance(right, Opaque):
        return left is right
    if isinstance(left, list | dict):
        left = to_text(left)
    if isinstance(right, list | dict):
        right = to_text(right)
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return to_number(left) == to_number(right)


def less(left: Value, right: Value) -> bool | None:
    """Whether left is before right; None when they cannot be compared (NaN)."""
    left, right = _plain(left), _plain(right)
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    first, second = to_number(left), to_number(right)
    if first != first or second != second:
        return None
    return first < second


def added(left: Value, right: Value) -> Value:
    """`+`: joins when one side is text, a list or a dict; adds otherwise."""
    left, right = _plain(left), _plain(right)
    if isinstance(left, str) or isinstance(right, str):
        return to_text(left) + to_text(right)
    return number(to_number(left) + to_number(right))


def _plain(value: Value) -> Value:
    """What an operator works on: lists, dicts and patterns become their text."""
    if value is None or value is UNDEFINED or isinstance(value, str | int | float):
        return value
    return to_text(value)


def divided(left: Value, right: Value) -> int | float:
    """`/`: by zero gives Infinity or NaN."""
    over, under = float(to_number(left)), float(to_number(right))
    if under == 0:
        return math.nan if over == 0 or over != over else math.copysign(math.inf, over)
    return number(over / under)


def remainder(left: Value, right: Value) -> int | float:
    """`%`: has the sign of the left side."""
    over, under = float(to_number(left)), float(to_number(right))
    if under == 0 or math.isinf(over):
        return math.nan
    return number(math.fmod(over, under))


def power(left: Value, right: Value) -> int | float:
    """`**`, always in floating point, so that it cannot make a giant number."""
    base, exponent = float(to_number(left)), float(to_number(right))
    if exponent != exponent or (abs(base) == 1 and math.isinf(exponent)):
        return math.nan  # where Python, as C does, takes 1 to any power for 1
    try:
        result = base**exponent
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 else math.inf
    except ZeroDivisionError:
        return math.inf
    return math.nan if isinstance(result, complex) else number(result)


def floor(value: float) -> int | float:
    """The whole number below, for `//`; Infinity and NaN stay."""
    return number(math.floor(value)) if math.isfinite(value) else value
