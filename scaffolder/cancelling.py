"""Tells a worker, while it works, that its run was cancelled or taken away."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
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
def watching(
    run: Run, cancelled: threading.Event, lost: threading.Event, *, meanwhile: Callable[[], None]
) -> Iterator[None]:
    """While the body runs, set `cancelled` as soon as the row says so or the lease is lost; twice a second do `meanwhile`."""
    done = threading.Event()
    asking = threading.Lock()
    """Held while the thread talks with the database: it does not outlive the run in that."""
    watch = Watch(channel(run.pk))

    def look() -> None:
        if Run.objects.filter(pk=run.pk, cancel_requested=True).exists():
            cancelled.set()

    def listen() -> None:
        looked = 0.0
        while not done.is_set():
            told = watch.wait(_TICK)
            with asking:
                if done.is_set():
                    return
                try:
                    meanwhile()
                    if lost.is_set():
                        cancelled.set()
                    elif not cancelled.is_set() and (told or time.monotonic() - looked > LOOK_EVERY):
                        looked = time.monotonic()
                        look()
                except DatabaseError as error:
                    log.warning("the database is away, looking again", extra={"error": str(error)})
                finally:
                    connection.close()

    # Not joined: it ends by itself within a tick, and a run does not wait for it.
    threading.Thread(target=listen, name=f"cancel-{run.pk}", daemon=True).start()
    try:
        yield
    finally:
        done.set()
        with asking:
            pass
