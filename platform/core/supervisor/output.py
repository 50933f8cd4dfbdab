"""Where the lines of the processes go: to the terminal with the process's name before them, and to a file."""

import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol, TextIO

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92)  # of ANSI's, none of them red: that reads as an error
LARGEST_FILE = 10 * 1024 * 1024


class Output(Protocol):
    """Takes one line of one process; called from several threads."""

    def __call__(self, name: str, line: str) -> None:
        """Take the line; it has no line end."""


class Console:
    """Writes `name │ line`, the names aligned and coloured for a terminal unless NO_COLOR is set."""

    def __init__(self, names: Iterable[str], stream: TextIO | None = None) -> None:
        self._stream: TextIO | None = stream or sys.stderr
        self._names = list(names)
        self._width = max((len(name) for name in self._names), default=0)
        self._coloured = self._stream.isatty() and not os.environ.get("NO_COLOR")
        self._lock = threading.Lock()

    def __call__(self, name: str, line: str) -> None:
        """Write the line."""
        label = f"{name:<{self._width}} │"
        if self._coloured:
            place = self._names.index(name) if name in self._names else 0
            label = f"\x1b[{COLOURS[place % len(COLOURS)]}m{label}\x1b[0m"
        with self._lock:
            if self._stream is None:
                return
            try:
                self._stream.write(f"{label} {line}\n")
                self._stream.flush()
            except (BrokenPipeError, ValueError):
                self._stream = None  # nobody reads any more; the processes go on


class LogFile:
    """Appends `name │ line` to a file, which is put aside as `….1` when it grows large."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def __call__(self, name: str, line: str) -> None:
        """Append the line; a disk that is full loses it, the processes go on."""
        with self._lock:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                if self._path.exists() and self._path.stat().st_size > LARGEST_FILE:
                    self._path.replace(self._path.with_name(self._path.name + ".1"))
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(f"{name} │ {line}\n")
            except OSError:
                return


def both(*outputs: Callable[[str, str], None]) -> Output:
    """Every line to each of them."""

    def write(name: str, line: str) -> None:
        for output in outputs:
            output(name, line)

    return write


def nowhere(name: str, line: str) -> None:
    """Drop the line; the supervisor keeps the last ones for its errors anyway."""
