"""The sweeper: finds rows that were left behind and rings for them again.

Apps register functions in their `sweeps.py`; beat rings every few seconds, one worker runs all that are due.
Messages may be lost, doubled or late; a row that waits for work is always found here.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from .models import SweepRun

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sweep:
    name: str
    every: timedelta
    run: Callable[[], None]


_sweeps: dict[str, Sweep] = {}


def sweep(name: str, *, every: timedelta) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a function without arguments to be run about `every` so often, by one worker at a time."""

    def register(run: Callable[[], None]) -> Callable[[], None]:
        if name in _sweeps:
            raise ValueError(f"a sweep named {name!r} is registered already")
        _sweeps[name] = Sweep(name, every, run)
        return run

    return register


def registered() -> tuple[Sweep, ...]:
    return tuple(_sweeps.values())


def run_due() -> list[str]:
    """Run each sweep that is due, and return their names. One that fails is logged and does not stop the next."""
    ran = []
    for one in registered():
        if _claim(one):
            try:
                one.run()
            except Exception:  # the next sweep must run whatever this one met; the log carries the trace
                log.exception("sweep failed", extra={"sweep": one.name})
            ran.append(one.name)
    return ran


def _claim(one: Sweep) -> bool:
    now = timezone.now()
    with transaction.atomic():
        SweepRun.objects.get_or_create(name=one.name)
        due = SweepRun.objects.filter(name=one.name).exclude(ran_at__gt=now - one.every)
        return bool(due.update(ran_at=now))
