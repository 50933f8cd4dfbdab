"""Waiting for what other processes do: a condition, looked at again and again until a deadline."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil


def until(condition: Callable[[], object], *, seconds: float = 15.0) -> None:
    """Return once `condition` holds; fail when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {condition}"
        time.sleep(0.02)


def users_of(folder: Path) -> list[psutil.Process]:
    """Every living process that works in `folder` or names it in a command line, but our own family."""
    found = []
    kin = {psutil.Process().pid, *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        try:
            words = [process.cwd(), *process.cmdline()]
            dead = process.status() == psutil.STATUS_ZOMBIE
        except psutil.Error:
            continue
        if process.pid not in kin and not dead and any(str(folder) in word for word in words):
            found.append(process)
    return found
