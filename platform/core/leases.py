"""Leases: work in progress that runs out by itself, with a fencing number.

A worker claims a row with one UPDATE that also raises `attempts`; every later write carries that number in its
WHERE, so who lost the lease (killed, paused, cancelled) writes nothing. `keep` renews the lease while it works.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import DatabaseError, connection, models
from django.db.models import F, Q
from django.utils import timezone

from .states import Moves

LEASE = timedelta(seconds=30)
RENEW_EVERY = 10.0

log = logging.getLogger(__name__)


class Leased(models.Model):
    """A row that one worker at a time works on."""

    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        abstract = True


L = TypeVar("L", bound=Leased)


def free(now: datetime) -> Q:
    """Rows that nobody works on at `now`: never claimed, or left behind by a worker that died."""
    return Q(lease_until__isnull=True) | Q(lease_until__lt=now)


def claim(
    rows: "models.QuerySet[L]", pk: object, *, to: str | None = None, moves: Moves | None = None, **more: Any
) -> L | None:
    """Take the row for this worker, or return None when another has it or its state forbids it.

    With `to` and `moves` the state changes in the same UPDATE. A row that already stands in `to` may be taken
    over when its lease ran out. `more` is changed with it.
    """
    now = timezone.now()
    chosen = rows.filter(free(now), pk=pk)
    changes: dict[str, Any] = {**more, "lease_until": now + LEASE, "attempts": F("attempts") + 1}
    if to is not None and moves is not None:
        chosen = chosen.filter(state__in=moves[to] | {to})
        changes["state"] = to
    if not chosen.update(**changes):
        return None
    return rows.get(pk=pk)


def take(row: L, *, to: str | None = None, **more: Any) -> L:
    """Claim a row that this transaction has locked and has found `free`, in a state that allows it: it is not read again."""
    if to is not None:
        more["state"] = to
    more |= {"lease_until": timezone.now() + LEASE, "attempts": row.attempts + 1}
    for name, value in more.items():
        setattr(row, name, value)
    row.save(update_fields=list(more))
    return row


class Keeper:
    """What a worker knows of its own lease: `lost` is set as soon as it is no longer its own."""

    def __init__(self) -> None:
        self.lost = threading.Event()
        self._done = threading.Event()

    def _renew(self, row: Leased) -> None:
        rows = type(row)._default_manager.filter(pk=row.pk, attempts=row.attempts)
        try:
            while not self._done.wait(RENEW_EVERY):
                try:
                    if not rows.filter(lease_until__isnull=False).update(lease_until=timezone.now() + LEASE):
                        self.lost.set()
                        return
                except DatabaseError as error:  # the server may be restarting: the lease outlives two misses
                    log.warning(
                        "lease not renewed, trying again", extra={"row": str(row.pk), "error": str(error)}
                    )
                    connection.close()
        finally:
            connection.close()


@contextmanager
def keep(row: Leased) -> Iterator[Keeper]:
    """Renew the row's lease every ten seconds while the body runs."""
    keeper = Keeper()
    thread = threading.Thread(target=keeper._renew, args=[row], name=f"lease-{row.pk}", daemon=True)
    thread.start()
    try:
        yield keeper
    finally:
        keeper._done.set()
        thread.join()


def release(row: Leased) -> None:
    """Give the row back, if it is still ours."""
    type(row)._default_manager.filter(pk=row.pk, attempts=row.attempts).update(lease_until=None)
