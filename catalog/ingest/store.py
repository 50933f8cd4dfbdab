"""Writes a plan: entities, relations, and the final documents of everyone concerned, in one transaction.

Catalog writes come one after the other (a lock of the transaction): two locations that relate to the same
entity would otherwise each write its final document without the other's relations.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone

from catalog.history import STITCHED, Change, Verb, by_location, record
from catalog.ingest.harvest import Harvest
from catalog.ingest.plan import Plan, Stored, Write, plan
from catalog.ingest.rows import Row, insert, relations_of_all, replace_facts, update
from catalog.ingest.stitch import restitch, stitch
from catalog.models import Location
from catalog.problems import Problem, storable
from catalog.search import index
from core.api.subjects import System
from core.audit import record as audit
from core.errors import LeaseLost
from core.sql import rows

_AT_ONCE = 2_000
"""Entities whose documents are in memory at a time."""
_NAMED = 100
"""Entities that one audit event names."""
BY = System("system:catalog")
_MANY = 1_000
"""Writes in one go that change what the planner knows."""
LONGEST_PAUSE = "120s"
"""Between two statements of a transaction that holds the lock: who is paused longer (a frozen machine) loses it."""
_LOCK = 0x6361_7461_6C6F_67  # "catalog"


def lock_catalog() -> None:
    """Wait until no other transaction writes to the catalog; held until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', %s, true), pg_advisory_xact_lock(%s)",
            [LONGEST_PAUSE, _LOCK],
        )


def store(location: Location, harvest: Harvest, files: Mapping[str, Any]) -> Plan:
    """Write what a reading of the location changed, and what to remember of its files.

    Nothing is written when the plan names files to be read anew. Raises LeaseLost, and writes nothing, when the
    location was taken or unregistered meanwhile.
    """
    with transaction.atomic():
        lock_catalog()
        if not Location.objects.filter(pk=location.pk, attempts=location.attempts).exists():
            raise LeaseLost(f"location {location} was taken by another worker or unregistered meanwhile")
        decided = plan(harvest, _stored(location, harvest), location.pk)
        if decided.anew:
            return decided
        if not decided.is_empty:
            _write(decided, location)
            if decided.orphans:
                audit(BY, "orphaned", location, entities=len(decided.orphans), refs=decided.orphans[:_NAMED])
            if len(decided.writes) >= _MANY:
                forget_plans()
                transaction.on_commit(settle, robust=True)
        _remember(location, harvest, decided, files)
    return decided


def forget_plans() -> None:
    """Before a commit that looks at very many foreign keys: PostgreSQL keeps the plan of that look for a whole session.

    One that was made while the tables were small reads them whole for each row: 50,000 entities took minutes to commit.
    """
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")


def settle() -> None:
    """After very many writes: let the index sort in what it put aside, and the planner see what there is now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('entity_terms'::regclass)")
        for table in ("entity", "document", "held", "relation", "revision"):
            cursor.execute(f"ANALYZE catalog_{table}")


def _remember(location: Location, harvest: Harvest, decided: Plan, files: Mapping[str, Any]) -> None:
    """Set the location's own row, as far as it changes."""
    not_taken = {trouble.file for trouble in decided.troubles}
    not_taken.update(found.file for found in harvest.found if found.ref in set(decided.contested))
    for file in not_taken & harvest.memories.keys():
        harvest.memories[file].open = True
    now = {
        "errors": [trouble.document() for trouble in decided.troubles],
        "contested": decided.contested,
        "files": {**{file: memory.document() for file, memory in harvest.memories.items()}, **files},
    }
    told = {name: value for name, value in now.items() if getattr(location, name) != value}
    if told:
        Location.objects.filter(pk=location.pk).update(**told)


def _stored(location: Location, harvest: Harvest) -> dict[str, Stored]:
    """What is stored under the refs in question, and what the location holds but for files that are the same."""
    looked_at = "one.location_id = %s"
    given: list[object] = [location.pk]
    if harvest.same:
        looked_at += " AND (one.file = ANY(%s) OR one.errors <> '[]')"
        given.append(sorted({*location.files, *harvest.memories, str(location)} - harvest.same))
    sql = f"""
        SELECT one.ref, one.uid, one.location_id, coalesce(place.type || ':' || place.target, ''), one.file,
               one.parent_ref, one.content_hash, one.source_hash, one.orphaned_at IS NOT NULL, one.errors::text
        FROM catalog_entity AS one LEFT JOIN catalog_location AS place ON place.id = one.location_id
        WHERE {looked_at} OR one.ref = ANY(%s)
    """  # noqa: S608 - texts of our own
    refs = {found.ref for found in harvest.found}
    about = (ref for trouble in harvest.troubles for ref in (trouble.ref, trouble.parent_ref))
    refs.update(ref for ref in about if ref and storable(ref) == ref)
    return {
        row[0]: Stored(*(*row[:9], tuple(Problem.read(error) for error in orjson.loads(row[9]))))
        for row in rows(sql, [*given, sorted(refs)])
    }


def known_documents(location: Location, file: str, parent_ref: str) -> dict[bytes, str]:
    """The sound entities from a file, by the hash of the text that each was read from."""
    sql = """
        SELECT source_hash, ref FROM catalog_entity WHERE location_id = %s AND file = %s AND parent_ref = %s
        AND source_hash IS NOT NULL AND orphaned_at IS NULL AND errors = '[]'
    """
    return {bytes(digest): ref for digest, ref in rows(sql, (location.pk, file, parent_ref))}


@dataclass(slots=True)
class _Before:
    """An entity as it is stored, as far as writing it anew needs it."""

    uid: uuid.UUID
    ref: str
    etag: str
    content_hash: bytes
    source_hash: bytes | None
    errors: list[dict[str, Any]]
    location: uuid.UUID | None
    file: str
    parent_ref: str
    orphaned_at: datetime | None
    final: str


def _before(refs: Sequence[str]) -> dict[str, _Before]:
    sql = """
        SELECT uid, ref, etag, content_hash, source_hash, errors::text, location_id, file, parent_ref, orphaned_at,
               stored.final
        FROM catalog_entity JOIN catalog_document AS stored ON stored.entity_id = uid WHERE ref = ANY(%s)
    """
    return {row[1]: _Before(*(*row[:5], orjson.loads(row[5]), *row[6:])) for row in rows(sql, (list(refs),))}


def _write(decided: Plan, location: Location) -> None:
    writes = {write.found.ref: write for write in decided.writes}
    affected = replace_facts(
        {ref: write.found.relations for ref, write in writes.items()},
        known=[ref for ref, write in writes.items() if write.uid is not None],
    )
    touched = {*decided.keep_with, *decided.orphans}
    now, cause = timezone.now(), by_location(location.pk)
    for some in _batches(writes):
        record(_write_found([writes[ref] for ref in some], location, now, cause))
    orphans = frozenset(decided.orphans)
    for some in _batches((affected | touched) - writes.keys()):
        record(_restitch(some, now, cause, keep_with=decided.keep_with, orphans=orphans))


def _write_found(writes: Sequence[Write], location: Location, now: datetime, cause: str) -> list[Change]:
    """Write what was read."""
    relations = relations_of_all(write.found.ref for write in writes)
    before = _before([write.found.ref for write in writes if write.uid is not None])
    entities = {write.found.ref: write.found.entity for write in writes}
    new: list[Row] = []
    changed: list[Row] = []
    changes = []
    for write in writes:
        found, uid = write.found, write.uid or uuid.uuid4()
        errors = [problem.document() for problem in write.problems]
        stitched = stitch(found.entity, relations[found.ref], errors, uid=str(uid))
        row = Row(
            *(uid, found.ref, stitched, write.content_hash, found.source_hash, errors),
            *(location.pk, found.file, found.parent_ref, None, now),
        )
        if write.uid is None:
            new.append(row)
            changes.append(Change(found.ref, uid, Verb.CREATED, None, "", cause))
        else:
            changed.append(row)
            changes.append(Change.between(found.ref, uid, before[found.ref].final, stitched.final, cause))
    insert(new)
    update(changed)
    index.add((str(row.uid), entities[row.ref]) for row in new)
    index.put((str(row.uid), entities[row.ref]) for row in changed)
    return changes


def _restitch(
    refs: Sequence[str],
    now: datetime,
    cause: str,
    *,
    keep_with: Mapping[str, Sequence[Problem]] = MappingProxyType({}),
    orphans: Collection[str] = (),
) -> list[Change]:
    """Let entities that were not read say what has changed around them; those that say it already are left."""
    relations = relations_of_all(refs)
    changed, changes = [], []
    for ref, one in _before(refs).items():
        errors, orphaned_at = one.errors, one.orphaned_at
        if ref in keep_with:
            errors, orphaned_at = [problem.document() for problem in keep_with[ref]], None
        elif ref in orphans and orphaned_at is None:
            orphaned_at = now
        told = (errors, orphaned_at) != (one.errors, one.orphaned_at)
        stitched = restitch(
            *(one.final, "" if told else one.etag, relations[ref], errors),
            uid=str(one.uid),
            was_orphan=one.orphaned_at is not None,
            orphan=orphaned_at is not None,
        )
        if stitched is not None:
            changed.append(
                Row(
                    *(one.uid, ref, stitched, one.content_hash, one.source_hash, errors),
                    *(one.location, one.file, one.parent_ref, orphaned_at, now),
                )
            )
            why = cause if ref in keep_with or ref in orphans else STITCHED
            changes.append(Change.between(ref, one.uid, one.final, stitched.final, why))
    update(changed)
    return changes


def _batches(refs: Collection[str]) -> Iterator[list[str]]:
    left = iter(sorted(refs))
    while some := list(islice(left, _AT_ONCE)):
        yield some


def remove(refs: Sequence[str], cause: str) -> None:
    """Take entities out of the catalog and let those whom they spoke of show it. Inside a transaction."""
    lock_catalog()
    for some in _batches(refs):
        gone = _before(some)
        record([Change.between(ref, one.uid, one.final, None, cause) for ref, one in gone.items()])
        with connection.cursor() as cursor:
            uids = [one.uid for one in gone.values()]
            index.remove(uids)
            cursor.execute("DELETE FROM catalog_document WHERE entity_id = ANY(%s)", (uids,))
            cursor.execute("DELETE FROM catalog_held WHERE entity_id = ANY(%s)", (uids,))
            cursor.execute("DELETE FROM catalog_entity WHERE uid = ANY(%s)", (uids,))
    affected = replace_facts({}, known=refs) - set(refs)
    for some in _batches(affected):
        record(_restitch(some, timezone.now(), cause))


def mark_orphans(refs: Sequence[str], cause: str) -> None:
    """Mark entities that nothing leads to any more. Inside a transaction."""
    lock_catalog()
    for some in _batches(refs):
        record(_restitch(some, timezone.now(), cause, orphans=frozenset(some)))
