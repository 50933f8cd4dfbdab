"""Servers that an earlier, killed Greenroom left running: found by their working folder, then stopped."""

import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from core.supervisor.errors import StartRefused


def running_in(folder: Path, program: str) -> list[psutil.Process]:
    """The processes of `program` whose working folder is `folder`: ours and nobody else's."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess):
            if (
                process.name() == program
                and process.status() != psutil.STATUS_ZOMBIE
                and _works_in(process, folder)
            ):
                found.append(process)
    return found


def stop(processes: Sequence[psutil.Process], signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """Stop them: each signal in turn, with the seconds to wait. `StartRefused` when none helps."""
    left = list(processes)
    for number, patience in signals:
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        left = psutil.wait_procs(left, timeout=patience)[1]
    if left:
        pids = ", ".join(str(process.pid) for process in left)
        raise StartRefused(
            f"A server of an earlier Greenroom does not end: process {pids}. Stop it, then try again."
        )


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return Path(process.cwd()) == folder
    except psutil.AccessDenied:
        # Root in a container may not look at other accounts' working folders, but everybody may read a
        # command line.
        return str(folder) in process.cmdline()
