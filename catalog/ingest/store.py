"""Writes a plan: entities, relations, and the final documents of everyone concerned, in one transaction.

Catalog writes come one after the other (a lock of the transaction): two locations that relate to the same
entity would otherwise each write its final document without the other's relations.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from catalog.history import STITCHED, Change, by_location, record
from catalog.ingest.locations import Harvest
from catalog.ingest.plan import Plan, Stored, Write, plan
from catalog.ingest.stitch import relations_of_all, stitch
from catalog.models import Entity, Location, Relation
from catalog.problems import Problem
from catalog.refs import EntityRef
from core.errors import LeaseLost

_BATCH = 1_000
_LOCK = 0x6361_7461_6C6F_67  # "catalog"
_COLUMNS = (
    *(
        "ref",
        "kind",
        "namespace",
        "name",
        "processed",
        "content_hash",
        "final",
        "etag",
        "search",
        "facets",
        "title",
    ),
    *(
        "owner_ref",
        "spec_type",
        "lifecycle",
        "errors",
        "location",
        "file",
        "parent_ref",
        "orphaned_at",
        "changed_at",
    ),
)


def lock_catalog() -> None:
    """Wait until no other transaction writes to the catalog; held until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def store(location: Location, harvest: Harvest, **changes: object) -> Plan:
    """Write what a reading of the location changed. `changes` go to the location's own row.

    Raises LeaseLost, and writes nothing, when the location was taken or unregistered meanwhile.
    """
    with transaction.atomic():
        lock_catalog()
        if not Location.objects.filter(pk=location.pk, attempts=location.attempts).exists():
            raise LeaseLost(f"location {location} was taken by another worker or unregistered meanwhile")
        decided = plan(harvest, _stored(location, harvest), location.pk)
        if not decided.is_empty:
            _write(decided, location)
        Location.objects.filter(pk=location.pk).update(
            errors=[trouble.document() for trouble in decided.troubles],
            contested=decided.contested,
            **changes,
        )
    return decided


def _stored(location: Location, harvest: Harvest) -> dict[str, Stored]:
    refs = [found.processed.ref for found in harvest.found]
    rows = Entity.objects.filter(Q(location=location) | Q(ref__in=refs)).select_related("location")
    rows = rows.defer("processed", "final", "search", "facets")
    return {
        row.ref: Stored(
            ref=row.ref,
            uid=row.uid,
            holder=row.location_id,
            holder_text=str(row.location or ""),
            file=row.file,
            parent_ref=row.parent_ref,
            content_hash=row.content_hash,
            orphan=row.orphaned_at is not None,
            problems=tuple(Problem.read(error) for error in row.errors),
        )
        for row in rows
    }


def _write(decided: Plan, location: Location) -> None:
    now = timezone.now()
    written = {write.found.processed.ref: _entity(write, location, now) for write in decided.writes}
    known = [write.uid for write in decided.writes if write.uid is not None]
    affected = _replace_relations(decided.writes, written, known)
    touched = {*decided.keep_with, *decided.orphans}
    others = {row.ref: row for row in Entity.objects.filter(ref__in=(affected | touched) - written.keys())}
    for ref, problems in decided.keep_with.items():
        others[ref].errors = [problem.document() for problem in problems]
        others[ref].orphaned_at = None
    for ref in decided.orphans:
        others[ref].orphaned_at = now
    _finish(written, others, touched, by_location(location.pk))


def _entity(write: Write, location: Location, now: datetime) -> Entity:
    found = write.found
    ref = EntityRef.of(found.processed.entity)
    return Entity(
        uid=write.uid or uuid.uuid4(),
        ref=found.processed.ref,
        kind=ref.kind,
        namespace=ref.namespace,
        name=ref.name,
        processed=write.content.decode(),
        content_hash=write.content_hash,
        errors=[problem.document() for problem in write.problems],
        location=location,
        file=found.file,
        parent_ref=found.parent_ref,
        changed_at=now,
    )


def _replace_relations(
    writes: Sequence[Write], written: dict[str, Entity], known: Sequence[uuid.UUID]
) -> set[str]:
    """State the new relations instead of the old ones; answer everyone whom that concerns."""
    old = Relation.objects.filter(said_by__in=known)
    affected = set(old.values_list("target_ref", flat=True))
    old.delete()
    new = []
    for write in writes:
        entity = written[write.found.processed.ref]
        for one in write.found.processed.relations:
            affected.add(one.target)
            new.append(
                Relation(
                    said_by=entity,
                    source_ref=one.source,
                    type=one.type,
                    target_ref=one.target,
                    reverse=one.reverse,
                )
            )
    Relation.objects.bulk_create(new, batch_size=_BATCH)
    return affected


def _finish(
    written: dict[str, Entity],
    others: dict[str, Entity],
    touched: Iterable[str],
    cause: str,
    gone: Sequence[Change] = (),
) -> None:
    """Make the final documents of all concerned, write those that say something new, and keep what they said."""
    before = dict(Entity.objects.filter(ref__in=[*written, *others]).values_list("ref", "final"))
    relations = relations_of_all({**written, **others})
    for ref, entity in written.items():
        stitch(entity, relations[ref])
    told = set(touched)
    again = [entity for ref, entity in others.items() if stitch(entity, relations[ref]) or ref in told]
    now = timezone.now()
    for entity in again:
        entity.changed_at = now
    changed = sorted([*written.values(), *again], key=lambda entity: entity.ref)
    _upsert(changed)
    own = written.keys() | told
    causes = {one.ref: cause if one.ref in own else STITCHED for one in changed}
    told_now = [
        Change.between(one.ref, one.uid, before.get(one.ref), one.final, causes[one.ref]) for one in changed
    ]
    record([*gone, *told_now])


def _upsert(entities: Sequence[Entity]) -> None:
    Entity.objects.bulk_create(
        entities,
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["uid"],
        update_fields=list(_COLUMNS),
    )


def remove(refs: Sequence[str], cause: str) -> None:
    """Take entities out of the catalog and let those whom they spoke of show it. Inside a transaction."""
    lock_catalog()
    rows = Entity.objects.filter(ref__in=refs).values_list("ref", "uid", "final")
    gone = [Change.between(ref, uid, final, None, cause) for ref, uid, final in rows]
    spoken_of = Relation.objects.filter(source_ref__in=refs).values_list("target_ref", flat=True)
    affected = set(spoken_of) - set(refs)
    Entity.objects.filter(ref__in=refs).delete()
    others = {row.ref: row for row in Entity.objects.filter(ref__in=affected)}
    _finish({}, others, (), cause, gone)


def mark_orphans(refs: Sequence[str], cause: str) -> None:
    """Mark entities that nothing leads to any more. Inside a transaction."""
    lock_catalog()
    rows = {row.ref: row for row in Entity.objects.filter(ref__in=refs, orphaned_at__isnull=True)}
    now = timezone.now()
    for row in rows.values():
        row.orphaned_at = now
    _finish({}, rows, rows, cause)
