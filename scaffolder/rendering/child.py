"""Renders in a process of its own: empty environment, own group, limits, and a clear end.

The child reads one JSON document and answers with one. What it may do to the system, `confinement.py` says.
"""

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

import core.errors
from core.errors import Conflict, GreenroomError, InputError, TooLarge

from .limits import Limits

_BOOT: Final = """
import sys, json
sys.path[:0] = json.loads(sys.argv[2])
from importlib import import_module
import_module("scaffolder.rendering.request").serve(sys.argv[1])
"""
"""What the child's interpreter is given: it runs without `site`, so the path comes from us."""
_TICK: Final = 0.1


class RenderingCancelled(Conflict):
    """The run was cancelled while it rendered; the child was ended and its half-made files removed."""

    code = "rendering_cancelled"


class RenderingBroke(GreenroomError):
    """The rendering process ended without an answer, by no fault of the template; the run's log has the
    reason.
    """

    code = "rendering_broke"


def run_child(
    module: str, request: Mapping[str, Any], *, limits: Limits, cancel: threading.Event | None = None
) -> dict[str, Any]:
    """Let `module` answer a request in a child process, and give its answer.

    The child gets a temporary home, removed afterwards. Raises what the child says is wrong (InputError,
    TooLarge), TooLarge when a limit ended it, RenderingCancelled as soon as `cancel` is set.
    """
    home = Path(tempfile.mkdtemp(prefix="greenroom-render-"))
    try:
        question = home / "request.json"
        question.write_text(json.dumps({**request, "limits": _limits(limits), "parent": os.getpid()}))
        with question.open() as source, (home / "errors.txt").open("w+") as errors:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, module, json.dumps(_import_path())],
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=home,
                env={"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": str(home), "TMPDIR": str(home)},
                start_new_session=True,
            )
            try:
                answer = _listen(process, limits, cancel)
            finally:
                _end(process)
            errors.seek(0)
            return _understood(answer, process.returncode, errors.read(20_000), limits)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _limits(limits: Limits) -> dict[str, int]:
    return {name: getattr(limits, name) for name in Limits.__slots__}


def _import_path() -> list[str]:
    """Where this process imports from, without the current folder."""
    return [place for place in dict.fromkeys(sys.path) if place and Path(place).exists()]


def _listen(process: subprocess.Popen[bytes], limits: Limits, cancel: threading.Event | None) -> bytes:
    """What the child writes until it closes its output, within time and size."""
    stream: IO[bytes] | None = process.stdout
    if stream is None:
        raise AssertionError("the child was started with a pipe")
    deadline = time.monotonic() + limits.seconds
    answer = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            if cancel is not None and cancel.is_set():
                raise RenderingCancelled("the run was cancelled while it rendered its template")
            if time.monotonic() > deadline:
                raise TooLarge(
                    f"rendering took more than {limits.seconds} seconds: make the template do less"
                )
            if not selector.select(_TICK):
                continue
            piece = os.read(stream.fileno(), 65_536)
            if not piece:
                process.wait(max(deadline - time.monotonic(), 1))
                return bytes(answer)
            answer += piece
            if len(answer) > limits.reply_bytes:
                raise TooLarge(
                    f"rendering answered with more than {limits.reply_bytes} bytes: make fewer files"
                )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the child and all that it may have started."""
    with suppress(ProcessLookupError, PermissionError):  # when it has ended by itself, so has its group
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _understood(answer: bytes, status: int, errors: str, limits: Limits) -> dict[str, Any]:
    if status == -signal.SIGXCPU:
        raise TooLarge(
            f"rendering used more than {limits.seconds} seconds of processor time: make it do less"
        )
    try:
        reply = json.loads(answer)
    except ValueError as error:
        if "MemoryError" in errors or status == -signal.SIGKILL:
            raise TooLarge(
                f"rendering needs more than {limits.memory_bytes >> 20} MB: make it do less"
            ) from error
        last = errors.strip().splitlines()[-1:] or ["it said nothing"]
        raise RenderingBroke(f"the rendering process ended with status {status}: {last[0]}") from error
    if "error" in reply:
        kind = getattr(core.errors, reply["error"]["type"], InputError)
        raise kind(reply["error"]["message"])
    result: dict[str, Any] = reply["result"]
    return result
