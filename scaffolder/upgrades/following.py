"""Looks what became of an upgrade: its run, then its pull request. An event only says when to look."""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from core.api.subjects import System
from core.audit import record
from core.errors import GreenroomError, NotFound
from core.states import move
from scaffolder.models import RunEvent
from scaffolder.registry import instances
from scaffolder.states import FINISHED
from scaffolder.upgrades import proposals
from scaffolder.upgrades.actions import fail
from scaffolder.upgrades.models import Upgrade
from scaffolder.upgrades.states import LIVE, UPGRADE_MOVES, UpgradeState
from scm.budget import Lane, lane
from scm.values import PullRequest, PullRequestState, RepositoryName

BY = System("system:upgrades")
AT_ONCE = 20
"""Upgrades that are looked at in one go."""
SOONEST, LATEST = timedelta(seconds=30), timedelta(hours=1)
"""Between two looks at one: a twentieth of the time for which it is open, within these."""
_CANDIDATES = 500

log = logging.getLogger(__name__)


def look(upgrade_id: int) -> None:
    """Note what became of an upgrade. A host that does not answer leaves it as it is, to be looked at again."""
    found = (
        Upgrade.objects.filter(pk=upgrade_id, state__in=LIVE)
        .select_related("instance", "to_version", "run")
        .first()
    )
    if found is None:
        return
    Upgrade.objects.filter(pk=found.pk).update(looked_at=timezone.now())
    if found.state == UpgradeState.RUNNING:
        if found.run.state in FINISHED:
            fail(found, _reason(found))
        return
    try:
        pull = _pull(found)
    except GreenroomError as error:
        Upgrade.objects.filter(pk=found.pk, state=UpgradeState.OPEN).update(problem=error.message[:2000])
        log.info("upgrade not looked at", extra={"upgrade": found.pk, "error": error.message})
        return
    _note(found, pull)


def look_at_many() -> None:
    """Look at those that are due, longest not looked at first, with what people leave of the hosts' limits."""
    now, rows = timezone.now(), Upgrade.objects.filter(state__in=LIVE).order_by("looked_at")
    known = rows.values_list("pk", "looked_at", "created_at")[:_CANDIDATES]
    due = [pk for pk, looked, made in known if looked + _pause(now - made) <= now]
    with lane(Lane.TIMETABLE):
        for pk in due[:AT_ONCE]:
            look(pk)


def _pause(age: timedelta) -> timedelta:
    return min(max(age / 20, SOONEST), LATEST)


def about(host: str, repository: str) -> list[int]:
    """The live upgrades of a repository."""
    rows = Upgrade.objects.filter(
        state__in=LIVE, instance__host=host, instance__repository__iexact=repository
    )
    return list(rows.values_list("pk", flat=True)[:AT_ONCE])


def _pull(found: Upgrade) -> PullRequest | None:
    """The pull request; None when it, or its repository, is gone."""
    host, name = proposals.host_of(found.instance), RepositoryName.parse(found.instance.repository)
    try:
        return host.pull_request(name, found.number or 0)
    except NotFound:
        return None


@transaction.atomic
def _note(found: Upgrade, pull: PullRequest | None) -> None:
    rows = Upgrade.objects.filter(pk=found.pk, run_id=found.run_id, number=found.number)
    if pull is not None and pull.state == PullRequestState.OPEN:
        rows.filter(state=UpgradeState.OPEN).update(problem="", draft=pull.draft)
    elif pull is not None and pull.state == PullRequestState.MERGED:
        if move(rows, UpgradeState.MERGED, UPGRADE_MOVES, problem="", ended_at=timezone.now()):
            instances.move_to(found.instance, found.to_version, found.values, BY)
            record(BY, "merged", found)
    else:
        gone = "" if pull is not None else "the pull request is gone from its host"
        if move(rows, UpgradeState.CLOSED, UPGRADE_MOVES, problem=gone, ended_at=timezone.now()):
            record(BY, "declined", found)


def _reason(found: Upgrade) -> str:
    last = RunEvent.objects.filter(run_id=found.run_id, type=RunEvent.Type.COMPLETION).last()
    error = (last.body.get("error") or {}) if last else {}
    return str(error.get("message") or f"its run ended as {found.run.state}")[:2000]
