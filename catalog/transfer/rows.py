"""The doors between records and tables: what is stored as records, and records as what is stored.

Whoever changes how the catalog is stored changes this module, and no file that was ever written.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from catalog.history import Verb
from catalog.ingest.rows import Row, insert, relations_of_all, replace_facts
from catalog.ingest.stitch import as_read, stitch
from catalog.kind import Relation as Fact
from catalog.models import Location
from catalog.search import index
from catalog.transfer.records import moment, step_back
from core.sql import stream

_BATCH = 500
_VERBS = {verb.label: verb for verb in Verb}

Record = dict[str, Any]


def locations() -> Iterator[Record]:
    """Every location, oldest first."""
    for one in Location.objects.order_by("created_at", "id").iterator(chunk_size=_BATCH):
        yield {
            "id": one.pk,
            "type": one.type,
            "target": one.target,
            "entityRef": one.entity_ref,
            "origin": one.origin,
            "files": one.files,
            "errors": one.errors,
            "contested": one.contested,
            "annotations": one.annotations,
            "createdAt": one.created_at,
            "refreshedAt": one.refreshed_at,
            "nextRefreshAt": one.next_refresh_at,
            "failures": one.failures,
        }


def relations() -> Iterator[Record]:
    """What each entity states about others."""
    sql = 'SELECT source_ref, type, target_ref, reverse FROM catalog_relation ORDER BY source_ref COLLATE "C", id'
    for source, stated in groupby(_each(sql), key=itemgetter(0)):
        yield {"source": source, "stated": [fact[1:] for fact in stated]}


def entities() -> Iterator[Record]:
    """Every entity as it was read, with where it was read and how it stands."""
    sql = """
        SELECT uid, etag, stored.final, location_id, file, parent_ref, errors::text, orphaned_at, changed_at,
               content_hash, source_hash
        FROM catalog_entity JOIN catalog_document AS stored ON stored.entity_id = uid ORDER BY ref
    """
    for uid, etag, final, location, file, parent, errors, orphaned, changed, content, source in _each(sql):
        yield {
            "uid": uid,
            "etag": etag,
            "document": as_read(final, orphan=orphaned is not None),
            "location": location,
            "file": file,
            "parent": parent,
            "errors": orjson.loads(errors),
            "orphanedAt": orphaned,
            "changedAt": changed,
            "contentHash": bytes(content).hex(),
            "sourceHash": None if source is None else bytes(source).hex(),
        }


def revisions() -> Iterator[Record]:
    """Every kept change of every entity."""
    sql = "SELECT ref, number, uid, at, verb, cause, step_back FROM catalog_revision ORDER BY ref, number"
    for ref, number, uid, at, verb, cause, back in _each(sql):
        yield {
            "ref": ref,
            "number": number,
            "uid": uid,
            "at": at,
            "verb": Verb(verb).label,
            "cause": cause,
            "stepBack": None if back is None else base64.b64encode(back).decode(),
        }


def add_locations(records: Sequence[Record]) -> None:
    """Store locations."""
    Location.objects.bulk_create(
        Location(
            id=UUID(one["id"]),
            type=one["type"],
            target=one["target"],
            entity_ref=one["entityRef"],
            origin=one["origin"],
            files=one["files"],
            errors=one["errors"],
            contested=one["contested"],
            annotations=one.get("annotations", {}),
            created_at=moment("location/createdAt", one["createdAt"]),
            refreshed_at=_moment_or_none("location/refreshedAt", one["refreshedAt"]),
            next_refresh_at=moment("location/nextRefreshAt", one["nextRefreshAt"]),
            failures=one["failures"],
        )
        for one in records
    )


def add_relations(records: Sequence[Record]) -> None:
    """Store what entities state."""
    stated: dict[str, list[Fact]] = {}
    for one in records:
        source = one["source"]
        stated.setdefault(source, []).extend(Fact(source, *fact) for fact in one["stated"])
    replace_facts(stated, known=())


def add_entities(records: Mapping[str, Record]) -> dict[str, str]:
    """Store entities, by reference, whose relations are stored already. Returns their new etags."""
    related = relations_of_all(records)
    made = []
    for ref, one in records.items():
        orphaned = _moment_or_none("entity/orphanedAt", one["orphanedAt"])
        stitched = stitch(
            one["document"], related[ref], one["errors"], uid=one["uid"], orphan=orphaned is not None
        )
        source = one["sourceHash"]
        made.append(
            Row(
                uid=UUID(one["uid"]),
                ref=ref,
                stitched=stitched,
                content_hash=bytes.fromhex(one["contentHash"]),
                source_hash=None if source is None else bytes.fromhex(source),
                errors=one["errors"],
                location=UUID(one["location"]) if one["location"] else None,
                file=one["file"],
                parent_ref=one["parent"],
                orphaned_at=orphaned,
                changed_at=moment("entity/changedAt", one["changedAt"]),
            )
        )
    insert(made)
    index.add((str(row.uid), records[row.ref]["document"]) for row in made)
    return {row.ref: row.stitched.etag for row in made}


def add_revisions(records: Sequence[Record]) -> None:
    """Store kept changes as they are."""
    sql = "COPY catalog_revision (ref, number, uid, at, verb, cause, step_back) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(sql) as copy:
        for one in records:
            at, back = moment("revision/at", one["at"]), step_back(one["stepBack"])
            verb = int(_VERBS[one["verb"]])
            copy.write_row((one["ref"], one["number"], one["uid"], at, verb, one["cause"], back))


def unsourced() -> str | None:
    """An entity that states relations and is not there, if there is one."""
    sql = """
        SELECT min(source_ref) FROM catalog_relation AS one
        WHERE NOT EXISTS (SELECT 1 FROM catalog_entity WHERE ref = one.source_ref COLLATE "C")
    """
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found = cursor.fetchone()
    return found[0] if found else None


def _each(sql: str) -> Iterator[tuple[Any, ...]]:
    for batch in stream(sql, batch=_BATCH):
        yield from batch


def _moment_or_none(field: str, text: str | None) -> Any:
    return None if text is None else moment(field, text)
