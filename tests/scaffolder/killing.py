"""A worker that dies at the very moment that a test names, and the moments there are: found by letting it live once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from requests.adapters import HTTPAdapter

from scaffolder import fencing
from scaffolder.fencing import Fence
from scaffolder.rollback import runner as undoing
from scm.port import Connected
from tests.scaffolder.test_recovery import Killed

CHANGING = (
    "create_repository",
    "configure_repository",
    "push_tree",
    "protect_branch",
    "add_hook",
    "delete_repository",
)
"""What changes a code host; a host has some of them. Over HTTP each request is a moment, which is finer, but for the push."""
_ASKING = {"GET", "HEAD"}


class Reaper:
    """Stands beside one worker, counts the moments that it passes, and kills it at one of them.

    A moment is before or after a write of the journal, a call that changes the code host, or a request that may change
    it. Who is dead writes nothing more, whatever it tries on its way out.
    """

    def __init__(self) -> None:
        self.passed: list[str] = []
        self._at: int | None = None
        self._worker: int | None = None
        self._dead = False

    @contextmanager
    def beside(self, at: int | None = None) -> Iterator[None]:
        """Count from 0 what this thread passes in the body, and kill it at the moment `at`."""
        self.passed, self._at, self._dead = [], at, False
        self._worker = threading.get_ident()
        try:
            yield
        finally:
            self._worker = None

    def dies(self, work: Callable[[], object], at: int) -> str:
        """Do some work that is killed at a moment; answer which that was, "" when it was over before."""
        try:
            with self.beside(at):
                work()
        except Killed:
            return self.passed[-1]
        return ""

    def moment(self, name: str) -> None:
        if self._worker != threading.get_ident():
            return
        if not self._dead:
            self.passed.append(name)
            self._dead = len(self.passed) - 1 == self._at
        if self._dead:
            raise Killed(name)

    def watch(
        self,
        patch: pytest.MonkeyPatch,
        owner: Any,
        name: str,
        matters: Callable[..., bool] = lambda *_: True,
        shown: Callable[..., str] = lambda *_: "",
    ) -> None:
        """Let the calls of a method be moments, before and after."""
        real = getattr(owner, name)

        def between(*args: Any, **more: Any) -> Any:
            if not matters(*args):
                return real(*args, **more)
            label = f"{owner.__name__.rpartition('.')[2]}.{name} {shown(*args)}".rstrip()
            self.moment(f"before {label}")
            result = real(*args, **more)
            self.moment(f"after {label}")
            return result

        patch.setattr(owner, name, between)


def reaper(patch: pytest.MonkeyPatch, host: object) -> Reaper:
    """One that knows all moments of a worker that publishes to this host."""
    made = Reaper()
    # What is said waits for the next write, however slow the machine is: the same moments in each life.
    patch.setattr(fencing, "LONGEST_WAIT", timedelta(hours=1))
    patch.setattr(Fence, "flush_in_passing", lambda _fence: None)
    made.watch(patch, Fence, "write", shown=_last_line)
    made.watch(patch, Fence, "flush", lambda fence: bool(fence._waiting and not fence._later), _last_line)
    made.watch(
        patch,
        HTTPAdapter,
        "send",
        lambda _adapter, request, *_: request.method not in _ASKING,
        lambda _adapter, request, *_: f"{request.method} {request.path_url}",
    )
    for name in ("_settle", "_say", "_finish"):
        made.watch(patch, undoing, name)
    for name in ("push_tree",) if isinstance(host, Connected) else CHANGING:
        if hasattr(type(host), name):
            made.watch(patch, type(host), name)
    return made


def _last_line(fence: Fence, *_: Any) -> str:
    return repr(fence._waiting[-1].body.get("message", "")) if fence._waiting else ""
