"""Reads the tree below a location: its file, the Location entities in it, and theirs; writes nothing."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from catalog.descriptor import check_envelope
from catalog.ingest.harvest import Found, Harvest, Trouble, stated
from catalog.ingest.memory import Lead, Memory
from catalog.ingest.reader import MOST_FILES, Reader
from catalog.problems import Problem, Refused
from catalog.processing import Place, Processed, location_entity, process
from catalog.reading import host_annotations, resolve
from catalog.refs import EntityRef, LocationRef
from catalog.yaml_documents import Parsed, split_documents
from core.errors import GreenroomError, NotFound
from scm.errors import RepositoryNotFound

_URL_ONLY = 'Registered locations must be of an allowed type ["url"]'


Known = Callable[[str, str], Mapping[bytes, str]]
"""Of a file, led to by a Location entity: the entities that are stored and sound, by the hash of their text."""


def nothing_known(_file: str, _parent_ref: str) -> Mapping[bytes, str]:
    """For a reading that looks at everything."""
    return {}


def read_location(
    root: LocationRef,
    reader: Reader,
    kinds: Sequence[str],
    *,
    name: str = "",
    presence: str | None = None,
    types: Sequence[str] = ("url",),
    known: Known = nothing_known,
    anew: Collection[str] = (),
    salt: bytes = b"",
    annotations: Mapping[str, str] = MappingProxyType({}),
) -> Harvest:
    """Read everything below a location. A fault in one document or file never stops its neighbours.

    `kinds` may be taken; `types` are what Location entities inside may name; `name` is the location's entity
    name when it is not the one made from its target; `presence` "optional" forgives a missing file. Files and documents that are the same as before are passed
    over, but not in the files named by `anew`; `salt` stands for what else decides what a text becomes. Every entity
    that is found gets the `annotations`.
    """
    entity = location_entity(root, presence)
    if name:
        entity["metadata"]["name"] = name
    place = Place(root, root, {})
    own = process(entity, place, reader.read_nothing)
    harvest = Harvest(own.ref, [Found.of(own, str(root))])
    allowed = {kind.lower() for kind in kinds}
    walk = _Walk(
        root, reader, allowed, (*types, root.type), harvest, known, frozenset(anew), salt, annotations
    )
    walk.run(own)
    return harvest


def targets_of(entity: dict[str, Any], file: LocationRef) -> Iterator[tuple[str, LocationRef]]:
    """The type asked for, and the place, of each target that a Location entity names."""
    spec = entity.get("spec") or {}
    kind = spec.get("type") or file.type
    for target in [*([spec["target"]] if "target" in spec else []), *spec.get("targets", [])]:
        yield kind, LocationRef(kind, target) if kind != file.type else resolve(target, file)


def unreadable(location: LocationRef, error: GreenroomError) -> Problem:
    """Why a location gave nothing, in Backstage's words."""
    if isinstance(error, NotFound) and not isinstance(error, RepositoryNotFound):
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
    known: Known
    anew: frozenset[str]
    salt: bytes
    annotations: Mapping[str, str]
    queue: deque[tuple[LocationRef, Lead]] = field(default_factory=deque)
    visited: set[LocationRef] = field(default_factory=set)

    def run(self, own: Processed) -> None:
        self.follow(_lead(own, self.root), self.root)
        while self.queue:
            file, lead = self.queue.popleft()
            if not self.pass_over(file, lead):
                self.read(file, lead)

    def follow(self, lead: Lead, file: LocationRef) -> None:
        """Put the targets of a Location entity into the queue."""
        for kind, target in lead.targets:
            if kind not in self.types:
                self.trouble(Problem("InputError", _URL_ONLY), str(file), ref=lead.ref)
                continue
            try:
                files = self.reader.expand(target)
                if not files:
                    raise NotFound(f"could not read {target.target}, nothing matches it")
            except GreenroomError as error:
                self.unread(target, lead, error)
                continue
            for found in files:
                if found in self.visited:
                    continue
                if len(self.visited) >= MOST_FILES:
                    raise Refused.because(
                        "InputError", f"More than {MOST_FILES} files below {self.root}: split it"
                    )
                self.visited.add(found)
                self.queue.append((found, lead))

    def pass_over(self, file: LocationRef, lead: Lead) -> bool:
        """Whether the file is what it was, and so is all that it names: then only its leads are followed."""
        memory = self.reader.known.get(str(file))
        if memory is None or memory.open or memory.parent_ref != lead.ref or str(file) in self.anew:
            return False
        if not all(self.reader.is_same(LocationRef.parse(one)) for one in [str(file), *memory.needs]):
            return False
        self.harvest.same.add(str(file))
        self.harvest.memories[str(file)] = memory
        for need in memory.needs:
            self.harvest.memories.setdefault(need, self.reader.known[need])
        for one in memory.leads:
            self.follow(one, file)
        return True

    def read(self, file: LocationRef, lead: Lead) -> None:
        at, before = str(file), len(self.harvest.troubles)
        try:
            documents = list(split_documents(self.reader.read(file), at))
        except Refused as refused:
            self.trouble(refused.problem, at, parent_ref=lead.ref)
            return
        except GreenroomError as error:
            self.unread(file, lead, error)
            return
        memory = self.reader.memory(file)
        memory.parent_ref = lead.ref
        self.harvest.memories[at] = memory
        known = {} if at in self.anew else self.known(at, lead.ref)
        place = Place(file, self.root, host_annotations(file), self.annotations)
        for text in documents:
            digest = text.digest(self.salt)
            if digest in known:
                self.harvest.found.append(Found(known[digest], None, (), at, text.line, lead.ref, digest))
                continue
            document = text.parse(at)
            if document.problem is not None:
                self.trouble(document.problem, at, document.line, parent_ref=lead.ref)
            elif document.value is not None:
                names_files = text.may_have_placeholders
                self.take(document, place, lead, digest, memory, names_files=names_files)
        memory.open = len(self.harvest.troubles) > before
        self.reader.forget(file)

    def take(
        self,
        document: Parsed,
        place: Place,
        lead: Lead,
        digest: bytes,
        memory: Memory,
        *,
        names_files: bool,
    ) -> None:
        file = place.location
        try:
            ref = str(EntityRef.of(check_envelope(document.value)))
        except Refused as refused:
            self.trouble(refused.problem, str(file), document.line, parent_ref=lead.ref)
            return
        needs: list[LocationRef] = []

        def read(target: str) -> bytes:
            needs.append(resolve(target, file))
            return self.reader.read(needs[-1])

        try:
            if document.value["kind"].lower() not in self.kinds:
                raise Refused(_not_allowed(ref, file, self.root))
            processed = process(document.value, place, read, names_files=names_files)
        except Refused as refused:
            about = stated(document.value)
            self.trouble(
                refused.problem, str(file), document.line, ref=ref, parent_ref=lead.ref, stated=about
            )
            return
        for need in needs:
            memory.needs.append(str(need))
            self.harvest.memories.setdefault(str(need), self.reader.memory(need))
        by_text_alone = not needs and not processed.is_location
        self.harvest.found.append(
            Found.of(processed, str(file), document.line, lead.ref, digest if by_text_alone else None)
        )
        if processed.is_location:
            memory.leads.append(_lead(processed, file))
            self.follow(memory.leads[-1], file)

    def unread(self, target: LocationRef, lead: Lead, error: GreenroomError) -> None:
        if lead.optional and isinstance(error, NotFound) and not isinstance(error, RepositoryNotFound):
            return
        trouble = Trouble(unreadable(target, error), str(target), parent_ref=lead.ref, unread=True)
        self.harvest.troubles.append(trouble)

    def trouble(
        self,
        problem: Problem,
        file: str,
        line: int = 0,
        *,
        ref: str = "",
        parent_ref: str = "",
        stated: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.harvest.troubles.append(Trouble(problem, file, line, ref, parent_ref, stated=dict(stated)))


def _lead(holder: Processed, file: LocationRef) -> Lead:
    optional = (holder.entity.get("spec") or {}).get("presence") == "optional"
    return Lead(holder.ref, optional, tuple(targets_of(holder.entity, file)))


def _not_allowed(ref: str, file: LocationRef, origin: LocationRef) -> Problem:
    text = f"Entity {ref} at {file}, originated at {origin}, is not of an allowed kind for that location"
    return Problem("NotAllowedError", text)
