"""The methods of text."""
# ruff: noqa: ARG005  every method has one signature

import math
from typing import Final

from scaffolder.expressions.bounds import Meter
from scaffolder.expressions.errors import Fault
from scaffolder.expressions.regexes import Regex
from scaffolder.expressions.values import UNDEFINED, WHITESPACE, Value, to_text, to_whole

from .shape import Method, argument, at, clamped, cut, position, to_string


def _split(meter: Meter, text: str, arguments: list[Value]) -> Value:
    separator, limit = argument(arguments, 0), argument(arguments, 1)
    if isinstance(separator, Regex):
        parts: list[Value] = separator.split(text, meter)
    elif separator is UNDEFINED:
        parts = [text]
    else:
        mark = to_text(separator)
        meter.items(len(text) if not mark else text.count(mark))
        parts = list(text.split(mark)) if mark else list(text)
    return parts if limit is UNDEFINED else parts[: max(to_whole(limit), 0)]


def replaced(meter: Meter, text: str, old: Value, new: str, *, everywhere: bool) -> str:
    """Text with a text or pattern replaced, once or wherever it is; `$&` and its like work."""
    if isinstance(old, Regex):
        return old.replace(text, new, meter, everywhere=True if everywhere else None)
    mark = to_text(old)
    if "$" in new:
        new = new.replace("$$", "\0").replace("$&", mark).replace("\0", "$")
    count = text.count(mark) if everywhere else 1
    meter.text(len(text) + count * len(new))
    return text.replace(mark, new, -1 if everywhere else 1)


def _replace(meter: Meter, text: str, arguments: list[Value]) -> Value:
    if len(arguments) < 2:
        raise Fault("Template intrinsic replace requires 2 positional arguments")
    return replaced(meter, text, arguments[0], to_text(arguments[1]), everywhere=False)


def _replace_all(meter: Meter, text: str, arguments: list[Value]) -> Value:
    return replaced(meter, text, argument(arguments, 0), to_text(argument(arguments, 1)), everywhere=True)


def _substring(meter: Meter, text: str, arguments: list[Value]) -> Value:
    start = clamped(argument(arguments, 0), len(text), 0)
    stop = clamped(argument(arguments, 1), len(text), len(text))
    return text[min(start, stop) : max(start, stop)]


def _substr(meter: Meter, text: str, arguments: list[Value]) -> Value:
    start = position(argument(arguments, 0), len(text), 0)
    return text[start : start + max(to_whole(argument(arguments, 1), len(text)), 0)]


def _starts_with(meter: Meter, text: str, arguments: list[Value]) -> Value:
    return text.startswith(to_text(argument(arguments, 0)), clamped(argument(arguments, 1), len(text), 0))


def _ends_with(meter: Meter, text: str, arguments: list[Value]) -> Value:
    stop = clamped(argument(arguments, 1), len(text), len(text))
    return text[:stop].endswith(to_text(argument(arguments, 0)))


def _text_includes(meter: Meter, text: str, arguments: list[Value]) -> Value:
    return text.find(to_text(argument(arguments, 0)), clamped(argument(arguments, 1), len(text), 0)) >= 0


def _text_index(meter: Meter, text: str, arguments: list[Value]) -> Value:
    return text.find(to_text(argument(arguments, 0)), clamped(argument(arguments, 1), len(text), 0))


def _text_last_index(meter: Meter, text: str, arguments: list[Value]) -> Value:
    mark = to_text(argument(arguments, 0))
    return text.rfind(mark, 0, clamped(argument(arguments, 1), len(text), len(text)) + len(mark))


def _char_at(meter: Meter, text: str, arguments: list[Value]) -> Value:
    place = to_whole(argument(arguments, 0))
    return text[place] if 0 <= place < len(text) else ""


def _char_code(meter: Meter, text: str, arguments: list[Value]) -> Value:
    place = to_whole(argument(arguments, 0))
    return ord(text[place]) if 0 <= place < len(text) else math.nan


def _text_concat(meter: Meter, text: str, arguments: list[Value]) -> Value:
    parts = [text, *map(to_text, arguments)]
    meter.text(sum(map(len, parts)))
    return "".join(parts)


def _repeat(meter: Meter, text: str, arguments: list[Value]) -> Value:
    times = to_whole(argument(arguments, 0))
    if times < 0:
        raise Fault("repeat needs a count of 0 or more")
    meter.text(len(text) * times)
    return text * times


def _padding(meter: Meter, text: str, arguments: list[Value]) -> str:
    width, filling = to_whole(argument(arguments, 0)), to_text(argument(arguments, 1, " "))
    meter.text(max(width, 0))
    missing = max(width - len(text), 0)
    return (filling * (missing // len(filling) + 1))[:missing] if filling else ""


def _pad_start(meter: Meter, text: str, arguments: list[Value]) -> Value:
    return _padding(meter, text, arguments) + text


def _pad_end(meter: Meter, text: str, arguments: list[Value]) -> Value:
    return text + _padding(meter, text, arguments)


def _as_regex(value: Value) -> Regex:
    return value if isinstance(value, Regex) else Regex("" if value is UNDEFINED else to_text(value), "")


def _search(meter: Meter, text: str, arguments: list[Value]) -> Value:
    pattern = _as_regex(argument(arguments, 0))
    pattern.allow(text, meter)
    found = pattern.compiled.search(text)
    return found.start() if found else -1


TEXT: Final[dict[str, Method]] = {
    "charAt": _char_at,
    "charCodeAt": _char_code,
    "concat": _text_concat,
    "endsWith": _ends_with,
    "includes": _text_includes,
    "indexOf": _text_index,
    "lastIndexOf": _text_last_index,
    "replace": _replace,
    "slice": cut,
    "split": _split,
    "startsWith": _starts_with,
    "substring": _substring,
    "toLowerCase": lambda meter, text, arguments: text.lower(),
    "toUpperCase": lambda meter, text, arguments: text.upper(),
    "trim": lambda meter, text, arguments: text.strip(WHITESPACE),
    "trimEnd": lambda meter, text, arguments: text.rstrip(WHITESPACE),
    "trimStart": lambda meter, text, arguments: text.lstrip(WHITESPACE),
}

OLD_TEXT: Final[dict[str, Method]] = {
    "at": at,
    "match": lambda meter, text, arguments: _as_regex(argument(arguments, 0)).match(text, meter),
    "padEnd": _pad_end,
    "padStart": _pad_start,
    "repeat": _repeat,
    "replaceAll": _replace_all,
    "search": _search,
    "substr": _substr,
    "toString": to_string,
}
"""What only the engine before 4.0.3 offered."""
