"""One run of one provider, by lease: list everything, decide what that changes, write it. Safe to be killed at any moment.

Nothing is concluded from what was not said: a listing that fails or breaks off changes nothing, a repository that is
missing from a listing is asked for by name before its location goes, and when half of everything is missing at once,
a person is asked first.
"""

import logging
import random
import time
from datetime import timedelta

from django.utils import timezone

from catalog.discovery import snapshots, store
from catalog.discovery.configuration import PEOPLE, Wanted, configured
from catalog.discovery.models import Provider
from catalog.discovery.people import documents
from catalog.discovery.repositories import targets
from core.errors import GreenroomError, LeaseLost, NotFound, RateLimited
from core.leases import claim, keep, release
from scm.budget import Lane, lane
from scm.errors import RepositoryNotFound
from scm.port import Directory, Listing, Reading
from scm.registry import host
from scm.values import RepositoryName

log = logging.getLogger(__name__)

FIRST_PAUSE = timedelta(minutes=1)
FREE_LOSSES = 20
"""So many may go at once without anybody being asked; beyond it, up to a half of what is known."""
ASKED_BY_NAME = 200
"""Missing repositories that one run looks after; others stay until the next one."""


def run(provider_id: str) -> None:
    """Run a provider now; nothing happens when another worker does, or when it is not configured any more."""
    wanted = configured().get(provider_id)
    provider = claim(Provider.objects.all(), provider_id) if wanted is not None else None
    if provider is None or wanted is None:
        return
    # whatever happens, the next attempt is not at once: a run that breaks must not keep asking the host
    soon = Provider.objects.filter(pk=provider.pk, attempts=provider.attempts)
    soon.update(next_run_at=timezone.now() + FIRST_PAUSE)
    try:
        with keep(provider), lane(Lane.TIMETABLE):
            _run(provider, wanted)
    except LeaseLost as lost:
        log.info("discovery given up", extra={"provider": provider_id, "reason": lost.message})
    finally:
        release(provider)


def _run(provider: Provider, wanted: Wanted) -> None:
    started, at = time.monotonic(), timezone.now()
    try:
        found, problem = (
            _people(provider, wanted) if wanted.find == PEOPLE else _repositories(provider, wanted)
        )
    except LeaseLost:
        raise
    except GreenroomError as error:
        store.note_failure(
            provider,
            f"{error.message}. Nothing was changed.",
            at=at,
            seconds=time.monotonic() - started,
            wait=_pause(provider, wanted, error),
        )
        return
    spread: float = random.uniform(0.9, 1.1)  # noqa: S311
    seconds = time.monotonic() - started
    store.note_success(provider, found, problem, at=at, seconds=seconds, wait=wanted.every * spread)


def _pause(provider: Provider, wanted: Wanted, error: GreenroomError) -> timedelta:
    """How long to wait after a failure: longer each time, never longer than the timetable, never too early."""
    wait = min(FIRST_PAUSE * 2 ** min(provider.failures, 10), wanted.every)
    asked = (error.retry_after or 0.0) if isinstance(error, RateLimited) else 0.0
    spread: float = random.uniform(1.0, 1.2)  # noqa: S311
    longest: timedelta = max(wait, timedelta(seconds=asked))
    return longest * spread


def _repositories(provider: Provider, wanted: Wanted) -> tuple[int, str]:
    """List repositories, and make their locations; how many were found, and why something was not done."""
    code_host = host(wanted.host)
    if not isinstance(code_host, Listing):
        raise NotFound(f"host {wanted.host!r} does not list repositories")
    listed = list(code_host.repositories(wanted.owner))
    found = {target.url: target for target in targets(listed, wanted, code_host)}
    known = store.known(provider)
    missing = [one for one in known if one.url not in found]
    problem = _too_many(len(missing), len(known), "repositories", accepted=provider.accept_losses)
    there = {str(repository.name).lower() for repository in listed}
    lost = (
        []
        if problem
        else [one for one in missing if one.repository.lower() in there or _is_gone(one, code_host)]
    )
    store.write_locations(provider, found, known, lost)
    return len(found), problem


def _is_gone(one: store.Known, code_host: Reading) -> bool:
    """Pages of a list move while they are read, so that one missing from it may be there all the same."""
    name = RepositoryName.parse(one.repository)
    try:
        return code_host.get_repository(name).name != name
    except RepositoryNotFound:
        return True


def _people(provider: Provider, wanted: Wanted) -> tuple[int, str]:
    """List people and teams, and keep them as documents; how many, and why something was not done."""
    code_host = host(wanted.host)
    if not isinstance(code_host, Directory):
        raise NotFound(f"host {wanted.host!r} does not tell who works where")
    divided = snapshots.divide(documents(code_host.organisation(wanted.owner), wanted))
    count, before = sum(map(len, divided.values())), store.known_documents(provider)
    problem = _too_many(before - count, before, "people and teams", accepted=provider.accept_losses)
    if not problem:
        store.write_snapshots(provider, divided)
    return count, problem


def _too_many(lost: int, known: int, what: str, *, accepted: bool) -> str:
    if accepted or lost <= max(FREE_LOSSES, known // 2):
        return ""
    return (
        f"{lost} of {known} {what} are missing all at once; none of them was removed. "
        "If that is right, accept the losses in the admin; else look what our credential may see."
    )
