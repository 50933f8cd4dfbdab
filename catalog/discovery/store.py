"""Writes what a run found: locations, snapshots, and the provider's own row. Who lost the lease writes nothing."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog import actions
from catalog.discovery import snapshots
from catalog.discovery.models import Discovery, Provider, Snapshot
from catalog.discovery.repositories import Target
from catalog.models import Location
from catalog.refs import LocationRef
from core.api.subjects import System
from core.audit import record
from core.errors import LeaseLost

BY = System("system:discovery")
_BATCH = 1_000
_NAMED = 100
"""Names of one kind in an audit event."""


@dataclass(frozen=True, slots=True)
class Known:
    """A discovery as it is stored."""

    id: int
    location_id: Any
    url: str
    repository: str
    pushed: str


def known(provider: Provider) -> list[Known]:
    """What a provider found before."""
    rows = Discovery.objects.filter(provider=provider).order_by("id")
    columns = ("id", "location_id", "location__target", "repository", "pushed")
    return [Known(*row) for row in rows.values_list(*columns)]


def known_documents(provider: Provider) -> int:
    """How many people and teams a provider told of last."""
    return sum(provider.snapshots.values_list("documents", flat=True))


def write_locations(
    provider: Provider, found: Mapping[str, Target], before: Sequence[Known], lost: Sequence[Known]
) -> None:
    """Make the locations of what was found, have those read to which something was pushed, let go of what is lost."""
    old = {one.url: one for one in before}
    with _fenced(provider):
        made = _make(provider, [target for url, target in found.items() if url not in old])
        pushed = [one for one in before if one.url in found and found[one.url].pushed != one.pushed]
        rows = [Discovery(pk=one.id, pushed=found[one.url].pushed) for one in pushed]
        Discovery.objects.bulk_update(rows, ["pushed"], batch_size=_BATCH)
        _ask([one.location_id for one in pushed])
        gone = _release(provider, lost)
        if made or gone:
            record(
                BY, "discovered", provider, found=len(found), made=made, lost=len(lost), gone=gone[:_NAMED]
            )


def write_snapshots(provider: Provider, divided: Mapping[str, list[dict[str, Any]]]) -> None:
    """Keep what was told of people and teams; parts that say the same stay untouched."""
    with _fenced(provider):
        before = dict(provider.snapshots.values_list("part", "etag"))
        after: dict[str, str] = {}
        for part, documents in divided.items():
            text = snapshots.text(documents)
            after[part] = hashlib.sha256(text.encode()).hexdigest()
            if before.get(part) != after[part]:
                said = {"content": text, "etag": after[part], "documents": len(documents)}
                Snapshot.objects.update_or_create(provider=provider, part=part, defaults=said)
        provider.snapshots.exclude(part__in=after).delete()
        if after == before:
            return
        ref = LocationRef(snapshots.TYPE, provider.pk)
        location, _ = Location.objects.get_or_create(
            type=ref.type,
            target=ref.target,
            defaults={"entity_ref": ref.entity_ref, "origin": Location.Origin.DISCOVERED},
        )
        Discovery.objects.get_or_create(provider=provider, location=location)
        actions.refresh_location(location)
        record(BY, "discovered", provider, documents=sum(map(len, divided.values())))


def let_go(provider: Provider) -> None:
    """Release everything that a provider found, inside a transaction: it is not configured any more."""
    _release(provider, known(provider))


def note_failure(provider: Provider, problem: str, *, at: datetime, seconds: float, wait: timedelta) -> None:
    """Say why a run changed nothing, and when the next one is."""
    _note(provider, at, seconds, wait, problem=problem, failures=provider.failures + 1)


def note_success(
    provider: Provider, found: int, problem: str, *, at: datetime, seconds: float, wait: timedelta
) -> None:
    """Say what a complete listing found, and what was held back."""
    _note(
        provider,
        at,
        seconds,
        wait,
        problem=problem,
        failures=0,
        found=found,
        succeeded_at=at,
        accept_losses=False,
    )


def _note(provider: Provider, at: datetime, seconds: float, wait: timedelta, **changes: object) -> None:
    rows = Provider.objects.filter(pk=provider.pk, attempts=provider.attempts)
    rows.update(ran_at=at, seconds=seconds, next_run_at=timezone.now() + wait, **changes)
    # somebody asked while the run was on: what they mean may have come after its listing
    rows.filter(requested_at__gt=at).update(next_run_at=timezone.now())


@contextmanager
def _fenced(provider: Provider) -> Iterator[None]:
    with transaction.atomic():
        rows = Provider.objects.select_for_update().filter(pk=provider.pk, attempts=provider.attempts)
        if not rows.exists():
            raise LeaseLost(f"provider {provider} was taken by another worker or removed meanwhile")
        yield


def _make(provider: Provider, new: Sequence[Target]) -> int:
    """Locations for what is new. One that somebody registered stays theirs and is not counted as found here."""
    by_url = {target.url: target for target in new}
    refs = [LocationRef("url", url) for url in by_url]
    rows = [
        Location(
            type=ref.type, target=ref.target, entity_ref=ref.entity_ref, origin=Location.Origin.DISCOVERED
        )
        for ref in refs
    ]
    Location.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)
    made = 0
    for some in _batches(list(by_url)):
        there = Location.objects.filter(type="url", target__in=some, origin=Location.Origin.DISCOVERED)
        links = [
            Discovery(
                provider=provider,
                location_id=pk,
                repository=str(by_url[url].repository),
                pushed=by_url[url].pushed,
            )
            for pk, url in there.values_list("pk", "target")
        ]
        Discovery.objects.bulk_create(links, ignore_conflicts=True)
        made += len(links)
    return made


def _ask(location_ids: Sequence[Any]) -> None:
    """Have many locations read soon; the timetable rings for them within seconds."""
    now = timezone.now()
    for some in _batches(location_ids):
        Location.objects.filter(pk__in=some).update(requested_at=now, next_refresh_at=now)


def _release(provider: Provider, lost: Sequence[Known]) -> list[str]:
    """Forget discoveries; the targets of the locations that nobody finds any more, which go too."""
    Discovery.objects.filter(pk__in=[one.id for one in lost]).delete()
    left = Location.objects.filter(
        pk__in=[one.location_id for one in lost], origin=Location.Origin.DISCOVERED, discoveries=None
    )
    gone = list(left.select_for_update(of=("self",)))
    actions.let_go(gone, by=BY, verb="no longer discovered")
    return [location.target for location in gone]


def _batches(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))
