"""An OpenAPI or AsyncAPI document in several files → one document, for `$openapi` and `$asyncapi`.

What a `$ref` to another file names is put in its place; the second reference to the same thing, and one that leads
back to where it stands, refers to that place (`#/paths/~1orders/get/…`). References within the first file stay.
"""

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

import yaml

from catalog.problems import Refused
from catalog.yaml_documents import MAX_DEPTH, MAX_DOCUMENT, MAX_NODES, parse_documents
from scm.registry import resolve_url

Read = Callable[[str], bytes]
"""Reads a file named as in the placeholder; Refused when it cannot."""
_ABSOLUTE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_IN_FRAGMENTS = "/~!$&'()*+,;=:@-._"
_NUMBERLIKE = re.compile(r"^[-+.0-9]")


def bundle(target: str, read: Read) -> str:
    """The document at `target` with what it refers to elsewhere; its very text when that is nothing.

    Refused when a file cannot be read or understood, a reference leads nowhere, or it becomes too large.
    """
    files = _Files(read)
    root = files.document(target)
    if not isinstance(root, Mapping):
        raise Refused.because("Error", f"{target} is no document of an API: expected an object")
    joined = _Joining(files, target).whole(root)
    if len(files.texts) == 1:
        return files.texts[target]
    text = yaml.dump(joined, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**20)
    if len(text) > MAX_DOCUMENT:
        limit = MAX_DOCUMENT // 1024 // 1024
        raise Refused.because("Error", f"{target} has more than {limit} MB with all that it refers to")
    return text


@dataclass(slots=True)
class _Files:
    """The files of one document, each read and parsed once."""

    read: Read
    texts: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def document(self, target: str) -> Any:
        if target not in self.values:
            content = self.read(target)
            documents = [
                one for one in parse_documents(content, target) if one.problem or one.value is not None
            ]
            if len(documents) != 1:
                raise Refused.because("Error", f"{target} holds {len(documents)} documents, one is expected")
            if documents[0].problem is not None:
                raise Refused(documents[0].problem)
            self.texts[target] = content.decode("utf-8", "replace")
            self.values[target] = documents[0].value
        return self.values[target]

    def at(self, target: str, pointer: str) -> Any:
        """What a JSON pointer leads to in a file."""
        value = self.document(target)
        for part in _parts(pointer):
            if isinstance(value, Mapping) and part in value:
                value = value[part]
            elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            else:
                raise Refused.because("Error", f"{target} has nothing at #{pointer}")
        return value


_Thing = tuple[str, str]
"""A file and a JSON pointer into it."""


@dataclass(slots=True)
class _Joining:
    files: _Files
    root: str
    nodes: int = 0
    placed: dict[_Thing, str] = field(default_factory=dict)
    open: dict[_Thing, str] = field(default_factory=dict)

    def whole(self, root: Any) -> Any:
        return self.join(root, self.root, "", 0)

    def join(self, value: Any, file: str, here: str, depth: int) -> Any:
        """The value, from `file`, as it stands at `here` in the whole."""
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            limits = f"more than {MAX_NODES} values or {MAX_DEPTH} levels"
            raise Refused.because("Error", f"{self.root} has {limits} with all that it refers to")
        if isinstance(value, list):
            return [self.join(item, file, f"{here}/{index}", depth + 1) for index, item in enumerate(value)]
        if not isinstance(value, Mapping):
            return value
        target = value.get("$ref")
        if isinstance(target, str):
            return self.refer(value, target, file, here, depth)
        return {key: self.join(item, file, _step(here, key), depth + 1) for key, item in value.items()}

    def refer(self, holder: Mapping[str, Any], target: str, file: str, here: str, depth: int) -> Any:
        address, _, pointer = target.partition("#")
        there = _beside(address, file) if address else file
        thing = (there, unquote(pointer).rstrip("/"))
        if there == self.root:
            return {**holder, "$ref": f"#{pointer}"}
        others = {key: item for key, item in holder.items() if key != "$ref"}
        found = self.files.at(*thing)
        place = self.place_of(*thing)
        if place is not None:
            return {"$ref": f"#{quote(place, safe=_IN_FRAGMENTS)}", **others}
        self.open[thing] = here
        joined = self.join(found, there, here, depth + 1)
        del self.open[thing]
        if not others:
            self.placed[thing] = here
        elif isinstance(joined, Mapping):
            return {**joined, **others}
        return joined

    def place_of(self, file: str, pointer: str) -> str | None:
        """Where the thing stands in the whole: by itself, or within something that has its place."""
        above, rest = pointer, ""
        while True:
            place = self.open.get((file, above)) or self.placed.get((file, above))
            if place is not None:
                return f"{place}{rest}"
            if not above:
                return None
            above, slash, last = above.rpartition("/")
            rest = f"{slash}{last}{rest}"


def _beside(address: str, file: str) -> str:
    """A file's name as the file that refers to it means it, in the words of the placeholder."""
    if _ABSOLUTE.match(address):
        return address
    if _ABSOLUTE.match(file):
        return resolve_url(address, file)
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), address))


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _step(here: str, key: str) -> str:
    return f"{here}/{key.replace('~', '~0').replace('/', '~1')}"


class _Dumper(yaml.SafeDumper):
    """Writes what YAML 1.2 reads as the same values, texts of several lines as such."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else '"' if _NUMBERLIKE.match(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
