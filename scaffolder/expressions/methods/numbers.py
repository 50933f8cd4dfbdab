"""The methods of numbers, in exact decimal arithmetic where JavaScript prints exact digits."""

import math
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from scaffolder.expressions.bounds import Meter
from scaffolder.expressions.errors import Fault
from scaffolder.expressions.values import UNDEFINED, Value, number_text, to_whole

from .shape import Method, argument

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def _rounded(value: float, digits: int) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, Context(prec=1200))


def _digits(name: str, value: Value, low: int, high: int) -> int:
    digits = to_whole(value)
    if not low <= digits <= high:
        raise Fault(f"{name}() digits argument must be between {low} and {high}")
    return digits


def _to_fixed(meter: Meter, value: float, arguments: list[Value]) -> Value:
    digits = _digits("toFixed", argument(arguments, 0), 0, 100)
    if not math.isfinite(value) or abs(value) >= 1e21:
        return number_text(value)
    text = f"{_rounded(value, digits):f}"
    return text.removeprefix("-") if not text.strip("-0.") and value == 0 else text


def _to_precision(meter: Meter, value: float, arguments: list[Value]) -> Value:
    if argument(arguments, 0) is UNDEFINED or not math.isfinite(value):
        return number_text(value)
    digits = _digits("toPrecision", arguments[0], 1, 100)
    exact = Decimal(value)
    power = exact.adjusted() if exact else 0
    exact = _rounded(value, digits - 1 - power)
    power = exact.adjusted() if exact else 0
    if power < -6 or power >= digits:
        return _exponential(value, digits - 1)
    return f"{_rounded(value, max(digits - 1 - power, 0)):f}"


def _to_exponential(meter: Meter, value: float, arguments: list[Value]) -> Value:
    if not math.isfinite(value):
        return number_text(value)
    if argument(arguments, 0) is UNDEFINED:
        shortest = f"{float(value)!r}".lstrip("-").partition("e")[0].replace(".", "").strip("0")
        return _exponential(value, max(len(shortest) - 1, 0))
    return _exponential(value, _digits("toExponential", arguments[0], 0, 100))


def _exponential(value: float, digits: int) -> str:
    power = Decimal(value).adjusted() if value else 0
    scaled = _rounded(value, digits - power).scaleb(-power, Context(prec=1200))
    if abs(scaled) >= 10:
        power, scaled = power + 1, scaled / 10
    return f"{scaled:.{digits}f}e{'-' if power < 0 else '+'}{abs(power)}"


def _number_to_text(meter: Meter, value: float, arguments: list[Value]) -> Value:
    base = to_whole(argument(arguments, 0), 10)
    if not 2 <= base <= 36:
        raise Fault("toString() radix must be between 2 and 36")
    if base == 10 or not math.isfinite(value):
        return number_text(value)
    whole, part = divmod(abs(value), 1)
    text, left = "", int(whole)
    while left or not text:
        left, digit = divmod(left, base)
        text = _DIGITS[digit] + text
    if part:
        text += "."
        for _ in range(52):
            shown, part = divmod(part * base, 1)
            text += _DIGITS[int(shown)]
            if not part:
                break
    return f"-{text}" if value < 0 else text


NUMBER: Final[dict[str, Method]] = {
    "toExponential": _to_exponential,
    "toFixed": _to_fixed,
    "toPrecision": _to_precision,
    "toString": _number_to_text,
}
