"""Writes a value as JSON the way JavaScript's `JSON.stringify` does, for `dump` and `jsonify`."""

import json
import math

from .bounds import Meter
from .values import UNDEFINED, Opaque, Value, number_text

_TEXT = json.JSONEncoder(ensure_ascii=False).encode


def json_text(value: Value, indent: Value, meter: Meter) -> Value:
    """JSON text; undefined for undefined and functions. `indent`: a number of blanks, or the text itself."""
    if isinstance(indent, str):
        step = indent[:10]
    else:
        step = (
            " " * min(max(int(indent), 0), 10) if isinstance(indent, int | float) and indent == indent else ""
        )
    written = _write(value, "\n", step, meter)
    return UNDEFINED if written is None else written


def _write(value: Value, line: str, step: str, meter: Meter) -> str | None:
    meter.spend()
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(value) if math.isfinite(value) else "null"
        case str():
            meter.text(len(value))
            return _TEXT(str(value))
        case list():
            written = [_write(item, line + step, step, meter) or "null" for item in value]
            return _enclosed("[", written, "]", line, step, meter)
        case dict():
            colon = ": " if step else ":"
            pairs = ((key, _write(item, line + step, step, meter)) for key, item in value.items())
            written = [_TEXT(key) + colon + text for key, text in pairs if text is not None]
            return _enclosed("{", written, "}", line, step, meter)
    return None if value is UNDEFINED or isinstance(value, Opaque) else "{}"


def _enclosed(opening: str, parts: list[str], closing: str, line: str, step: str, meter: Meter) -> str:
    if not parts:
        return opening + closing
    inner, outer = (line + step, line) if step else ("", "")
    meter.text(sum(map(len, parts)) + len(parts) * (1 + len(inner)))
    return f"{opening}{inner}{f',{inner}'.join(parts)}{outer}{closing}"
