"""Tells a worker, while it works, that its run was cancelled or taken away."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection

from core.notices import Watch
from scaffolder.models import Run

LOOK_EVERY = 5.0
"""Seconds between looks at the row when no notice comes in."""
_TICK = 0.5

log = logging.getLogger(__name__)


def channel(run_id: object) -> str:
    """The key under which a cancellation is told."""
    return f"run-cancelled:{run_id}"


@contextmanager
def watching(run: Run, cancelled: threading.Event, lost: threading.Event) -> Iterator[None]:
    """While the body runs, set `cancelled` as soon as the row says so or the lease is lost."""
    done = threading.Event()
    watch = Watch(channel(run.pk))

    def look() -> bool:
        try:
            return Run.objects.filter(pk=run.pk, cancel_requested=True).exists()
        except DatabaseError as error:
            log.warning("cannot look for a cancellation now", extra={"error": str(error)})
            return False
        finally:
            connection.close()

    def listen() -> None:
        looked = 0.0
        while not done.is_set() and not cancelled.is_set():
            told = watch.wait(_TICK)
            if done.is_set():
                return
            if lost.is_set():
                cancelled.set()
            elif told or time.monotonic() - looked > LOOK_EVERY:
                looked = time.monotonic()
                if look():
                    cancelled.set()

    # Not joined: it ends by itself within a tick, and a run does not wait for it.
    threading.Thread(target=listen, name=f"cancel-{run.pk}", daemon=True).start()
    try:
        yield
    finally:
        done.set()
