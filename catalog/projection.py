"""`fields=`: which part of an entity leaves (CATALOG.md 7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

_COLUMNS: Mapping[str, str] = {
    "kind": "catalog_entity.kind",
    "metadata.name": "catalog_entity.name",
    "metadata.namespace": "catalog_entity.namespace",
    "metadata.uid": "catalog_entity.uid",
}
"""Fields that every entity has, in columns whose values need no escaping in JSON: policy allows no such letter."""


@dataclass(frozen=True, slots=True)
class Projection:
    """The fields that are wanted; none means the whole document."""

    fields: tuple[str, ...] = ()

    @property
    def column(self) -> str:
        """SQL that makes the wanted part from an entity's row alone; empty when the document is needed."""
        if not self.fields or not all(name in _COLUMNS for name in self.fields):
            return ""
        inner = [name for name in self.fields if name.startswith("metadata.")]
        parts: dict[str, str] = {}
        for name in self.fields:
            if name == "kind":
                parts[name] = _member("kind", _COLUMNS[name])
            elif "metadata" not in parts:
                members = " || ',' || ".join(
                    _member(one.removeprefix("metadata."), _COLUMNS[one]) for one in dict.fromkeys(inner)
                )
                parts["metadata"] = f"'\"metadata\":{{' || {members} || '}}'"
        return "'{' || " + " || ',' || ".join(parts.values()) + " || '}'"

    def of(self, final: bytes) -> bytes:
        """The wanted part of a document."""
        return orjson.dumps(project(orjson.loads(final), self.fields)) if self.fields else final


WHOLE = Projection()


def _member(name: str, column: str) -> str:
    return f"'\"{name}\":\"' || {column} || '\"'"


def project(entity: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """The part of an entity that the fields name; what is not there is left out.

    A key with dots inside is found as well.
    """
    shown: dict[str, Any] = {}
    for name in fields:
        path, value = _find(entity, name.split("."))
        if path is None:
            continue
        holder = shown
        for key in path[:-1]:
            inner = holder.get(key)
            if not isinstance(inner, dict):
                inner = holder[key] = {}
            holder = inner
        holder[path[-1]] = value
    return shown


def _find(entity: Mapping[str, Any], parts: list[str]) -> tuple[list[str] | None, Any]:
    here: Any = entity
    path: list[str] = []
    waiting = ""
    for part in parts:
        key = f"{waiting}.{part}" if waiting else part
        if isinstance(here, Mapping) and key in here:
            path.append(key)
            here, waiting = here[key], ""
        else:
            waiting = key
    return (None, None) if waiting else (path, here)
