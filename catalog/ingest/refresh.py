"""One refresh of one location, by lease: read, and write what changed. Safe to be killed at any moment."""

import hashlib
import logging
import random
from datetime import timedelta

from django.conf import settings
from django.db.models import Case, F, Value, When
from django.utils import timezone

from catalog.ingest.locations import Harvest, Trouble, read_location
from catalog.ingest.plan import Plan
from catalog.ingest.reader import Reader
from catalog.ingest.store import store
from catalog.models import Location
from catalog.problems import Refused
from core.errors import LeaseLost
from core.leases import claim, keep, release
from core.notices import notice

log = logging.getLogger(__name__)

VERSION = "1"
"""Raise it when the same file would now give other entities: every location is then read anew."""
EVERY = timedelta(seconds=120)
LONGEST_WAIT = timedelta(hours=1)


def refresh(location_id: str) -> Plan | None:
    """Read a location and write what changed; None when another worker has it, or when nothing changed."""
    location = claim(Location.objects.all(), location_id)
    if location is None:
        return None
    # whatever happens, the next attempt is not at once: a location that fails must not keep the workers busy
    Location.objects.filter(pk=location.pk, attempts=location.attempts).update(
        next_refresh_at=F("lease_until")
    )
    try:
        with keep(location):
            return _refresh(location)
    except LeaseLost as lost:
        log.info("refresh given up", extra={"location": str(location), "reason": lost.message})
        return None
    finally:
        release(location)
        notice(channel(location))


def channel(location: Location) -> str:
    """The key under which the end of a refresh is told."""
    return f"catalog.location:{location.pk}"


def allowed_kinds() -> list[str]:
    """The kinds that may be taken from any location."""
    return list(settings.GREENROOM_CATALOG_RULES)


def _refresh(location: Location) -> Plan | None:
    started = timezone.now()
    fingerprint = {"rules": {"sum": _fingerprint(location)}}
    files = dict(location.files)
    same_rules = files.pop("rules", None) == fingerprint["rules"]
    reader = Reader(known=files, allow_files=location.type == "file")
    settled = same_rules and not any(error.get("unread") for error in location.errors)
    if settled and not location.contested and reader.unchanged():
        _finished(location, started, failures=0)
        return None
    name = location.entity_ref.rpartition("/")[2]
    try:
        harvest = read_location(location.ref, reader, allowed_kinds(), name=name)
    except Refused as refused:
        harvest = Harvest(location.entity_ref, [], [Trouble(refused.problem, str(location), unread=True)])
    decided = store(location, harvest, files={**reader.seen, **fingerprint})
    unread = sum(trouble.unread for trouble in harvest.troubles)
    _finished(location, started, failures=location.failures + 1 if unread else 0)
    return decided


def _finished(location: Location, started: object, *, failures: int) -> None:
    """Set the next time: soon when somebody asked meanwhile, later and later while nothing can be read."""
    wait = min(EVERY * 2 ** min(failures, 10), LONGEST_WAIT) * random.uniform(1.0, 1.5)  # noqa: S311 - a spread
    now = timezone.now()
    Location.objects.filter(pk=location.pk, attempts=location.attempts).update(
        refreshed_at=now,
        failures=failures,
        next_refresh_at=Case(When(requested_at__gt=started, then=Value(now)), default=Value(now + wait)),
    )


def _fingerprint(location: Location) -> str:
    said = "\n".join(
        [VERSION, str(location), *sorted(allowed_kinds()), *settings.GREENROOM_CATALOG_LOCATIONS]
    )
    return hashlib.sha256(said.encode()).hexdigest()
