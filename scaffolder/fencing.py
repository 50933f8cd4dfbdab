"""Every write about a run goes through here: it renews the lease of the attempt that writes, or writes nothing at all.

One statement says whether the run is still ours, tells the watchers, and stores the events that wait; in a transaction of
its own for lines of the log alone, or at the head of one that writes more. The row's lock keeps a run's events in the order
of their ids.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from core.errors import LeaseLost
from core.leases import LEASE
from core.notices import CHANNEL
from scaffolder.json_text import compact
from scaffolder.models import Run, RunEvent
from scaffolder.states import RunState

PATIENCE = 90.0
"""Seconds for which the database may be away before the run is left to the sweep."""
AWAY = (OperationalError, InterfaceError)
LONGEST_WAIT = timedelta(milliseconds=100)
MOST_WAITING = 100
"""How long a line waits while more are said, and how many wait together."""

T = TypeVar("T")
log = logging.getLogger(__name__)

_FENCED = f"""
WITH mine AS (
  UPDATE {Run._meta.db_table} SET last_heartbeat_at = %s, lease_until = %s
  WHERE id = %s AND attempts = %s AND state = '{RunState.PROCESSING}' {{unlocked}} RETURNING cancel_requested
), said AS (
  INSERT INTO {RunEvent._meta.db_table} (run_id, type, body, created_at)
  SELECT %s, line.type, line.body, line.at
  FROM mine, unnest(%s::text[], %s::text[], %s::timestamptz[]) WITH ORDINALITY AS line (type, body, at, position)
  ORDER BY line.position
)
SELECT cancel_requested, pg_notify('{CHANNEL}', %s) FROM mine
"""
_WAITING = _FENCED.format(unlocked="")
_PASSING = _FENCED.format(
    unlocked=f"AND id IN (SELECT id FROM {Run._meta.db_table} WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED)"
)
"""Writes nothing while another transaction, perhaps our own, holds the row."""


@dataclass(frozen=True, slots=True)
class Line:
    """An event that is to be stored: its type, its body as the wire has it, and when it was said."""

    type: str
    body: dict[str, Any]
    at: datetime


def channel(run_id: object) -> str:
    """The key under which news of a run are told."""
    return f"run:{run_id}"


def until_back(work: Callable[[], T]) -> T:
    """Do some work with the database, again and again while the server is away."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except AWAY as error:
            if connection.in_atomic_block or time.monotonic() > deadline:
                raise
            log.warning("database away, trying again", extra={"error": str(error)})
            connection.close()
            threading.Event().wait(0.3)


class Fence:
    """The writes of one attempt at one run. `cancelled` is set as soon as one sees that the run was cancelled.

    Lines may wait for a moment, so that what a step says quickly costs one write; whatever else is written takes them along.
    """

    def __init__(self, run: Run, cancelled: threading.Event) -> None:
        self.run = run
        self._cancelled = cancelled
        self._waiting: list[Line] = []
        self._later: list[Callable[[], None]] = []
        self._guard = threading.RLock()

    def say(self, type_: str, body: dict[str, Any]) -> None:
        """Keep an event until the next write, which is now when some have waited long enough."""
        with self._guard:
            self._waiting.append(Line(type_, body, timezone.now()))
            if (
                len(self._waiting) >= MOST_WAITING
                or self._waiting[-1].at - self._waiting[0].at > LONGEST_WAIT
            ):
                self.flush()

    def flush(self) -> None:
        """Write what waits."""
        with self._guard:
            if self._later:
                self.write(lambda: None)
            elif self._waiting:
                until_back(partial(self._fenced, list(self._waiting)))

    def flush_in_passing(self) -> None:
        """Write what waits, if the row is free and ours; for a thread beside the one that works."""
        if self._waiting and not self._later and self._guard.acquire(blocking=False):
            try:
                self._stored(_PASSING, list(self._waiting), self.run.pk)
            finally:
                self._guard.release()

    def later(self, work: Callable[[], None]) -> None:
        """Have a piece of writing go with the next write, which must come before anything else is done."""
        with self._guard:
            self._later.append(work)

    def write(self, work: Callable[[], T]) -> T:
        """Do a piece of writing in one transaction with all that waits, while the run is ours."""

        def all_of_it() -> T:
            lines = list(self._waiting)
            try:
                with transaction.atomic():
                    self._fenced(lines)
                    for earlier in self._later:
                        earlier()
                    return work()
            except BaseException:
                if self._waiting[: len(lines)] != lines:
                    self._waiting[:0] = lines  # they went with the transaction
                raise

        with self._guard:
            result = until_back(all_of_it)
            self._later = []
            return result

    def _fenced(self, lines: list[Line]) -> None:
        if not self._stored(_WAITING, lines):
            raise LeaseLost(f"run {self.run.pk}, attempt {self.run.attempts}, was taken or ended")

    def _stored(self, statement: str, lines: list[Line], *more: object) -> bool:
        now = timezone.now()
        given: tuple[Any, ...] = (
            *(now, now + LEASE, self.run.pk, self.run.attempts, *more, self.run.pk),
            *(
                [line.type for line in lines],
                [compact(line.body) for line in lines],
                [line.at for line in lines],
            ),
            channel(self.run.pk),
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, given)
            found = cursor.fetchone()
        if found is None:
            return False
        del self._waiting[: len(lines)]
        if found[0]:
            self._cancelled.set()
        return True
