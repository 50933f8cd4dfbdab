"""What the supervisor has to know about a process to run it."""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

READY = "greenroom: ready"  # what a process of ours says when it serves but listens nowhere


class State(StrEnum):
    """Where a process stands."""

    WAITING = "waiting"  # for those before it, or for its next try
    STARTING = "starting"  # runs, but is not ready
    READY = "ready"
    DONE = "done"  # a step that ended well
    STOPPED = "stopped"


@dataclass(frozen=True)
class Process:
    """One process: how to start it, how to see that it serves, how to stop it."""

    name: str
    argv: Sequence[str] | Callable[[], Sequence[str]]
    """The command line, or what gives it once `prepare` has been called."""
    env: Mapping[str, str] | None = None
    """Its whole environment; None hands on ours."""
    folder: Path | None = None
    """Its working folder; None hands on ours."""
    prepare: Callable[[], None] | None = None
    """Called before each start; a `GreenroomError` from the first call ends everything."""
    ready: Callable[[], bool] | None = None
    """Whether it serves; None: as soon as it runs, or says `ready_line`. Answers quickly, does not raise."""
    ready_line: str | None = None
    """A text in one of its lines that says that it serves, where nothing else tells."""
    alongside: bool = False
    """The next one starts without waiting for this one; all are waited for in the end."""
    once: bool = False
    """A step: it has to end with status 0 before the next process starts, and is not started again."""
    ready_timeout: float = 60.0
    """Seconds until it has to be ready (or, as a step, has to be done)."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout: float = 10.0
    """Seconds between the stop signal and the end by force of the whole process group."""


@dataclass
class BackOff:
    """How long to wait before the next start of something that keeps dying."""

    first: float = 0.2
    longest: float = 10.0
    proven: float = 30.0
    """Seconds of life after which the past is forgotten."""
    _deaths: int = field(default=0, init=False)

    def after(self, lived: float) -> float:
        """Seconds to wait, given how long it lived this time."""
        self._deaths = 0 if lived >= self.proven else self._deaths
        delay = min(self.first * 2.0**self._deaths, self.longest)
        self._deaths = min(self._deaths + 1, 30)
        return delay
