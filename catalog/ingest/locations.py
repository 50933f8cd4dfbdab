"""Reads the tree below a location: its file, the Location entities in it, and theirs; writes nothing."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from catalog.descriptor import check_envelope
from catalog.ingest.reader import MOST_FILES, Reader
from catalog.kind import Relation
from catalog.problems import Problem, Refused, storable
from catalog.processing import Place, Processed, location_entity, process
from catalog.reading import host_annotations, resolve
from catalog.refs import EntityRef, LocationRef
from catalog.yaml_documents import Parsed, parse_documents
from core.errors import GreenroomError, NotFound

_URL_ONLY = 'Registered locations must be of an allowed type ["url"]'


@dataclass(frozen=True, slots=True)
class Found:
    """An entity that was read well: from which file and line, led to by which Location entity.

    `content` is the entity as JSON text: a location may hold very many.
    """

    ref: str
    content: bytes
    relations: tuple[Relation, ...]
    file: str
    line: int = 0
    parent_ref: str = ""
    source_hash: bytes | None = None

    @classmethod
    def of(cls, processed: Processed, file: str, line: int = 0, parent_ref: str = "") -> "Found":
        """What a document became, and where it stood."""
        content = orjson.dumps(processed.entity)
        return cls(processed.ref, content, processed.relations, file, line, parent_ref)

    @property
    def entity(self) -> dict[str, Any]:
        """The entity as data."""
        entity: dict[str, Any] = orjson.loads(self.content)
        return entity


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that was not taken. `ref` is the entity it is about, when the document still tells.

    `unread` marks a file, or a list of files, that could not be read at all: nothing is known about what it
    holds, so what came from it before stays.
    """

    problem: Problem
    file: str
    line: int = 0
    ref: str = ""
    parent_ref: str = ""
    unread: bool = False
    stated: Mapping[str, str] = field(default_factory=dict, hash=False)

    def document(self) -> dict[str, Any]:
        """As JSON data, for the location's list of errors."""
        at = {
            "file": storable(self.file),
            "line": self.line,
            "ref": storable(self.ref),
            "unread": self.unread,
        }
        return {**at, **self.stated, **self.problem.document()}


def stated(document: Mapping[str, Any]) -> dict[str, str]:
    """What a document that was not taken says about itself, for whoever has to mend it."""
    spec = document.get("spec")
    owner = spec.get("owner") if isinstance(spec, Mapping) else None
    told = {"apiVersion": document["apiVersion"], "kind": document["kind"], "owner": owner}
    return {name: storable(value) for name, value in told.items() if isinstance(value, str)}


@dataclass(slots=True)
class Harvest:
    """All that one reading of a location gave, in the order of reading."""

    root: str
    found: list[Found] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def entities(self) -> list[Found]:
        """What was found beside the location's own entity."""
        return [one for one in self.found if one.ref != self.root]


def read_location(
    root: LocationRef,
    reader: Reader,
    kinds: Sequence[str],
    *,
    name: str = "",
    types: Sequence[str] = ("url",),
) -> Harvest:
    """Read everything below a location. A fault in one document or file never stops its neighbours.

    `kinds` may be taken; `types` are what Location entities inside may name; `name` is the location's entity
    name when it is not the one made from its target.
    """
    entity = location_entity(root)
    if name:
        entity["metadata"]["name"] = name
    place = Place(root, root, {})
    own = process(entity, place, reader.read_nothing)
    harvest = Harvest(own.ref, [Found.of(own, str(root))])
    _Walk(root, reader, {kind.lower() for kind in kinds}, (*types, root.type), harvest).run(own)
    return harvest


def targets_of(entity: dict[str, Any], file: LocationRef) -> Iterator[tuple[str, LocationRef]]:
    """The type asked for, and the place, of each target that a Location entity names."""
    spec = entity.get("spec") or {}
    kind = spec.get("type") or file.type
    for target in [*([spec["target"]] if "target" in spec else []), *spec.get("targets", [])]:
        yield kind, LocationRef(kind, target) if kind != file.type else resolve(target, file)


def unreadable(location: LocationRef, error: GreenroomError) -> Problem:
    """Why a location gave nothing, in Backstage's words."""
    if isinstance(error, NotFound):
        return Problem(
            "NotFoundError", f"Unable to read {location.type}, no matching files found for {location.target}"
        )
    return Problem("Error", f"Unable to read {location.type}, {error.message}")


def unreadable_targets(holder: Processed, file: LocationRef, reader: Reader) -> list[Problem]:
    """Which targets of a Location entity cannot be read, each with the reason."""
    problems = []
    for kind, target in targets_of(holder.entity, file):
        try:
            if kind != "url":
                raise Refused.because("InputError", _URL_ONLY)
            for one in reader.expand(target):
                reader.read(one)
        except Refused as refused:
            problems.append(refused.problem)
        except GreenroomError as error:
            problems.append(unreadable(target, error))
    return problems


@dataclass(slots=True)
class _Walk:
    root: LocationRef
    reader: Reader
    kinds: set[str]
    types: Sequence[str]
    harvest: Harvest
    queue: deque[tuple[LocationRef, str]] = field(default_factory=deque)
    visited: set[LocationRef] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)

    def run(self, own: Processed) -> None:
        self.follow(own, self.root)
        while self.queue:
            file, parent_ref = self.queue.popleft()
            self.read(file, parent_ref)

    def follow(self, holder: Processed, file: LocationRef) -> None:
        """Put the targets of a Location entity into the queue."""
        optional = (holder.entity.get("spec") or {}).get("presence") == "optional"
        if optional:
            self.optional.add(holder.ref)
        for kind, target in targets_of(holder.entity, file):
            if kind not in self.types:
                self.trouble(Problem("InputError", _URL_ONLY), str(file), ref=holder.ref)
                continue
            try:
                files = self.reader.expand(target)
                if not files:
                    raise NotFound(f"could not read {target.target}, nothing matches it")
            except GreenroomError as error:
                self.unread(target, holder.ref, error, optional=optional)
                continue
            for found in files:
                if found in self.visited:
                    continue
                if len(self.visited) >= MOST_FILES:
                    raise Refused.because(
                        "InputError", f"More than {MOST_FILES} files below {self.root}: split it"
                    )
                self.visited.add(found)
                self.queue.append((found, holder.ref))

    def read(self, file: LocationRef, parent_ref: str) -> None:
        try:
            documents = parse_documents(self.reader.read(file), str(file))
        except Refused as refused:
            self.trouble(refused.problem, str(file), parent_ref=parent_ref)
            return
        except GreenroomError as error:
            self.unread(file, parent_ref, error, optional=self.is_optional(parent_ref))
            return
        place = Place(file, self.root, host_annotations(file))
        for document in documents:
            if document.problem is not None:
                self.trouble(document.problem, str(file), document.line, parent_ref=parent_ref)
            elif document.value is not None:
                self.take(document, place, parent_ref)

    def take(self, document: Parsed, place: Place, parent_ref: str) -> None:
        file = place.location
        try:
            ref = str(EntityRef.of(check_envelope(document.value)))
        except Refused as refused:
            self.trouble(refused.problem, str(file), document.line, parent_ref=parent_ref)
            return
        try:
            if document.value["kind"].lower() not in self.kinds:
                raise Refused(_not_allowed(ref, file, self.root))
            processed = process(document.value, place, lambda target: self.reader.read(resolve(target, file)))
        except Refused as refused:
            about = stated(document.value)
            trouble = Trouble(refused.problem, str(file), document.line, ref, parent_ref, stated=about)
            self.harvest.troubles.append(trouble)
            return
        self.harvest.found.append(Found.of(processed, str(file), document.line, parent_ref))
        if processed.is_location:
            self.follow(processed, file)

    def is_optional(self, ref: str) -> bool:
        return ref in self.optional

    def unread(self, target: LocationRef, parent_ref: str, error: GreenroomError, *, optional: bool) -> None:
        if optional and isinstance(error, NotFound):
            return
        trouble = Trouble(unreadable(target, error), str(target), parent_ref=parent_ref, unread=True)
        self.harvest.troubles.append(trouble)

    def trouble(
        self, problem: Problem, file: str, line: int = 0, *, ref: str = "", parent_ref: str = ""
    ) -> None:
        self.harvest.troubles.append(Trouble(problem, file, line, ref, parent_ref))


def _not_allowed(ref: str, file: LocationRef, origin: LocationRef) -> Problem:
    text = f"Entity {ref} at {file}, originated at {origin}, is not of an allowed kind for that location"
    return Problem("NotAllowedError", text)
