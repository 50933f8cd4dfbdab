"""Filters on numbers and on values of any kind."""

import math
import re
from typing import Final

from scaffolder.expressions.bounds import Meter
from scaffolder.expressions.json_text import json_text
from scaffolder.expressions.methods.shape import argument
from scaffolder.expressions.values import (
    UNDEFINED,
    WHITESPACE,
    Value,
    is_truthy,
    number,
    to_number,
    to_text,
    to_whole,
)

from .shape import FilterBody

_FLOAT = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|Infinity)")


def _abs(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    return abs(to_number(value))


def _default(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    missing = not is_truthy(value) if is_truthy(argument(positional, 1)) else value is UNDEFINED
    return argument(positional, 0) if missing else value


def _dump(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    return json_text(value, argument(positional, 0), meter)


def _float(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    found = _FLOAT.match(_readable(value))
    return number(float(found[0])) if found else argument(positional, 0)


def _int(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    base = to_whole(argument(positional, 1), 10) or 10
    text = _readable(value).lower()
    sign = -1 if text.startswith("-") else 1
    text = text.lstrip("+-") if text[:2] not in {"+-", "-+", "--", "++"} else ""
    if base == 16:
        text = text.removeprefix("0x")
    if not 2 <= base <= 36:
        return argument(positional, 0)
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"[:base]
    kept = re.match(rf"[{digits}]{{0,400}}", text)
    if kept is None or not kept[0]:
        return argument(positional, 0)
    return number(sign * int(kept[0], base))


def _readable(value: Value) -> str:
    return to_text(value).lstrip(WHITESPACE)[:1000]


def _round(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    amount = to_number(value)
    factor = 10.0 ** min(max(to_whole(argument(positional, 0)), -300), 300)
    scaled = amount * factor
    if not math.isfinite(scaled):
        return amount
    method = argument(positional, 1)
    if method == "ceil":
        rounded = math.ceil(scaled)
    elif method == "floor":
        rounded = math.floor(scaled)
    else:
        rounded = math.floor(scaled + 0.5)
    return number(rounded / factor)


VALUE_FILTERS: Final[dict[str, FilterBody]] = {
    "abs": _abs,
    "d": _default,
    "default": _default,
    "dump": _dump,
    "float": _float,
    "int": _int,
    "round": _round,
}
