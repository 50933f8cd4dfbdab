"""Rows of entities, documents and relations on their way into PostgreSQL, as many as there are at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from catalog.ingest.stitch import Stitched
from catalog.kind import Relation as Fact
from core.sql import rows

Both = Mapping[str, set[tuple[str, str]]]
"""For each reference its relations as (type, target), those that others state included."""


@dataclass(frozen=True, slots=True)
class Row:
    """Everything that is stored of one entity."""

    uid: UUID
    ref: str
    stitched: Stitched
    content_hash: bytes
    source_hash: bytes | None
    errors: Sequence[Mapping[str, Any]]
    location: UUID | None
    file: str
    parent_ref: str
    orphaned_at: datetime | None
    changed_at: datetime

    def columns(self) -> dict[str, Any]:
        """The row of the entities' table, as texts that PostgreSQL reads."""
        return {
            "uid": str(self.uid),
            "ref": self.ref,
            **self.stitched.columns,
            "wording": self.stitched.wording,
            "owner_ref": self.stitched.owner_ref,
            "terms": f"{{{','.join(map(str, self.stitched.terms))}}}",
            "etag": self.stitched.etag,
            "content_hash": f"\\x{self.content_hash.hex()}",
            "source_hash": f"\\x{self.source_hash.hex()}" if self.source_hash else None,
            "errors": orjson.dumps(self.errors).decode(),
            "location_id": str(self.location) if self.location else None,
            "file": self.file,
            "parent_ref": self.parent_ref,
            "orphaned_at": self.orphaned_at.isoformat() if self.orphaned_at else None,
            "changed_at": self.changed_at.isoformat(),
        }


_TYPES = {
    "uid": "uuid",
    "terms": "bigint[]",
    "content_hash": "bytea",
    "source_hash": "bytea",
    "errors": "jsonb",
    "values": "jsonb",
    "location_id": "uuid",
    "orphaned_at": "timestamptz",
    "changed_at": "timestamptz",
}


def insert(new: Sequence[Row]) -> None:
    """Add entities that were not there."""
    if not new:
        return
    entities = [row.columns() for row in new]
    _copy("catalog_entity", list(entities[0]), (one.values() for one in entities))
    _copy("catalog_document", ("entity_id", "final"), ((row.uid, row.stitched.final) for row in new))
    values = ((row.uid, orjson.dumps(row.stitched.values).decode()) for row in new)
    _copy("catalog_held", ("entity_id", "values"), values)


def update(changed: Sequence[Row]) -> None:
    """Write entities that were there before."""
    if not changed:
        return
    entities = [row.columns() for row in changed]
    names = list(entities[0])
    _update("catalog_entity", "uid", names, entities)
    documents = [{"entity_id": str(row.uid), "final": row.stitched.final} for row in changed]
    _update("catalog_document", "entity_id", ["entity_id", "final"], documents)
    held = [
        {"entity_id": str(row.uid), "values": orjson.dumps(row.stitched.values).decode()} for row in changed
    ]
    _update("catalog_held", "entity_id", ["entity_id", "values"], held)


def replace_facts(stated: Mapping[str, Sequence[Fact]], *, known: Iterable[str]) -> set[str]:
    """State these relations, per source, instead of what the `known` ones stated; answer whom that concerns."""
    old: dict[tuple[str, str, str], int] = {}
    if names := list(known):
        sql = "SELECT source_ref, type, target_ref, id FROM catalog_relation WHERE source_ref = ANY(%s)"
        old = {(source, kind, target): number for source, kind, target, number in rows(sql, (names,))}
    wanted = {
        (source, one.type, one.target): one.reverse for source, facts in stated.items() for one in facts
    }
    if gone := [number for fact, number in old.items() if fact not in wanted]:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM catalog_relation WHERE id = ANY(%s)", (gone,))
    added = [(*fact, reverse) for fact, reverse in wanted.items() if fact not in old]
    if added:
        _copy("catalog_relation", ("source_ref", "type", "target_ref", "reverse"), added)
    return {fact[2] for fact in old if fact not in wanted} | {fact[2] for fact in added}


def relations_of_all(refs: Iterable[str]) -> Both:
    """What is stated by and about the entities, seen from each of them."""
    seen: dict[str, set[tuple[str, str]]] = {ref: set() for ref in refs}
    names = list(seen)
    sql = (
        "SELECT source_ref, type, target_ref FROM catalog_relation WHERE source_ref = ANY(%s) UNION ALL"
        " SELECT target_ref, reverse, source_ref FROM catalog_relation WHERE target_ref = ANY(%s)"
    )
    for holder, kind, other in rows(sql, (names, names)):
        seen[holder].add((kind, other))
    return seen


def _copy(table: str, columns: Iterable[str], values: Iterable[Iterable[Any]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in values:
            copy.write_row(tuple(row))


def _update(table: str, key: str, names: Sequence[str], values: Sequence[Mapping[str, Any]]) -> None:
    typed = ", ".join(f"{name} text" for name in names)
    assigned = ", ".join(f"{name} = new.{name}::{_type(name)}" for name in names if name != key)
    sql = (
        f"UPDATE {table} SET {assigned} FROM json_to_recordset(%s::json) AS new({typed})"
        f" WHERE {table}.{key} = new.{key}::uuid"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, (orjson.dumps(values).decode(),))


def _type(name: str) -> str:
    return _TYPES.get(name, "text")
