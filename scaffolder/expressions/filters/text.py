"""Filters on text."""

import re
from typing import Final
from urllib.parse import quote

from scaffolder.expressions.bounds import Meter
from scaffolder.expressions.crossing import characters
from scaffolder.expressions.errors import Fault
from scaffolder.expressions.methods.shape import argument, joined
from scaffolder.expressions.methods.text import replaced
from scaffolder.expressions.regexes import Regex
from scaffolder.expressions.values import (
    UNDEFINED,
    WHITESPACE,
    SafeText,
    Value,
    is_number,
    is_truthy,
    output_text,
    to_text,
    to_whole,
)

from .shape import FilterBody, text_of

_ESCAPES: Final = str.maketrans({"&": "&amp;", '"': "&quot;", "'": "&#39;", "<": "&lt;", ">": "&gt;"})
_TAGS = re.compile(r"</?([a-z][a-z0-9]*)\b[^>]*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_AROUND_LINK = re.compile(r"(?:\(|<|&lt;)?(.*?)(?:\.|,|\)|\n|&gt;)?", re.DOTALL)
_MAIL = re.compile(r"[\w.!#$%&'*+\-/=?^`{|}~]+@[a-z\d\-]+(\.[a-z\d\-]+)+", re.IGNORECASE)
_WEB = re.compile(r"https?://.*", re.DOTALL)
_DOMAIN = re.compile(r"\.(?:org|net|com)(?::|/|$)")


def _capitalized(text: str) -> str:
    text = text.lower()
    return text[:1].upper() + text[1:]


def _capitalize(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    return _capitalized(text_of(value))


def _title(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    return " ".join(map(_capitalized, text_of(value).split(" ")))


def _lower(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    return text_of(value).lower()


def _upper(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    return text_of(value).upper()


def _trim(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    if not isinstance(value, str):
        raise Fault("Filter input must be a string")
    return value.strip(WHITESPACE)


def _center(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    text = text_of(value)
    width = to_whole(argument(positional, 0), 80) or 80
    if len(text) >= width:
        return text
    meter.text(width)
    spaces = width - len(text)
    before = spaces // 2 - (spaces % 2 == 0 and 0)
    return " " * before + text + " " * (spaces - before)


def _indent(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    text = text_of(value)
    width = to_whole(argument(positional, 0), 4) or 4
    if not text:
        return ""
    lines = text.split("\n")
    meter.text(len(text) + max(width, 0) * len(lines))
    first = "" if not is_truthy(argument(positional, 1)) else " " * width
    return first + ("\n" + " " * width).join(lines)


def _nl2br(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    if value is None or value is UNDEFINED:
        return ""
    text = text_of(value)
    meter.text(len(text) + 6 * text.count("\n"))
    return re.sub(r"\r\n|\n", "<br />\n", text)


def _truncate(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    text = text_of(value)
    length = to_whole(argument(positional, 0), 255) or 255
    if len(text) <= length:
        return text
    if is_truthy(argument(positional, 1)):
        kept = text[: max(length, 0)]
    else:
        space = text.rfind(" ", 0, max(length, 0) + 1)
        kept = text[: max(length, 0) if space == -1 else space]
    ending = argument(positional, 2)
    return kept + ("..." if ending is UNDEFINED or ending is None else to_text(ending))


def _replace(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    old, new, limit = argument(positional, 0), argument(positional, 1), argument(positional, 2)
    if isinstance(old, Regex):
        if not isinstance(value, str):
            raise Fault("Filter input must be a string")
        return replaced(meter, value, old, to_text(new), everywhere=False)
    if is_number(value):
        value = to_text(value)
    if not isinstance(value, str):
        return value
    if is_number(old):
        old = to_text(old)
    if not isinstance(old, str):
        return value
    fresh = to_text(new)
    count = -1 if limit is UNDEFINED or limit is None else to_whole(limit)
    found = value.count(old) if count < 0 else min(value.count(old), count)
    meter.text(len(value) + found * len(fresh))
    return value.replace(old, fresh, count)


def _escape(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    if isinstance(value, SafeText):
        return value
    return _forceescape(meter, value, positional, named)


def _forceescape(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    text = output_text(value)
    meter.text(len(text) * 6)
    return SafeText(text.translate(_ESCAPES))


def _safe(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    return SafeText(output_text(value))


def _string(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    if value is None or value is UNDEFINED:
        raise Fault("string requires a value: give a default first")
    return to_text(value)


def _striptags(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    text = _TAGS.sub("", text_of(value)).strip(WHITESPACE)
    if not is_truthy(argument(positional, 0)):
        return re.sub(r"\s+", " ", text)
    text = re.sub(r"^ +| +$", "", text, flags=re.MULTILINE)
    text = re.sub(r" +", " ", text).replace("\r\n", "\n")
    return re.sub(r"\n\n\n+", "\n\n", text)


def _encoded(text: str) -> str:
    return quote(characters(text), safe="!~*'()")


def _urlencode(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    match value:
        case str():
            meter.text(len(value) * 9)
            return _encoded(value)
        case dict():
            pairs = [(key, item) for key, item in value.items()]
        case list():
            pairs = [(pair[0], pair[1]) for pair in value if isinstance(pair, list) and len(pair) > 1]
        case None | _:
            return ""
    return joined(meter, [f"{_encoded(to_text(key))}={_encoded(to_text(item))}" for key, item in pairs], "&")


def _urlize(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    if not isinstance(value, str):
        raise Fault("Filter input must be a string")
    meter.text(len(value) * 12)
    length = to_whole(argument(positional, 0), len(value))
    nofollow = ' rel="nofollow"' if argument(positional, 1) is True else ""
    return "".join(_linked(word, length, nofollow) for word in re.split(r"(\s+)", value) if word)


def _linked(word: str, length: int, nofollow: str) -> str:
    around = _AROUND_LINK.fullmatch(word)
    link = around[1] if around else word
    shown = link[: max(length, 0)]
    if _WEB.fullmatch(link):
        return f'<a href="{link}"{nofollow}>{shown}</a>'
    if link.startswith("www."):
        return f'<a href="http://{link}"{nofollow}>{shown}</a>'
    if _MAIL.fullmatch(link):
        return f'<a href="mailto:{link}">{link}</a>'
    if _DOMAIN.search(link):
        return f'<a href="http://{link}"{nofollow}>{shown}</a>'
    return word


def _wordcount(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
    return len(re.findall(r"\w+", text_of(value), re.ASCII)) or None if is_truthy(value) else None


TEXT_FILTERS: Final[dict[str, FilterBody]] = {
    "capitalize": _capitalize,
    "center": _center,
    "e": _escape,
    "escape": _escape,
    "forceescape": _forceescape,
    "indent": _indent,
    "lower": _lower,
    "nl2br": _nl2br,
    "replace": _replace,
    "safe": _safe,
    "string": _string,
    "striptags": _striptags,
    "title": _title,
    "trim": _trim,
    "truncate": _truncate,
    "upper": _upper,
    "urlencode": _urlencode,
    "urlize": _urlize,
    "wordcount": _wordcount,
}
