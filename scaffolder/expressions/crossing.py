"""Takes plain Python data into a template and hands results out again, as copies.

Inside, text is a sequence of UTF-16 code units (see `values.py`); outside it is ordinary text. Results are
plain JSON values: undefined leaves a dict and is null in a list, NaN and Infinity are null, as JSON would
write them.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from .bounds import Meter
from .errors import Fault
from .values import UNDEFINED, Opaque, Value, number


def inside(value: Any) -> Value:
    """A copy of outside data as template values. Raises TypeError for what is not plain data."""
    if value is None or value is UNDEFINED or isinstance(value, bool | float):
        return value
    if isinstance(value, str):
        return units(value)
    if isinstance(value, int):
        return value
    if isinstance(value, Mapping):
        return {units(str(key)): inside(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [inside(item) for item in value]
    raise TypeError(f"a template cannot use a {type(value).__name__}: give it plain JSON values")


def outside(value: Value, meter: Meter) -> Any:
    """A template value as plain data, or UNDEFINED. Raises Fault for a function."""
    meter.spend()
    match value:
        case None | bool() | int():
            return value
        case float():
            return number(value) if math.isfinite(value) else None
        case str():
            return characters(value)
        case list():
            return [None if item is UNDEFINED else outside(item, meter) for item in value]
        case dict():
            return {
                characters(key): outside(item, meter) for key, item in value.items() if item is not UNDEFINED
            }
        case Opaque():
            raise Fault("Callable values cannot be coerced")
    return value if value is UNDEFINED else str(value)


def units(text: str) -> str:
    """Text as UTF-16 code units: a character beyond U+FFFF becomes its two surrogates."""
    if text.isascii() or max(text) <= "\uffff":
        return str(text)
    return "".join(map(_split, text))


def _split(character: str) -> str:
    code = ord(character) - 0x10000
    return character if code < 0 else chr(0xD800 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))


def characters(text: str) -> str:
    """The reverse of `units`; half a pair becomes the replacement character."""
    if text.isascii() or not _has_surrogates(text):
        return str(text)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _has_surrogates(text: Iterable[str]) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
