"""A list of steps whose states change while one watches: live on a terminal, a line for each elsewhere."""

import time
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text


class Mark(StrEnum):
    """How a step stands."""

    WAITING = "·"
    RUNNING = "…"
    DONE = "✓"
    SKIPPED = "-"
    FAILED = "✗"


COLOURS = {
    Mark.WAITING: "dim",
    Mark.RUNNING: "cyan",
    Mark.DONE: "green",
    Mark.SKIPPED: "dim",
    Mark.FAILED: "red",
}
ENDED = {Mark.DONE, Mark.SKIPPED, Mark.FAILED}


@dataclass
class _Step:
    label: str
    mark: Mark = Mark.WAITING
    note: str = ""
    began: float | None = None
    ended: float | None = None
    spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="cyan"))

    @property
    def seconds(self) -> str:
        if self.began is None:
            return ""
        return f"{(self.ended or time.monotonic()) - self.began:.1f} s"


class Checklist:
    """Shows steps. `set` may be called from any thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps: dict[str, _Step] = {}
        self._live = Live(
            get_renderable=self._picture, console=console, refresh_per_second=12, transient=False
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def add(self, key: str, label: str) -> None:
        """A further step, at the end."""
        self._steps.setdefault(key, _Step(label))

    def set(self, key: str, mark: Mark, note: str = "") -> None:
        """A step stands otherwise now; the same again changes nothing but the note."""
        step = self._steps.setdefault(key, _Step(key))
        step.note = note or step.note
        if mark is step.mark:
            return
        step.mark = mark
        if mark is not Mark.WAITING and step.began is None:
            step.began = time.monotonic()
        step.ended = time.monotonic() if mark in ENDED else None
        if mark in ENDED and not self._console.is_terminal:
            note = f"  {step.note}" if step.note else ""
            self._console.print(f"  {mark} {step.label}{note}  ({step.seconds})")

    def _picture(self) -> Group:
        rows = Table.grid(padding=(0, 1))
        for step in list(self._steps.values()):
            sign = step.spinner if step.mark is Mark.RUNNING else Text(step.mark, style=COLOURS[step.mark])
            label = Text(step.label, style="dim" if step.mark is Mark.WAITING else "")
            label.no_wrap = True
            rows.add_row(
                Text(" "), sign, label, Text(step.seconds, style="dim"), Text(step.note, style="dim")
            )
        return Group(rows)
