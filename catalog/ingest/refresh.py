"""One refresh of one location, by lease: read, and write what changed. Safe to be killed at any moment."""

import gc
import hashlib
import logging
import random
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db.models import Case, F, Value, When
from django.utils import timezone

from catalog.ingest.harvest import Harvest, Trouble
from catalog.ingest.locations import read_location
from catalog.ingest.memory import Memory
from catalog.ingest.plan import Plan
from catalog.ingest.reader import Reader
from catalog.ingest.store import known_documents, store
from catalog.jobs import REFRESH_LOCATION
from catalog.kind_files import declared_kinds
from catalog.models import Location
from catalog.problems import Refused
from core.errors import LeaseLost
from core.leases import claim, keep, release
from core.notices import notice
from scm.budget import Lane, lane

log = logging.getLogger(__name__)

VERSION = "2"
"""Raise it when the same file would now give other entities: every location is then read anew."""
RULES = "rules"
"""The key, beside the files that a location remembers, of the rules that it was read by."""
EVERY = timedelta(seconds=120)
EVERY_DISCOVERED = timedelta(hours=3)
"""Discovery sees in its listing which repositories were pushed to, and has those read at once."""
LONGEST_WAIT = timedelta(hours=1)


def refresh(location_id: str) -> Plan | None:
    """Read a location and write what changed; None when another worker has it."""
    location = claim(Location.objects.all(), location_id)
    if location is None:
        return None
    # whatever happens, the next attempt is not at once: a location that fails must not keep the workers busy
    Location.objects.filter(pk=location.pk, attempts=location.attempts).update(
        next_refresh_at=F("lease_until")
    )
    try:
        with keep(location), lane(_lane(location)):
            return _refresh(location)
    except LeaseLost as lost:
        log.info("refresh given up", extra={"location": str(location), "reason": lost.message})
        return None
    finally:
        release(location)
        notice(channel(location))


@contextmanager
def _uncollected() -> Iterator[None]:
    """What a reading makes lives until it ends: looking through it for circles again and again takes a tenth of
    the time of a large one."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def ask_for_refresh(location: Location) -> None:
    """Have a location read at once, also when a refresh of it is running now."""
    now = timezone.now()
    Location.objects.filter(pk=location.pk).update(requested_at=now, next_refresh_at=now)
    REFRESH_LOCATION.later(location.pk)


def offer(refs: Collection[str], *, but: Location | None = None) -> None:
    """Have those locations read that want what another one gave up: it is theirs now."""
    if refs:
        heirs = Location.objects.filter(contested__overlap=list(refs))
        for heir in heirs.exclude(pk=but.pk) if but is not None else heirs:
            ask_for_refresh(heir)


def _lane(location: Location) -> Lane:
    """Whose share of a code host's limit is used: somebody's or an event's, or the timetable's."""
    read, asked = location.refreshed_at, location.requested_at
    return Lane.TIMETABLE if read is not None and (asked is None or asked <= read) else Lane.EVENTS


def channel(location: Location) -> str:
    """The key under which the end of a refresh is told."""
    return f"catalog.location:{location.pk}"


def allowed_kinds() -> list[str]:
    """The kinds that may be taken from any location; who declares a kind of their own allows it by that."""
    return [*settings.GREENROOM_CATALOG_RULES, *declared_kinds(settings.GREENROOM_CATALOG_KINDS)]


def _refresh(location: Location) -> Plan:
    started = timezone.now()
    rules = _rules(location)
    same_rules = location.files.get(RULES) == rules
    known = {
        file: Memory.read(memory) for file, memory in location.files.items() if same_rules and file != RULES
    }
    anew: set[str] = set()
    while True:
        harvest = _read(location, Reader(known, allow_files=location.type == "file"), anew, rules)
        decided = store(location, harvest, {RULES: rules})
        if not decided.anew:
            break
        if decided.anew <= anew:
            raise LeaseLost(f"location {location} changed while it was read")
        anew |= decided.anew
    unread = sum(trouble.unread for trouble in harvest.troubles)
    _finished(location, started, failures=location.failures + 1 if unread else 0)
    offer(decided.orphans, but=location)
    return decided


def _read(location: Location, reader: Reader, anew: Collection[str], rules: str) -> Harvest:
    try:
        return read_location(
            location.ref,
            reader,
            allowed_kinds(),
            name=location.entity_ref.rpartition("/")[2],
            presence=location.presence,
            known=partial(known_documents, location),
            anew=anew,
            salt=rules.encode(),
            annotations=location.annotations,
        )
    except Refused as refused:
        trouble = Trouble(refused.problem, str(location), unread=True)
        return Harvest(location.entity_ref, [], [trouble])


def _finished(location: Location, started: object, *, failures: int) -> None:
    """Set the next time: soon when somebody asked meanwhile, later and later while nothing can be read."""
    every = EVERY_DISCOVERED if location.origin == Location.Origin.DISCOVERED else EVERY
    wait = min(every * 2 ** min(failures, 10), max(every, LONGEST_WAIT)) * random.uniform(1.0, 1.5)  # noqa: S311 - a spread
    now = timezone.now()
    Location.objects.filter(pk=location.pk, attempts=location.attempts).update(
        refreshed_at=now,
        failures=failures,
        next_refresh_at=Case(When(requested_at__gt=started, then=Value(now)), default=Value(now + wait)),
    )


def _rules(location: Location) -> str:
    """What else decides what becomes of a file: when it changes, every file is looked at anew."""
    declared = str(declared_kinds(settings.GREENROOM_CATALOG_KINDS))
    known = [f"{name}={value}" for name, value in sorted(location.annotations.items())]
    said = "\n".join(
        [
            VERSION,
            str(location),
            *known,
            *sorted(allowed_kinds()),
            *settings.GREENROOM_CATALOG_LOCATIONS,
            declared,
        ]
    )
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
