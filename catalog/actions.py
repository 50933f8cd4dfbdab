"""What changes the catalog: register, refresh, unregister, delete; each recorded with who did it."""

import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.descriptor import check_envelope
from catalog.ingest.harvest import Harvest
from catalog.ingest.locations import read_location, unreadable_targets
from catalog.ingest.reader import Reader
from catalog.ingest.refresh import allowed_kinds, ask_for_refresh, channel, offer, refresh
from catalog.ingest.store import lock_catalog, mark_orphans, remove
from catalog.jobs import REFRESH_LOCATION
from catalog.models import Entity, Location
from catalog.permissions import DELETE, REFRESH
from catalog.problems import Problem, Refused
from catalog.processing import Place, process
from catalog.reading import resolve
from catalog.refs import LocationRef
from catalog.search.timetable import hurry
from catalog.unprocessed import entry_id
from core.api.subjects import Subject
from core.audit import Actor, record
from core.errors import Conflict, InputError, NotAllowed, NotFound, Unavailable
from core.notices import Watch
from scm.models import Event
from scm.registry import host, hosts
from scm.values import RepositoryName

LONGEST_INGEST = 60.0
"""Seconds that a refresh by another worker is waited for."""
LONGEST_TARGET = 2_000
"""Bytes of a location's target."""
_ORPHANS_AT_ONCE = 500


@transaction.atomic
def register(
    type: str,  # noqa: A002 - the contract's word
    target: str,
    by: Actor,
    *,
    annotations: Mapping[str, str] = MappingProxyType({}),
) -> Location:
    """Add a location and have it read soon. Conflict when it is there, InputError for a type but `url`.

    Everything that it brings gets the annotations.
    """
    _changeable()
    ref = _registrable(type, target)
    location = Location(
        type=ref.type, target=ref.target, entity_ref=_free_name(ref), annotations=dict(annotations)
    )
    try:
        with transaction.atomic():
            location.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(f"Location {ref} already exists") from error
    record(by, "registered", location)
    REFRESH_LOCATION.later(location.pk)
    return location


def register_or_refresh(type: str, target: str, by: Actor) -> Location:  # noqa: A002 - the contract\'s word
    """Add a location, or have the one that is there read again."""
    location = Location.objects.filter(type=type, target=target).first()
    if location is None:
        return register(type, target, by)
    refresh_location(location)
    return location


def dry_run(type: str, target: str) -> tuple[LocationRef, Harvest]:  # noqa: A002 - the contract\'s word
    """What registering would find; Refused with the first problem, as Backstage has it."""
    ref = _registrable(type, target)
    harvest = read_location(ref, Reader(allow_files=False), allowed_kinds())
    for trouble in harvest.troubles[:1]:
        raise InputError(str(trouble.problem))
    return ref, harvest


def try_entity(document: dict[str, Any], location: str) -> list[Problem]:
    """Why a document would not be taken, were it read from that location; empty when it would."""
    reader = Reader(allow_files=False)
    try:
        check_envelope(document)
        place = LocationRef.parse(location)
        if place.type != "url":
            only = "only 'url:<target>' is supported, e.g. url:https://host/path"
            raise Refused.because("TypeError", f"Invalid location ref {location}, {only}")
        annotated = Place(place, place, {})
        processed = process(document, annotated, lambda target: reader.read(resolve(target, place)))
    except Refused as refused:
        return [refused.problem]
    return unreadable_targets(processed, place, reader) if processed.is_location else []


def _changeable() -> None:
    if settings.GREENROOM_CATALOG_READONLY:
        raise NotAllowed("This operation not allowed in readonly mode")


def _registrable(type: str, target: str) -> LocationRef:  # noqa: A002 - the contract\'s word
    if type != "url":
        raise InputError('Registered locations must be of an allowed type ["url"]')
    if len(target.encode("utf-8", "replace")) > LONGEST_TARGET or "\x00" in target or not target:
        raise InputError(f"location.target must be 1 to {LONGEST_TARGET} bytes without NUL characters")
    return LocationRef(type, target)


def _free_name(ref: LocationRef) -> str:
    """The name of a new location's entity; one that was moved away may still have the usual one."""
    if not Location.objects.filter(entity_ref=ref.entity_ref).exists():
        return ref.entity_ref
    return LocationRef(ref.type, f"{ref.target}#{uuid.uuid4()}").entity_ref


@transaction.atomic
def retarget(location: Location, type: str, target: str, by: Actor) -> Location:  # noqa: A002 - the contract\'s word
    """Let a location read from elsewhere; it keeps its id and the name of its entity."""
    _changeable()
    ref = _registrable(type, target)
    if Location.objects.filter(type=ref.type, target=ref.target).exclude(pk=location.pk).exists():
        raise Conflict(f"Location {ref} already exists")
    before = str(location)
    location.type, location.target, location.files = ref.type, ref.target, {}
    location.attempts += 1  # who reads the old target now may not write what it found
    location.save(update_fields=["type", "target", "files", "attempts"])
    record(by, "retargeted", location, before=before, after=str(location))
    refresh_location(location)
    return location


def annotate(location: Location, annotations: Mapping[str, str], by: Actor) -> None:
    """Say something else of everything that a location brings; it is read anew for that."""
    with transaction.atomic():
        Location.objects.filter(pk=location.pk).update(annotations=dict(annotations))
        record(by, "annotated", location, annotations=dict(annotations))
        ask_for_refresh(location)


def refresh_location(location: Location, by: Actor | None = None) -> None:
    """Have a location read at once, also when a refresh of it is running now. `by`: the one who asked, if any."""
    ask_for_refresh(location)
    if by is not None:
        record(by, "refreshed", location)


def refresh_entity(text: str, by: Actor) -> None:
    """Have the location read that an entity comes from; NotFound when there is no such entity to be seen."""
    visible = Entity.objects.visible_to(by).filter(ref=text.lower())
    entity = visible.select_related("location").first()
    if entity is None:
        raise NotFound(f"Entity {text} not found")
    if not visible.permitted(by, REFRESH).exists():
        raise NotAllowed(f"{by.ref} may not have {text} read again")
    if entity.location is not None:
        refresh_location(entity.location)
    record(by, "refreshed", entity)


def ingest_now(location: Location) -> list[str]:
    """Read a location now, in this process, and answer what it holds. Raises what kept it from being read.

    When another worker reads it already, its end is awaited.
    """
    started = timezone.now()
    refresh(str(location.pk))
    location.refresh_from_db()
    if location.refreshed_at is None or location.refreshed_at < started:
        _await_refresh(location, started)
    for error in location.errors:
        raise Refused(Problem.read(error))
    return list(location.entities.order_by("ref").values_list("ref", flat=True))


def _await_refresh(location: Location, started: datetime) -> None:
    """Wait until another worker's refresh is over, then read the location anew: that one began before us."""
    watch = Watch(channel(location))
    deadline = time.monotonic() + LONGEST_INGEST
    while location.refreshed_at is None or location.refreshed_at < started:
        if time.monotonic() > deadline:
            raise Unavailable(f"location {location} was not read within {LONGEST_INGEST:.0f} seconds")
        watch.wait(1.0)
        refresh(str(location.pk))
        location.refresh_from_db()


@transaction.atomic
def unregister(location: Location, by: Actor) -> None:
    """Remove a location and, at once, what it holds; what another location claims goes over to it."""
    _changeable()
    lock_catalog()
    held = dict(location.entities.values_list("ref", "uid"))
    claims: dict[str, Location] = {}
    for other in Location.objects.filter(contested__overlap=list(held)).exclude(pk=location.pk):
        claims.update({ref: other for ref in other.contested if ref in held and ref not in claims})
    for ref, heir in claims.items():
        Entity.objects.filter(pk=held[ref]).update(location=heir)
    for heir in {heir.pk: heir for heir in claims.values()}.values():
        _forget_files(heir)
        refresh_location(heir)
    remove([ref for ref in held if ref not in claims], by.ref)
    record(by, "unregistered", location, entities=len(held) - len(claims))
    location.delete()


@transaction.atomic
def delete_entity(uid: str, by: Actor) -> None:
    """Remove an entity. When its file still holds it, the next refresh brings it back with a new uid.

    One that is not there is no error, except to whom a condition keeps from knowing.
    """
    entity = Entity.objects.permitted(by, DELETE).by_uid(uid)
    if entity is None and isinstance(by, Subject) and by.is_limited(DELETE):
        raise NotAllowed(f"{by.ref} may not delete {uid}, or there is no such entity")
    if entity is None:
        return
    if entity.location is not None:
        _forget_files(entity.location)
        refresh_location(entity.location)
    record(by, "deleted", entity)
    remove([entity.ref], by.ref)


@transaction.atomic
def forget_unprocessed(entry: str, by: Actor) -> None:
    """Have an entry of `catalog.unprocessed` gone: an entity as `delete_entity` does; of what was never taken
    the error, until its file is read anew. One that is not there is no error."""
    try:
        wanted = uuid.UUID(entry)
    except ValueError:
        return
    if Entity.objects.visible_to(by).exclude(errors=[]).by_uid(entry) is not None:
        delete_entity(entry, by)
        return
    for location in Location.objects.select_for_update().exclude(errors=[]):
        kept = [error for error in location.errors if not _is_entry(wanted, location, error)]
        if len(kept) < len(location.errors):
            Location.objects.filter(pk=location.pk).update(errors=kept)
            record(by, "forgot what was not taken from", location, entry=entry)


def _is_entry(wanted: uuid.UUID, location: Location, error: dict[str, Any]) -> bool:
    about = error["ref"] or location.entity_ref
    return wanted == (location.pk if about == location.entity_ref else entry_id(location, about))


def _forget_files(location: Location) -> None:
    """Let the next refresh look at everything, also at files that did not change."""
    Location.objects.filter(pk=location.pk).update(files={})


@transaction.atomic
def remove_orphans(by: Actor) -> int:
    """Remove entities that nothing led to for the whole grace period; answer how many."""
    too_old = timezone.now() - settings.GREENROOM_ORPHAN_GRACE
    orphans = list(Entity.objects.filter(orphaned_at__lte=too_old).order_by("orphaned_at")[:_ORPHANS_AT_ONCE])
    for entity in orphans:
        record(by, "orphan_removed", entity, orphaned_at=entity.orphaned_at)
    if orphans:
        remove([entity.ref for entity in orphans], by.ref)
    return len(orphans)


@transaction.atomic
def sync_configured(by: Actor) -> None:
    """Make the configured locations what GREENROOM_CATALOG_LOCATIONS says.

    One that is no longer named goes; what it held becomes an orphan and keeps its grace period.
    """
    wanted = {LocationRef.parse(text) for text in settings.GREENROOM_CATALOG_LOCATIONS}
    there = {
        location.ref: location for location in Location.objects.select_for_update().filter(origin="config")
    }
    for ref in sorted(wanted - there.keys()):
        location, made = Location.objects.get_or_create(
            type=ref.type,
            target=ref.target,
            defaults={"entity_ref": ref.entity_ref, "origin": Location.Origin.CONFIG},
        )
        if made:
            record(by, "configured", location)
            REFRESH_LOCATION.later(location.pk)
    let_go([there[ref] for ref in sorted(there.keys() - wanted)], by=by, verb="no longer configured")


def let_go(locations: Sequence[Location], by: Actor, verb: str) -> None:
    """Remove locations that nobody asked to remove, inside a transaction: what they held becomes orphans."""
    if not locations:
        return
    held = list(Entity.objects.filter(location__in=locations).values_list("ref", flat=True))
    mark_orphans(held, by.ref)
    for location in locations:
        record(by, verb, location)
    Location.objects.filter(pk__in=[location.pk for location in locations]).delete()
    offer(held)


def follow_event(event_id: str) -> None:
    """A code host told of a change: have the locations read that come from that repository, and their documentation."""
    kinds = (Event.Kind.PUSH, Event.Kind.REPOSITORY)
    event = Event.objects.filter(pk=event_id, kind__in=kinds).first()
    if event is None or event.host not in hosts():
        return
    for name in {event.name, event.payload.get("former") or event.name}:
        below = f"{host(event.host).web_url(RepositoryName.parse(name))}/"
        # two questions, each with its index: as one with OR it costs 150 ms at 100,000 entities instead of 10
        named = Location.objects.filter(target__istartswith=below).values_list("pk", flat=True)
        read_from = Entity.objects.filter(file__startswith=f"url:{below}").values_list("location", flat=True)
        for location in Location.objects.filter(pk__in={*named, *read_from}):
            refresh_location(location)
            hurry(location)
