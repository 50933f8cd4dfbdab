"""Child processes, each in a process group of its own: a deadline, a cap on output, and nothing left behind.

No Django here: git, and the rendering of templates, run their children through it.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

CHUNK = 64 * 1024
LOOK_EVERY = 0.1  # seconds between looks at whether the call was cancelled


_stop: ContextVar[threading.Event | None] = ContextVar("children_stop", default=None)


@contextlib.contextmanager
def stopped_by(event: threading.Event) -> Iterator[None]:
    """Let every child that the body starts, however deep down, be cancelled by this event."""
    before = _stop.set(event)
    try:
        yield
    finally:
        _stop.reset(before)


class DeadlineReachedError(Exception):
    """The child was still running at its deadline."""


class OutputTooLongError(Exception):
    """The child wrote more than the call wanted to hold."""


class CancelledError(Exception):
    """Somebody cancelled the call while the child was running."""


class Child(Protocol):
    """A running child with pipes, leader of a group of its own."""

    stdin: IO[bytes] | None
    stdout: IO[bytes] | None
    stderr: IO[bytes] | None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, negative for a signal; `subprocess.TimeoutExpired` when it has not ended by then."""
        ...

    def kill_group(self) -> None:
        """Kill it and all of its group, unless it was reaped and its number may be another's."""
        ...


class Started(subprocess.Popen[bytes]):
    """A child that this process started itself."""

    def kill_group(self) -> None:
        """See Child."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # the group is gone already
                os.killpg(self.pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended and what it wrote."""

    status: int
    stdout: bytes
    stderr: bytes


def start(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: int | IO[bytes],
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
    folder: Path | None = None,
) -> Started:
    """Start the child as leader of its own group, so that `stop` reaches its children too."""
    return Started(
        list(arguments),
        env=dict(environment),
        cwd=folder or "/",
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def stop(process: Child) -> None:
    """Kill the child's whole group, reap it and close its pipes; safe after it has ended."""
    process.kill_group()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # what we still wanted to say has no reader
                pipe.close()
    process.wait()


def run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: bytes = b"",
    folder: Path | None = None,
    timeout: float,
    limit: int,
    cancelled: threading.Event | None = None,
) -> Ended:
    """Start a child and `see_through` what it does."""
    process = start(arguments, environment, stdin=subprocess.PIPE, folder=folder)
    return see_through(process, stdin=stdin, timeout=timeout, limit=limit, cancelled=cancelled)


def see_through(
    process: Child,
    *,
    stdin: bytes = b"",
    timeout: float,
    limit: int,
    cancelled: threading.Event | None = None,
) -> Ended:
    """Talk with a child that was just started until it ends. Of stderr only the first 64 KiB are kept.

    Raises DeadlineReachedError after `timeout` seconds, OutputTooLongError for a stdout over `limit` bytes, and
    CancelledError as soon as `cancelled`, or the event of `stopped_by`, is set; in each case the whole group has been killed.
    """
    until = _Until(time.monotonic() + timeout, cancelled or _stop.get())
    try:
        return _talk(process, _pipes(process), memoryview(stdin), until, limit)
    finally:
        stop(process)


@dataclass(frozen=True, slots=True)
class _Until:
    """When to give up."""

    deadline: float
    cancelled: threading.Event | None

    def pause(self) -> float:
        """How long to wait at most before looking again. Raises what ended the patience."""
        if self.cancelled is not None and self.cancelled.is_set():
            raise CancelledError
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise DeadlineReachedError
        return left if self.cancelled is None else min(left, LOOK_EVERY)


def _pipes(process: Child) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise ValueError("the child was started without pipes")
    return process.stdin, process.stdout, process.stderr


def _talk(
    process: Child,
    pipes: tuple[IO[bytes], IO[bytes], IO[bytes]],
    unsent: memoryview,
    until: _Until,
    limit: int,
) -> Ended:
    stdin, *outputs = pipes
    written = {pipe.fileno(): bytearray() for pipe in outputs}
    stdout, stderr = (written[pipe.fileno()] for pipe in outputs)
    with selectors.DefaultSelector() as selector:
        for pipe in outputs:
            selector.register(pipe, selectors.EVENT_READ)
        if unsent:
            os.set_blocking(stdin.fileno(), False)
            selector.register(stdin, selectors.EVENT_WRITE)
        else:
            stdin.close()
        while selector.get_map():
            for key, _ in selector.select(until.pause()):
                if key.fileobj is stdin:
                    unsent = _send(stdin, unsent)
                    if not unsent:
                        selector.unregister(stdin)
                        stdin.close()
                elif got := os.read(key.fd, CHUNK):
                    written[key.fd] += got
                else:
                    selector.unregister(key.fileobj)
            if len(stdout) > limit:
                raise OutputTooLongError
            del stderr[CHUNK:]
    return Ended(wait(process, until.deadline), bytes(stdout), bytes(stderr))


def wait(process: Child, deadline: float) -> int:
    """The child's exit status, waited for until `deadline` (time.monotonic)."""
    try:
        return process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise DeadlineReachedError from error


def _send(pipe: IO[bytes], unsent: memoryview) -> memoryview:
    try:
        return unsent[os.write(pipe.fileno(), unsent[:CHUNK]) :]
    except BrokenPipeError:  # the child has read enough; its status tells whether that was right
        return unsent[:0]
