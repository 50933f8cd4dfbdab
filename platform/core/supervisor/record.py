"""Which processes a supervisor has started, on disk, so that the next one can clear away after a kill -9."""

import json
import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from core.supervisor.child import Child

PATIENCE = 5.0  # seconds between asking and force


class Record:
    """A small file with pid and birth of each process; both together are never given out twice."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, children: Iterable[Child]) -> None:
        """Put down who runs now."""
        rows = []
        for child in children:
            with suppress(psutil.NoSuchProcess):
                born = psutil.Process(child.pid).create_time()
                rows.append({"pid": child.pid, "born": born, "stop": int(child.process.stop_signal)})
        half = self._path.with_name(self._path.name + ".half")
        with suppress(
            OSError
        ):  # a full disk: no reason to serve no longer, the kernel ends our processes too
            half.write_text(json.dumps(rows))
            half.replace(self._path)

    def clear_away(self) -> None:
        """Stop whoever an earlier supervisor left, last started first, and forget them."""
        for process, number in reversed(self._alive()):
            family: list[psutil.Process] = []
            with suppress(psutil.NoSuchProcess):  # the kernel's signal has ended it meanwhile
                family = process.children(recursive=True)
                process.send_signal(number)
            psutil.wait_procs([process], timeout=PATIENCE)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # each was started as the leader of its group
            for relative in family:
                with suppress(psutil.NoSuchProcess):
                    relative.kill()
            psutil.wait_procs([process, *family], timeout=PATIENCE)
        self._path.unlink(missing_ok=True)

    def _alive(self) -> list[tuple[psutil.Process, int]]:
        try:
            rows = json.loads(self._path.read_text())
        except (FileNotFoundError, ValueError):
            return []  # stopped in order, or killed while writing the first time
        alive = []
        for row in rows:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(row["pid"])
                if abs(process.create_time() - row["born"]) < 0.5:
                    alive.append((process, row["stop"]))
        return alive
