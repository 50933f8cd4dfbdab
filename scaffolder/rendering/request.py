"""The child's side of a rendering: take the limits, shut the door, answer one request."""

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from core.errors import GreenroomError, InputError, TooLarge

from .confinement import leave_network, limit_process, shut_in
from .limits import Limits


class Growth:
    """Counts files and bytes while they are written by code that does not count itself."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.files = 0
        self.bytes = 0
        self.last: str | None = None

    def __call__(self, path: str) -> None:
        """Before a file is opened to be written: count it, and weigh the one before."""
        self.files += 1
        if self.files > self.limits.files:
            raise TooLarge(f"the template makes more than {self.limits.files} files: make fewer")
        if self.last is not None and os.path.exists(self.last):  # noqa: PTH110  a Path per file costs
            self.bytes += os.path.getsize(self.last)  # noqa: PTH202
        if self.bytes > self.limits.total_bytes:
            raise TooLarge(
                f"the template makes files of more than {self.limits.total_bytes} bytes: make less"
            )
        self.last = path


def serve(module: str) -> None:
    """Answer the request on standard input on what was standard output; nothing else reaches that."""
    sys.dont_write_bytecode = True  # what is imported from here on must not write beside itself
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    request = json.load(sys.stdin)
    limits = Limits(**request.pop("limits"))
    answer: Callable[..., dict[str, Any]] = import_module(module).answer
    network = not leave_network()
    limit_process(
        seconds=limits.seconds, memory_bytes=limits.memory_bytes, file_bytes=limits.file_bytes + (1 << 20)
    )
    shut_in(request["staging"], on_write=Growth(limits))
    try:
        reply: dict[str, Any] = {"result": {"network": network, **answer(request, limits)}}
    except GreenroomError as error:
        reply = _refusal(TooLarge if isinstance(error, TooLarge) else InputError, str(error))
    except MemoryError:
        reply = _refusal(
            TooLarge, f"rendering needs more than {limits.memory_bytes >> 20} MB: make it do less"
        )
    except RecursionError:
        reply = _refusal(TooLarge, "the template or a value in it is nested too deeply")
    except OSError as error:
        where = f" ({Path(str(error.filename)).name!r})" if error.filename else ""
        reply = _refusal(InputError, f"a rendered file could not be written{where}: {error.strerror}")
    rest = memoryview(json.dumps(reply).encode())
    while rest:
        rest = rest[os.write(out, rest) :]


def _refusal(kind: type[GreenroomError], message: str) -> dict[str, Any]:
    return {"error": {"type": kind.__name__, "message": message}}
