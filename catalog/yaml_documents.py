"""YAML 1.2 (core schema) as Backstage reads it: a file → its documents, each on its own.

PyYAML's loaders speak YAML 1.1 (`yes`, dates, `012`, merged `<<`, duplicate keys let through), so only its C
parser is used and the values are built here, without recursion: depth, node count and size are bounded, and
an alias bomb is counted before it is expanded.
"""

import hashlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import yaml
from yaml._yaml import CParser

from catalog.problems import Problem, Refused

MAX_DOCUMENT = 5 * 1024 * 1024
"""Characters of one document."""
MAX_DOCUMENTS = 100_000
"""Documents in one file."""
MAX_NODES = 200_000
"""Values in one document."""
MAX_REPEATED = 10, 5_000
"""What aliases may repeat: so many times the document's own length, and so many values and characters more."""
MAX_DEPTH = 100
"""Levels of nesting."""

_MARKER = re.compile(r"^(---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
_CONTENT = re.compile(r"^(?!%|[ \t]*(#|\r?$))", re.MULTILINE)
"""The beginning of a line that is neither blank, nor a comment, nor a directive."""
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("null", re.compile(r"^(~|null|Null|NULL)?$")),
    ("bool", re.compile(r"^(true|True|TRUE|false|False|FALSE)$")),
    ("octal", re.compile(r"^0o[0-7]+$")),
    ("hex", re.compile(r"^0x[0-9a-fA-F]+$")),
    ("int", re.compile(r"^[-+]?[0-9]+$")),
    ("endless", re.compile(r"^([-+]?\.(inf|Inf|INF)|\.nan|\.NaN|\.NAN)$")),
    ("float", re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")),
)
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
"""A character written as JSON writes it, in two halves, which libyaml does not know."""
_MAYBE_TYPED = frozenset("~nNtTfF.+-0123456789")
_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Parsed:
    """One document of a file: its position (from 0, empty ones counted), its first line, and what it says.

    `value` is JSON data; None is an empty document. When `problem` is set the document could not be read.
    """

    index: int
    line: int
    value: Any = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """The text of one document of a file: its position (from 0, empty ones counted) and its first line."""

    index: int
    line: int
    text: str

    def digest(self, salt: bytes = b"") -> bytes:
        """16 bytes that stand for the text, and for what else decides what it means."""
        return hashlib.blake2b(self.text.encode("utf-8", "surrogatepass"), digest_size=16, key=salt).digest()

    @property
    def may_have_placeholders(self) -> bool:
        """Whether a key may begin with `$`, written as it is or by an escape."""
        return "$" in self.text or "\\" in self.text

    def parse(self, at: str) -> Parsed:
        """What it says. `at` names the file in messages."""
        try:
            return Parsed(self.index, self.line, value=_Builder(self.text, self.line).build())
        except _BrokenError as fault:
            whole = _PAIR.sub(_whole, self.text)
            if whole != self.text:  # only where it was an escape, and not plain text, it was a fault
                return Text(self.index, self.line, whole).parse(at)
            return Parsed(self.index, self.line, problem=_problem(at, fault))


def split_documents(content: bytes | str, at: str) -> Iterator[Text]:
    """The texts of a file's documents, in order, none of them looked into yet.

    Raises Refused when the whole cannot be read as text.
    """
    for index, (line, text) in enumerate(_split(_decoded(content, at))):
        if index == MAX_DOCUMENTS:
            raise Refused(_problem(at, f"more than {MAX_DOCUMENTS} documents in one file: split it"))
        yield Text(index, line, text)


def parse_documents(content: bytes | str, at: str) -> list[Parsed]:
    """All documents of a file, in order. A broken one does not hide its neighbours.

    `at` names the file in messages, as in `YAML error at url:https://…, YAMLParseError: …`. Raises Refused
    only when the whole cannot be read as text.
    """
    return [text.parse(at) for text in split_documents(content, at)]


def parse_one(content: bytes | str, at: str) -> Any:
    """The value of a text that must hold exactly one document; Refused otherwise."""
    documents = parse_documents(content, at)
    if len(documents) != 1:
        raise Refused.because("Error", f"{at} must hold exactly one YAML document but holds {len(documents)}")
    if documents[0].problem is not None:
        raise Refused(documents[0].problem)
    return documents[0].value


def _whole(pair: re.Match[str]) -> str:
    high, low = int(pair[2], 16), int(pair[3], 16)
    return f"{pair[1]}\\U{0x10000 + ((high - 0xD800) << 10) + low - 0xDC00:08x}"


class _BrokenError(Exception):
    def __init__(self, text: str, line: int, column: int) -> None:
        super().__init__(f"{text} at line {line}, column {column}")


def _problem(at: str, fault: object) -> Problem:
    return Problem("Error", f"YAML error at {at}, YAMLParseError: {fault}")


def _decoded(content: bytes | str, at: str) -> str:
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused(
            _problem(at, f"not UTF-8 text (byte {content[error.start]:#04x} at line {line})")
        ) from error


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Cut at document markers. A marker in the first column always ends a document, whatever surrounds it."""
    start = looked = 0
    first = line = 1
    has_content = False
    for marker in _MARKER.finditer(text):
        at = marker.start()
        line += text.count("\n", looked, at)
        has_content = has_content or _CONTENT.search(text, looked, at) is not None
        if has_content:
            yield first, text[start:at]
            start, first, has_content = at, line, False
        looked = marker.end()
        if marker[1] == "...":
            start = looked = (text.find("\n", looked) + 1) or len(text)
            first = line = line + 1
        else:
            has_content = True
    if has_content or _CONTENT.search(text, looked) is not None:
        yield first, text[start:]


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet."""

    value: dict[str, Any] | list[Any]
    anchor: str | None
    weight: int = 1
    key: str | None = None
    seen: set[str] = field(default_factory=set)


class _Builder:
    """Turns the parser's events into values."""

    def __init__(self, text: str, first_line: int) -> None:
        self.text = text
        self.first_line = first_line
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.root: Any = None
        self.total = self.repeated = 0

    def build(self) -> Any:
        if len(self.text) > MAX_DOCUMENT:
            raise _BrokenError(f"Document is longer than {MAX_DOCUMENT} characters", self.first_line, 1)
        parser = None
        try:
            parser = CParser(self.text)
            while (event := parser.get_event()) is not None:
                self.take(event)
        except yaml.YAMLError as error:
            raise self.translated(error) from error
        finally:
            if parser is not None:
                parser.dispose()
        return self.root

    def translated(self, error: yaml.YAMLError) -> _BrokenError:
        mark = getattr(error, "problem_mark", None)
        text = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        line, column = (mark.line, mark.column) if mark is not None else (0, 0)
        return _BrokenError(str(text)[:1].upper() + str(text)[1:], self.first_line + line, column + 1)

    def fault(self, text: str, event: yaml.Event) -> _BrokenError:
        mark = event.start_mark
        line, column = (mark.line, mark.column) if mark is not None else (0, 0)
        return _BrokenError(text, self.first_line + line, column + 1)

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                value, weight = _scalar(event), 1 + len(event.value)
                self.put(value, weight, event)
                if event.anchor:
                    self.anchors[event.anchor] = (value, weight)
            case yaml.MappingStartEvent():
                self.open(_Open({}, event.anchor), event)
            case yaml.SequenceStartEvent():
                self.open(_Open([], event.anchor), event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                done = self.stack.pop()
                if done.anchor:
                    self.anchors[done.anchor] = (done.value, done.weight)
                self.put(done.value, done.weight, event)
            case yaml.AliasEvent():
                if event.anchor not in self.anchors:
                    raise self.fault(
                        f"Unresolved alias (the anchor must be set before the alias): {event.anchor}", event
                    )
                value, weight = self.anchors[event.anchor]
                self.repeat(weight, event)
                self.put(value, weight, event)

    def open(self, started: _Open, event: yaml.Event) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise self.fault(f"Nested deeper than {MAX_DEPTH} levels", event)
        if self.stack and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None:
            raise self.fault("Keys must be plain text, not a list or a map", event)
        self.stack.append(started)

    def repeat(self, weight: int, event: yaml.Event) -> None:
        """Count what an alias stands for, before anybody writes it out."""
        self.repeated += weight
        times, more = MAX_REPEATED
        if self.repeated > min(times * len(self.text) + more, MAX_DOCUMENT):
            raise self.fault(f"Aliases repeat more than {times} times what the document says", event)

    def put(self, value: Any, weight: int, event: yaml.Event) -> None:
        self.total += 1
        if self.total > MAX_NODES:
            raise self.fault(f"More than {MAX_NODES} values", event)
        if not self.stack:
            self.root = value
            return
        holder = self.stack[-1]
        holder.weight += weight
        if isinstance(holder.value, list):
            holder.value.append(value)
        elif holder.key is None:
            holder.key = self.key(value, event)
            if holder.key in holder.value:
                raise self.fault("Map keys must be unique", event)
        else:
            holder.value[holder.key] = value
            holder.key = None

    def key(self, value: Any, event: yaml.Event) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, dict | list):
            raise self.fault("Keys must be plain text, not a list or a map", event)
        if value is None:
            return ""
        return str(value).lower() if isinstance(value, bool) else str(value)


def _scalar(event: yaml.ScalarEvent) -> Any:
    """The JSON value of a scalar. A tag outside of the core schema leaves the text, as in Backstage."""
    text: str = event.value
    if event.tag is not None and event.tag != "!":
        return _tagged(text, event.tag)
    if not event.implicit[0] or (text and text[0] not in _MAYBE_TYPED):
        return text
    for name, pattern in _PATTERNS:
        if pattern.match(text):
            return _typed(name, text)
    return text


def _tagged(text: str, tag: str) -> Any:
    wanted = tag.removeprefix("tag:yaml.org,2002:")
    if wanted not in {"null", "bool", "int", "float"}:
        return text
    for name, pattern in _PATTERNS:
        if pattern.match(text):
            return _typed(name, text)
    return text


def _typed(name: str, text: str) -> Any:
    match name:
        case "null" | "endless":  # JSON has no word for an endless number; JSON.stringify writes null
            return None
        case "bool":
            return text[0] in "tT"
        case "octal":
            return _number(int(text, 0))
        case "hex":
            return _number(int(text, 0))
        case "int" if len(text) < 16:
            return int(text)
        case _:
            return _number(float(text))


def _number(value: float) -> int | float | None:
    """A JavaScript number: whole values print without a fraction, big ones as their shortest digits."""
    if isinstance(value, int):
        if abs(value) <= _EXACT:
            return value
        value = float(value) if abs(value) < 10**308 else float("inf")
    if not math.isfinite(value):
        return None
    if value.is_integer() and abs(value) < 1e21:
        return int(Decimal(repr(value)))
    return value
