"""One running process: in a group of its own, its lines read, stopped with all that it started."""

import os
import signal
import subprocess
import threading
import time
from collections import deque
from contextlib import suppress
from typing import IO

import psutil

from core.supervisor.output import Output
from core.supervisor.process import Process

LINES_KEPT = 20
LONGEST_LINE = 32 * 1024  # bytes; what is longer arrives in pieces
HURRY = 1.0  # seconds that a stop may take once somebody has asked twice


class Child:
    """A started process. Start it from a thread that outlives it: its death signal hangs on that thread."""

    def __init__(self, process: Process, output: Output) -> None:
        self.process = process
        self.started = time.monotonic()
        self._output = output
        self._announced = self.process.ready_line is None
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        # A group and session of its own: Ctrl-C at the terminal reaches the supervisor only, which stops in
        # order.
        self._popen = subprocess.Popen(
            process.argv() if callable(process.argv) else process.argv,
            env=None if process.env is None else dict(process.env),
            cwd=process.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pid = self._popen.pid
        self._reader = threading.Thread(target=self._read, name=f"lines of {process.name}", daemon=True)
        self._reader.start()

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._popen.poll()

    @property
    def ready(self) -> bool:
        """Whether it serves, as far as its `Process` can tell."""
        return self._announced and (self.process.ready is None or self.process.ready())

    @property
    def lived(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self.started

    @property
    def last_lines(self) -> list[str]:
        """What it said last."""
        return list(self._lines)

    def stop(self, hurry: threading.Event) -> None:
        """Ask it to stop, wait, then end what is left of it by force, including what its children started."""
        family = self._family()
        with suppress(ProcessLookupError):
            if self.status is None:
                os.kill(self.pid, self.process.stop_signal)
        self._wait(self.process.stop_timeout, hurry)
        self.clear_away(family)

    def clear_away(self, family: list[psutil.Process] | None = None) -> None:
        """Kill what is left of its process group and of `family`; take its exit status and last lines."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        for relative in family or []:
            with suppress(psutil.NoSuchProcess):
                relative.kill()
        self._popen.wait()
        # Whoever escaped from the group may hold the pipe open; then the reader ends with the program.
        self._reader.join(timeout=1.0)
        if not self._reader.is_alive() and self._popen.stdout:
            self._popen.stdout.close()

    def _family(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).children(recursive=True)
        return []

    def _wait(self, seconds: float, hurry: threading.Event) -> None:
        end = time.monotonic() + seconds
        while self.status is None and time.monotonic() < end:
            if hurry.is_set():
                end = min(end, time.monotonic() + HURRY)
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(timeout=0.1)

    def _read(self) -> None:
        pipe: IO[bytes] = self._popen.stdout  # type: ignore[assignment]  # PIPE above
        while raw := pipe.readline(LONGEST_LINE):
            line = raw.decode("utf-8", errors="replace").rstrip("\r\n")
            self._lines.append(line)
            if self.process.ready_line and self.process.ready_line in line:
                self._announced = True
            self._output(self.process.name, line)
