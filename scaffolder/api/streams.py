"""The events of a run for those who watch: as a stream, or as a list that waits until there is something.

A watcher holds a thread of the web server, but no connection to the database while it waits. At most
`GREENROOM_STREAMS` watchers are served by a process, so that there are always threads left for everything else.
"""

import threading
import time
from collections import deque
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import connection

from core.errors import RateLimited
from core.notices import Watch
from scaffolder.api.documents import event_frame
from scaffolder.fencing import channel
from scaffolder.models import Run, RunEvent
from scaffolder.states import FINISHED

KEEP_ALIVE = 15.0
LONG_POLL = 30.0
LOOK_EVERY = 5.0
"""Seconds between looks when no notice comes in: notices may be lost, rows are not."""


class Seat:
    """One of the places for watchers; given back once, however often `leave` is called."""

    _lock = threading.Lock()
    _taken = 0

    def __init__(self) -> None:
        self._sitting = True

    @classmethod
    def take(cls) -> "Seat | None":
        """A place, or None when all are taken."""
        with cls._lock:
            if cls._taken >= settings.GREENROOM_STREAMS:
                return None
            cls._taken += 1
        return cls()

    def leave(self) -> None:
        with self._lock:
            if self._sitting:
                self._sitting = False
                Seat._taken -= 1


class EventStream:
    """Server-sent events of a run, from the start or after an id, until its completion."""

    def __init__(self, run: Run, after: int | None) -> None:
        seat = Seat.take()
        if seat is None:
            raise RateLimited(
                f"{settings.GREENROOM_STREAMS} streams are open in this process; read the events as a list, or try again",
                retry_after=2,
            )
        self._seat = seat
        self._watch = Watch(channel(run.pk))
        self._run_id = run.pk
        self._after = after
        self._frames: deque[bytes] = deque()
        self._ended = False
        self._spoke = time.monotonic()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        while not self._frames:
            if self._ended:
                self.close()
                raise StopIteration
            self._look()
            if not self._frames and not self._ended:
                self._watch.wait(LOOK_EVERY)
                if time.monotonic() - self._spoke >= KEEP_ALIVE:
                    self._frames.append(b": keep-alive\n\n")
        self._spoke = time.monotonic()
        return self._frames.popleft()

    def close(self) -> None:
        """Called by the server when the client has gone, and by us at the end."""
        self._seat.leave()

    def _look(self) -> None:
        events, ended = look(self._run_id, self._after)
        for event in events:
            self._frames.append(event_frame(event))
            self._after = max(self._after or 0, event.pk)
        self._ended = ended


def look(run_id: UUID, after: int | None) -> tuple[list[RunEvent], bool]:
    """The events behind an id, and whether the last of them ends the run. Gives the connection back."""
    # The state before the events: a run that ends between the two must not look as if it had nothing more to say.
    ended = not Run.objects.filter(pk=run_id).exclude(state__in=FINISHED).exists()
    events = list(RunEvent.objects.after(run_id, after))
    # A run that was deleted, or that ended in a way that left no completion, ends its stream once all is told.
    ended = any(event.type == RunEvent.Type.COMPLETION for event in events) or (ended and not events)
    if not connection.in_atomic_block:  # a test's transaction goes on
        connection.close()
    return events, ended


def awaited(run: Run, after: int | None) -> list[RunEvent]:
    """The events behind an id as soon as there are some; none after half a minute, or when all seats are taken."""
    watch = Watch(channel(run.pk))
    seat: Seat | None = None
    deadline = time.monotonic() + LONG_POLL
    try:
        while True:
            events, ended = look(run.pk, after)
            left = deadline - time.monotonic()
            if events or ended or left <= 0:
                return events
            seat = seat or Seat.take()
            if seat is None:
                return []
            watch.wait(min(left, LOOK_EVERY))
    finally:
        if seat is not None:
            seat.leave()
