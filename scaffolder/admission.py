"""How many runs work at the same time: for a template, for its owner, for a code host; the rest waits its turn.

A run is taken and counted under one lock, so that two workers at once never pass a limit. Whoever waited longer is counted
too: a newer run gets no place that an older one waits for.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from core import leases
from core.leases import free
from core.notices import notice
from core.sql import rows
from scaffolder.fencing import channel
from scaffolder.jobs import EXECUTE_RUN
from scaffolder.models import Run, RunEvent
from scaffolder.states import RunState
from scm.registry import hosts

_LOCK = 0x67726E_72756E  # "grn", "run": one number of the whole database
_ADDRESS = re.compile(r"^([A-Za-z0-9.:-]{1,253})\?(?:[^\s]*&)?(?:repo|owner|project|organization|workspace)=")
_DEEPEST = 6
MOST_CALLED = 20
_WAITING = (
    "SELECT id FROM scaffolder_run WHERE state = 'open' AND waits_for <> '' ORDER BY created_at LIMIT %s"
)


def places_of(spec: Mapping[str, Any]) -> list[str]:
    """The code hosts of ours that a run works with: those of the repository addresses (`host?owner=…&repo=…`) in its
    form's values and in the inputs of its steps, as they are written.
    """
    known = {host.lower() for host in hosts()}
    texts = [*_texts(spec["parameters"]), *_texts([step.get("input") for step in spec["steps"]])]
    named = {found[1].lower() for text in texts if (found := _ADDRESS.match(text))}
    return sorted(named & known)


@transaction.atomic
def take(run_id: str) -> Run | None:
    """The run for this worker; None when another has it, its state forbids it, or a limit keeps it waiting."""
    now = timezone.now()
    locked = (
        Run.objects.select_for_update(of=("self",))
        .select_related("template_version")
        .defer("template_version__document")
    )
    run = locked.filter(free(now), pk=run_id, state__in=[RunState.OPEN, RunState.PROCESSING]).first()
    if run is None:
        return None
    if run.state == RunState.PROCESSING:  # left behind by a worker: its place is its own still
        return leases.take(run)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    reason = _full(run)
    if reason:
        _wait(run, reason)
        return None
    return leases.take(run, to=RunState.PROCESSING, waits_for="", started_at=run.started_at or now)


def call_next() -> None:
    """Ring for the runs that have waited longest; each finds out by itself whether there is a place for it now."""
    for (pk,) in rows(_WAITING, [MOST_CALLED]):
        EXECUTE_RUN.now(str(pk))


def _full(run: Run) -> str:
    """Why the run has to wait; "" when it has not."""
    limits = [limit for limit in _limits(run) if limit[0]]
    ahead = Run.objects.filter(
        Q(state=RunState.PROCESSING)
        | (Q(state=RunState.OPEN, created_at__lt=run.created_at) & ~Q(waits_for=""))
    ).exclude(pk=run.pk)
    if not limits or ahead.count() < min(limit for limit, _, _ in limits):
        return ""
    for limit, same, what in limits:
        before = ahead.filter(same).count()
        if before >= limit:
            return f"{before} runs {what} work or wait already, and {limit} may work at the same time"
    return ""


def _limits(run: Run) -> Iterator[tuple[int, Q, str]]:
    yield settings.GREENROOM_RUNS_PER_TEMPLATE, Q(template_ref=run.template_ref), f"of {run.template_ref}"
    if run.owner_ref:
        owner = Q(owner_ref=run.owner_ref)
        yield settings.GREENROOM_RUNS_PER_OWNER, owner, f"of templates of {run.owner_ref}"
    for place in run.places:
        yield settings.GREENROOM_RUNS_PER_HOST, Q(places__contains=[place]), f"that work with {place}"


def _wait(run: Run, reason: str) -> None:
    fresh = Run.objects.filter(pk=run.pk, state=RunState.OPEN, waits_for="")
    if fresh.update(waits_for=reason):
        RunEvent.objects.create(
            run=run, type=RunEvent.Type.LOG, body={"message": f"Waiting for its turn: {reason}"}
        )
        notice(channel(run.pk))


def _texts(value: Any, depth: int = 0) -> Sequence[str]:
    if isinstance(value, str):
        return [value]
    if depth < _DEEPEST and isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item, depth + 1)]
    if depth < _DEEPEST and isinstance(value, list):
        return [text for item in value for text in _texts(item, depth + 1)]
    return []
