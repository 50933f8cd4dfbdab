"""One child process in its own process group: a deadline, a cap on output, and nothing left behind."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

CHUNK = 64 * 1024


class DeadlineReachedError(Exception):
    """The child was still running at its deadline."""


class OutputTooLongError(Exception):
    """The child wrote more than the call wanted to hold."""


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
) -> subprocess.Popen[bytes]:
    """Start the child as leader of its own group, so that `stop` reaches its children too."""
    return subprocess.Popen(
        list(arguments),
        env=dict(environment),
        cwd=folder or "/",
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the child's whole group, unless the child was reaped and its number may be another's."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # the group is gone already
            os.killpg(process.pid, signal.SIGKILL)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Kill the child's whole group, reap it and close its pipes; safe after it has ended."""
    kill(process)
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
) -> Ended:
    """Run to the end. Of stderr only the first 64 KiB are kept; stdout over `limit` is an error."""
    process = start(arguments, environment, stdin=subprocess.PIPE, folder=folder)
    try:
        return _talk(process, _pipes(process), memoryview(stdin), time.monotonic() + timeout, limit)
    finally:
        stop(process)


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise ValueError("the child was started without pipes")
    return process.stdin, process.stdout, process.stderr


def _talk(
    process: subprocess.Popen[bytes],
    pipes: tuple[IO[bytes], IO[bytes], IO[bytes]],
    unsent: memoryview,
    deadline: float,
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
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise DeadlineReachedError
            for key, _ in ready:
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
    return Ended(wait(process, deadline), bytes(stdout), bytes(stderr))


def wait(process: subprocess.Popen[bytes], deadline: float) -> int:
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
