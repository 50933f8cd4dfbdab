"""What a kind of entity is: its apiVersions, its schema, and what the fields of its spec mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.schemas import Schema


@dataclass(frozen=True, slots=True)
class Relation:
    """One fact that an entity states about another, readable both ways. References are canonical texts."""

    source: str
    type: str
    target: str
    reverse: str


@dataclass(frozen=True, slots=True)
class Link:
    """What a field of the spec means: relation names both ways, and the kind that a bare name stands for."""

    field: str
    forward: str
    reverse: str
    default_kind: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entity: which apiVersions it has, what its spec must look like, and what it relates to."""

    name: str
    api_versions: tuple[str, ...]
    spec: Mapping[str, Any]
    links: tuple[Link, ...] = ()
    spec_required: bool = True
    processor: str = "BuiltinKindsEntityProcessor"
    _schema: list[Schema] = field(default_factory=list, compare=False, repr=False)

    @property
    def schema(self) -> Schema:
        """The whole entity's schema, compiled at first use."""
        if not self._schema:
            properties = {
                "apiVersion": {"enum": list(self.api_versions)},
                "kind": {"enum": [self.name]},
                "spec": self.spec,
            }
            required = ["spec"] if self.spec_required else []
            self._schema.append(Schema({"type": "object", "required": required, "properties": properties}))
        return self._schema[0]

    def recognises(self, entity: Mapping[str, Any]) -> bool:
        """Whether kind and apiVersion are this kind's; both are case-sensitive here, and only here."""
        return entity["kind"] == self.name and entity["apiVersion"] in self.api_versions
