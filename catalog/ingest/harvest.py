"""What one reading of a location gave: entities, troubles, and the files that are the same as before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import orjson

from catalog.ingest.memory import Memory
from catalog.kind import Relation
from catalog.problems import Problem, storable
from catalog.processing import Processed


@dataclass(frozen=True, slots=True)
class Found:
    """An entity that was read well: from which file and line, led to by which Location entity.

    `content` is the entity as JSON text, for a location may hold very many; None when its document is the very
    text that is stored already. `source_hash` stands for that text, if the text alone decides.
    """

    ref: str
    content: bytes | None
    relations: tuple[Relation, ...]
    file: str
    line: int = 0
    parent_ref: str = ""
    source_hash: bytes | None = None

    @classmethod
    def of(
        cls,
        processed: Processed,
        file: str,
        line: int = 0,
        parent_ref: str = "",
        source_hash: bytes | None = None,
    ) -> Self:
        """What a document became, and where it stood."""
        content = orjson.dumps(processed.entity)
        return cls(processed.ref, content, processed.relations, file, line, parent_ref, source_hash)

    @property
    def entity(self) -> dict[str, Any]:
        """The entity as data; only of one whose document was looked at."""
        entity: dict[str, Any] = orjson.loads(self.content or b"")
        return entity


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that was not taken. `ref` is the entity it is about, when the document still tells.

    `unread` marks a file, or a list of files, that could not be read at all: nothing is known about what it
    holds, so what came from it before stays. `stated` is what the document said about itself.
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
    """All that one reading of a location gave, in the order of reading.

    `same` are the files that were passed over: what came from them stays. `memories` is what to remember.
    """

    root: str
    found: list[Found] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    same: set[str] = field(default_factory=set)
    memories: dict[str, Memory] = field(default_factory=dict)

    @property
    def entities(self) -> list[Found]:
        """What was found beside the location's own entity."""
        return [one for one in self.found if one.ref != self.root]
