"""Renders in a process of its own: empty environment, own group, limits, and a clear end.

The child reads one JSON document and answers with one. What it may do to the system, `confinement.py` says.
"""

import json
import shutil
import signal
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import core.errors
from core import children
from core.errors import Conflict, GreenroomError, InputError, TooLarge
from core.forked import ForkServer

from .limits import Limits

SERVER: Final = ForkServer(
    "scaffolder.rendering.request:serve",
    [
        "scaffolder.rendering.request",
        "scaffolder.rendering.template_child",
    ],
)
"""Loads all that renders skeletons, and forks; what renders cookiecutters is loaded by each child that does."""


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
    question = json.dumps({**request, "limits": _limits(limits)})
    try:
        ended = children.see_through(
            SERVER.start(module, {"HOME": str(home), "TMPDIR": str(home)}, folder=home),
            stdin=question.encode(),
            timeout=limits.seconds,
            limit=limits.reply_bytes,
            cancelled=cancel,
        )
    except children.CancelledError as error:
        raise RenderingCancelled("the run was cancelled while it rendered its template") from error
    except children.DeadlineReachedError as error:
        raise TooLarge(
            f"rendering took more than {limits.seconds} seconds: make the template do less"
        ) from error
    except children.OutputTooLongError as error:
        raise TooLarge(
            f"rendering answered with more than {limits.reply_bytes} bytes: make fewer files"
        ) from error
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return _understood(ended.stdout, ended.status, ended.stderr.decode(errors="replace"), limits)


def _limits(limits: Limits) -> dict[str, int]:
    return {name: getattr(limits, name) for name in Limits.__slots__}


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
