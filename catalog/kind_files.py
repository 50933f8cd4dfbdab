"""Kinds of your own: a YAML file, or a folder of them, that GREENROOM_CATALOG_KINDS names → Kind.

    name: Queue
    apiVersions: [acme.example/v1]
    spec: {type: object, required: [owner], properties: {owner: {type: string}, readers: {type: array, …}}}
    relations:
      - {field: owner, forward: ownedBy, reverse: ownerOf, kind: Group}
      - {field: readers, forward: readBy, reverse: reads, kind: Component}

Every fault in every file is told at once, with file, line and field (docs/custom-kinds.md).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml
from django.core.exceptions import ImproperlyConfigured

from catalog.builtin_kinds import KINDS
from catalog.descriptor import is_api_version, is_kind
from catalog.kind import Kind, Link
from catalog.schemas import Schema
from catalog.yaml_documents import Parsed, parse_documents
from core.errors import GreenroomError

PROCESSOR = "ModelProcessor"
"""Who refuses an entity of such a kind, in the words of Backstage."""
_TEXT = {"type": "string", "minLength": 1}
_RELATION_NAME = re.compile(r"[a-z][A-Za-z0-9]{0,62}")
_DECLARATION = Schema(
    {
        "type": "object",
        "required": ["name", "apiVersions", "spec"],
        "additionalProperties": False,
        "properties": {
            "name": _TEXT,
            "apiVersions": {"type": "array", "items": _TEXT},
            "description": {"type": "string"},
            "spec": {"type": "object"},
            "relations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "forward", "reverse"],
                    "additionalProperties": False,
                    "properties": {"field": _TEXT, "forward": _TEXT, "reverse": _TEXT, "kind": _TEXT},
                },
            },
        },
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a declaration, and where: its field as a JSON pointer, its line in the file."""

    file: Path
    line: int
    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.field or 'the document'} {self.text}"


@lru_cache(maxsize=8)
def declared_kinds(place: str) -> Mapping[str, Kind]:
    """The kinds declared in a file or folder, by name; none for "". ImproperlyConfigured with every fault."""
    kinds, faults = read_kinds(Path(place)) if place else ({}, [])
    if faults:
        listed = "\n  ".join(str(fault) for fault in faults)
        raise ImproperlyConfigured(f"GREENROOM_CATALOG_KINDS={place!r} has faults:\n  {listed}")
    return kinds


def read_kinds(place: Path) -> tuple[dict[str, Kind], list[Fault]]:
    """What is declared there, and what is wrong with it."""
    kinds: dict[str, Kind] = {}
    faults: list[Fault] = []
    if not place.exists():
        return kinds, [
            Fault(place, 0, "", "is not there: GREENROOM_CATALOG_KINDS names a YAML file or a folder")
        ]
    files = sorted([*place.glob("*.yaml"), *place.glob("*.yml")]) if place.is_dir() else [place]
    for file in files:
        for declaration in _declarations(file, faults):
            found = list(declaration.faults(kinds))
            faults.extend(found)
            if not found:
                kind = declaration.kind()
                kinds[kind.name] = kind
    return kinds, faults


def _declarations(file: Path, faults: list[Fault]) -> Iterator["_Declaration"]:
    try:
        text = file.read_text(encoding="utf-8")
        documents = parse_documents(text, str(file))
    except (OSError, UnicodeDecodeError, GreenroomError) as error:
        faults.append(Fault(file, 0, "", f"cannot be read: {error}"))
        return
    for document in documents:
        if document.problem is not None:
            faults.append(Fault(file, document.line, "", f"cannot be read: {document.problem.message}"))
        elif document.value is not None:
            yield _Declaration(file, text, document)


@dataclass(frozen=True, slots=True)
class _Declaration:
    """One document of a file."""

    file: Path
    text: str
    document: Parsed

    def kind(self) -> Kind:
        value = self.document.value
        links = tuple(
            Link(one["field"], one["forward"], one["reverse"], one.get("kind", ""))
            for one in value.get("relations", [])
        )
        # references inside the schema start at its own root, wherever it is put
        spec = {"$id": f"urn:greenroom:kind:{value['name'].lower()}", **value["spec"]}
        return Kind(value["name"], tuple(value["apiVersions"]), spec, links, processor=PROCESSOR)

    def faults(self, others: Mapping[str, Kind]) -> Iterator[Fault]:
        shape = _DECLARATION.faults(self.document.value)
        if shape:
            yield from (self.fault(fault.path, f"{fault.text} - {fault.parameters}") for fault in shape)
            return
        yield from self._wrong_names(others)
        yield from self._wrong_schema()
        yield from self._wrong_relations(others)

    def _wrong_names(self, others: Mapping[str, Kind]) -> Iterator[Fault]:
        value = self.document.value
        name = value["name"]
        if not is_kind(name):
            yield self.fault("/name", f"{name!r} must be letters and digits, a letter first, 63 at the most")
        taken = {known.lower(): known for known in (*KINDS, *others)}
        if name.lower() in taken:
            yield self.fault("/name", f"{name!r} is taken by the kind {taken[name.lower()]}")
        if not value["apiVersions"]:
            yield self.fault("/apiVersions", "must name one at least, such as acme.example/v1")
        for index, version in enumerate(value["apiVersions"]):
            if not is_api_version(version):
                yield self.fault(
                    f"/apiVersions/{index}", f"{version!r} is none; expected such as acme.example/v1"
                )

    def _wrong_schema(self) -> Iterator[Fault]:
        spec = self.document.value["spec"]
        outside = [path for path, target in _references(spec, "/spec") if not target.startswith("#")]
        for path in outside:
            yield self.fault(
                path, "leaves the document: write what it names here, and refer to it by #/definitions/…"
            )
        if outside:
            return
        try:
            _ = Schema({"$id": "urn:greenroom:kind", **spec})
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            yield self.fault("/spec", f"is no JSON Schema (draft 7): {str(error).splitlines()[0]}")

    def _wrong_relations(self, others: Mapping[str, Kind]) -> Iterator[Fault]:
        properties = self.document.value["spec"].get("properties", {})
        reversed_as = {
            forward: reverse
            for kind in (*KINDS.values(), *others.values())
            for link in kind.links
            for forward, reverse in ((link.forward, link.reverse), (link.reverse, link.forward))
        }
        for index, one in enumerate(self.document.value.get("relations", [])):
            at = f"/relations/{index}"
            if isinstance(properties, dict) and one["field"] not in properties:
                yield self.fault(f"{at}/field", f"{one['field']!r} is not among the properties of spec")
            for side in ("forward", "reverse"):
                if not _RELATION_NAME.fullmatch(one[side]):
                    yield self.fault(
                        f"{at}/{side}", f"{one[side]!r} must be letters and digits, a small letter first"
                    )
            usual = reversed_as.get(one["forward"], one["reverse"])
            if usual != one["reverse"]:
                text = f"{one['reverse']!r}: elsewhere the reverse of {one['forward']} is {usual}"
                yield self.fault(f"{at}/reverse", text)

    def fault(self, path: str, text: str) -> Fault:
        return Fault(self.file, self._line_of(path), path.removeprefix("/"), text)

    def _line_of(self, path: str) -> int:
        """The line on which a field stands, or the last part of its way that is there."""
        nodes = list(yaml.compose_all(self.text, Loader=yaml.CSafeLoader))
        node = nodes[self.document.index] if self.document.index < len(nodes) else None
        line = self.document.line
        for part in path.split("/")[1:]:
            node, line = _below(node, part.replace("~1", "/").replace("~0", "~"), line)
        return line


def _below(node: Any, part: str, line: int) -> tuple[Any, int]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
        value = node.value[int(part)]
        return value, value.start_mark.line + 1
    return None, line


def _references(schema: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each place of the schema that refers to something, or takes a name of its own, with what it says."""
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            here = f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if key in {"$ref", "$id"} and isinstance(value, str):
                yield here, value
            yield from _references(value, here)
    elif isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from _references(item, f"{path}/{index}")
