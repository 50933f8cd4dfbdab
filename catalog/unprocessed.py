"""What the catalog could not take: documents with a fault, and locations that were never read well.

Two lists, as Backstage's module for unprocessed entities has them: `failed` is what the catalog holds as last
read well, with a fault now; `pending` is what it never held.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from catalog.models import Entity, Location
from catalog.processing import MANAGED_BY, ORIGIN, location_entity
from catalog.querysets import EntityQuerySet

MOST = 1_000
"""Entries of one answer, and locations that are looked through for it."""
_ERROR = ("name", "message", "cause")


@dataclass(frozen=True, slots=True)
class Unprocessed:
    """One entry: `id` deletes it, `document` is the entity as far as it is known, `errors` as the contract shows."""

    id: uuid.UUID
    ref: str
    document: dict[str, Any]
    known: dict[str, Any] | None
    errors: list[dict[str, Any]]
    location: Location
    file: str
    line: int
    last_read: datetime | None

    @property
    def owner(self) -> str:
        """What its spec says about its owner; empty when that is not known."""
        return str((self.document.get("spec") or {}).get("owner") or "")


def failed(visible: EntityQuerySet) -> list[Unprocessed]:
    """Entities that are shown as last read well, because they cannot be taken as they are now."""
    rows = visible.exclude(errors=[]).exclude(location=None).select_related("location").order_by("ref")[:MOST]
    return [
        Unprocessed(
            id=row.uid,
            ref=row.ref,
            document=(document := row.document),
            known=document,
            errors=list(row.errors),
            location=row.location,
            file=row.file,
            line=_line(row),
            last_read=row.location.refreshed_at,
        )
        for row in rows
        if row.location is not None
    ]


def pending() -> list[Unprocessed]:
    """Documents that were never taken, and locations that nothing has come from yet."""
    with_faults = Location.objects.filter(~Q(errors=[]) | Q(refreshed_at=None)).order_by("created_at", "pk")[
        :MOST
    ]
    locations = list(with_faults)
    mentioned = {error["ref"] for location in locations for error in location.errors if error["ref"]}
    mentioned.update(location.entity_ref for location in locations)
    held = set(Entity.objects.filter(ref__in=mentioned).values_list("ref", flat=True))
    return [entry for location in locations for entry in _never_taken(location, held)][:MOST]


def _never_taken(location: Location, held: set[str]) -> Iterator[Unprocessed]:
    by_ref: dict[str, list[Mapping[str, Any]]] = {}
    if location.entity_ref not in held:
        by_ref[location.entity_ref] = []
    for error in location.errors:
        ref = error["ref"] or location.entity_ref
        if ref not in held:
            by_ref.setdefault(ref, []).append(error)
    for ref, errors in by_ref.items():
        own = ref == location.entity_ref
        first = errors[0] if errors else {}
        yield Unprocessed(
            id=location.pk if own else entry_id(location, ref),
            ref=ref,
            document=_own_document(location) if own else _outline(ref, first, location),
            known=None,
            errors=[_shown(error) for error in errors],
            location=location,
            file=str(first.get("file") or location),
            line=int(first.get("line") or 0),
            last_read=location.refreshed_at,
        )


def entry_id(location: Location, ref: str) -> uuid.UUID:
    """The id of a document that was never taken: the same as long as location and reference are the same."""
    return uuid.uuid5(location.pk, ref)


def _own_document(location: Location) -> dict[str, Any]:
    entity = location_entity(location.ref)
    entity["metadata"]["name"] = location.entity_ref.rpartition("/")[2]
    del entity["metadata"]["namespace"]
    entity["metadata"]["annotations"] = {MANAGED_BY: str(location), ORIGIN: str(location)}
    return entity


def _outline(ref: str, error: Mapping[str, Any], location: Location) -> dict[str, Any]:
    """What is known about a document that was not kept: its reference, its owner, and where it stands."""
    kind, _, rest = ref.partition(":")
    namespace, _, name = rest.partition("/")
    return {
        "apiVersion": error.get("apiVersion") or "",
        "kind": error.get("kind") or kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "annotations": {MANAGED_BY: str(error["file"]), ORIGIN: str(location)},
        },
        "spec": {"owner": error["owner"]} if error.get("owner") else {},
    }


def _shown(error: Mapping[str, Any]) -> dict[str, Any]:
    return {name: error[name] for name in _ERROR if name in error}


def _line(entity: Entity) -> int:
    errors: Iterable[Mapping[str, Any]] = entity.location.errors if entity.location else ()
    return next((int(error["line"]) for error in errors if error["ref"] == entity.ref), 0)
