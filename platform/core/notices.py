"""Notices between processes: PostgreSQL tells the web processes that a row changed, so that nobody polls.

`notice(key)` inside a transaction is delivered at its commit. `wait_for(key, timeout)` returns as soon as a notice
for the key came in. One connection and one thread per process serve any number of waiters; when the connection is
lost all waiters are woken, look at their rows, and wait again.
"""

import logging
import threading

import psycopg
from django.db import connection

CHANNEL = "greenroom"
RECONNECT_EVERY = 1.0
COUNTERS = 1024
LOOK_UP_EVERY = 0.5  # seconds after which the thread sees that it shall stop

log = logging.getLogger(__name__)


def notice(key: str) -> None:
    """Tell every process, at commit, that what `key` names has changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, key])


class _Listener:
    """Counts notices. Keys share a fixed number of counters: two that meet wake each other, which costs one look."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._counts = [0] * COUNTERS
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def count(self, key: str) -> int:
        with self._changed:
            self._start()
            return self._counts[hash(key) % COUNTERS]

    def wait(self, key: str, seen: int, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._counts[hash(key) % COUNTERS] != seen, timeout)

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._listen, name="notices", daemon=True)
            self._thread.start()

    def _listen(self) -> None:
        parameters = connection.get_connection_params()
        for django_only in ("cursor_factory", "context", "prepare_threshold"):
            parameters.pop(django_only, None)
        while not self._stopping.is_set():
            try:
                with psycopg.connect(**parameters, autocommit=True) as listening:
                    listening.execute(f"LISTEN {CHANNEL}")
                    self._wake(None)  # what happened before we listened is found by looking
                    while not self._stopping.is_set():
                        for heard in listening.notifies(timeout=LOOK_UP_EVERY):
                            self._wake(heard.payload)
            except psycopg.Error as error:
                log.warning("notices lost, connecting again", extra={"error": str(error)})
            self._wake(None)
            self._stopping.wait(RECONNECT_EVERY)

    def stop(self) -> None:
        """End the thread and its connection; the next watcher starts them again."""
        if self._thread is not None:
            self._stopping.set()
            self._thread.join()
            self._thread = None
            self._stopping.clear()

    def _wake(self, key: str | None) -> None:
        """Wake who waits for the key, or everybody when notices may have been lost."""
        with self._changed:
            for slot in range(COUNTERS) if key is None else [hash(key) % COUNTERS]:
                self._counts[slot] += 1
            self._changed.notify_all()


_listener = _Listener()
stop = _listener.stop


class Watch:
    """Waits for notices of one key. Make it before looking at the row: nothing falls between."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._seen = _listener.count(key)

    def wait(self, timeout: float) -> bool:
        """True as soon as something may have changed since the last call, False after `timeout` seconds."""
        changed = _listener.wait(self._key, self._seen, timeout)
        self._seen = _listener.count(self._key)
        return changed
