"""Records ⇄ bytes: NDJSON (https://github.com/ndjson/ndjson-spec), a JSON object a line, or YAML documents.

Both are written and read as a stream; memory holds one record. YAML is for people: it is slower, and a single
document is bounded as in catalog files.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import yaml

from catalog.problems import Refused
from catalog.yaml_documents import parse_documents
from core.errors import InputError, TooLarge

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes of one record: a location of 100,000 files lists them all."""
NDJSON, YAML = "application/x-ndjson", "application/yaml"
MEDIA = {"ndjson": NDJSON, "yaml": YAML}

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 /._-]*[A-Za-z0-9]")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off"})


class Readable(Protocol):
    """Bytes that come line by line."""

    def readline(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Line:
    """A record as read, the line that it begins in, and its bytes."""

    number: int
    record: Any
    size: int


class _Dumper(yaml.CSafeDumper):
    """Quotes every text that any YAML, 1.1 or 1.2, could take for something else."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _text)
_Dumper.ignore_aliases = lambda *_: True  # type: ignore[method-assign]


def written(record: Any, form: str) -> bytes:
    """One record as `ndjson` or `yaml`."""
    if form == "ndjson":
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    plain = orjson.loads(orjson.dumps(record))  # uids and moments become the texts that they are in JSON
    text: str = yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000)
    return f"---\n{text}".encode()


def lines(stream: Readable, form: str) -> Iterator[Line]:
    """The records of a stream. InputError names the line that cannot be read."""
    return _ndjson(stream) if form == "ndjson" else _yaml(stream)


def _ndjson(stream: Readable) -> Iterator[Line]:
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise TooLarge(f"line {number} has more than {LONGEST_LINE} bytes")
        if line.isspace():
            continue
        try:
            yield Line(number, orjson.loads(line), len(line))
        except orjson.JSONDecodeError as error:
            whole = line.endswith(b"\n")
            why = f"is not JSON ({error})" if whole else "ends too early: the file was cut off"
            raise InputError(f"line {number} {why}") from error


def _yaml(stream: Readable) -> Iterator[Line]:
    number = start = size = 0
    chunk: list[bytes] = []
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if line.rstrip() == b"---":
            yield from _document(chunk, start)
            chunk, start, size = [], number, 0
            continue
        size += len(line)
        if size > LONGEST_LINE:
            raise TooLarge(f"the document that begins in line {start} has more than {LONGEST_LINE} bytes")
        chunk.append(line)
    yield from _document(chunk, start)


def _document(chunk: list[bytes], start: int) -> Iterator[Line]:
    try:
        found = parse_documents(b"".join(chunk), "import")
    except Refused as refused:
        raise InputError(f"the document that begins in line {start}: {refused.message}") from refused
    for one in found:
        if one.problem is not None:
            raise InputError(f"the document that begins in line {start}: {one.problem.message}")
        yield Line(start + one.line - 1, one.value, sum(map(len, chunk)))
