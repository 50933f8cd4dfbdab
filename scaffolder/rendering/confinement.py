"""Runs first in a child process and shuts it in: limits of the kernel, no network, no processes, no writes
elsewhere.

Nothing here is the only wall. A template is interpreted or sandboxed, so it should reach none of this; each
of these holds when that does not.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, Final

from core.errors import InputError

_NEW_NETWORK: Final = 0x40000000
_NEW_USER: Final = 0x10000000
_FORBIDDEN: Final = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn",
    "os.spawn", "os.fork", "pty.", "ctypes.",
    "urllib.", "ftplib.", "http.client.", "smtplib.", "webbrowser.", "import.native",
)  # fmt: skip
_WRITES: Final[dict[str, tuple[int, ...]]] = {
    "os.mkdir": (0,), "os.remove": (0,), "os.rmdir": (0,), "os.rename": (0, 1), "os.link": (0, 1),
    "os.symlink": (1,),
    "os.truncate": (0,), "os.chmod": (0,), "os.chown": (0,), "os.utime": (0,), "shutil.rmtree": (0,),
    "shutil.move": (0, 1), "shutil.copytree": (1,),
}  # fmt: skip
"""Audit event → which of its arguments are paths that it changes."""
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def limit_process(*, seconds: int, memory_bytes: int, file_bytes: int) -> None:
    """Set the kernel's limits on this process, as low as the system lets us."""
    wanted = {
        resource.RLIMIT_AS: (memory_bytes, memory_bytes),
        resource.RLIMIT_CPU: (
            seconds,
            seconds + 1,
        ),  # the first says SIGXCPU, which can be told from other ends
        resource.RLIMIT_FSIZE: (file_bytes, file_bytes),
        resource.RLIMIT_NOFILE: (128, 128),
        resource.RLIMIT_CORE: (0, 0),
    }
    for kind, (soft, hard) in wanted.items():
        _, highest = resource.getrlimit(kind)
        if highest != resource.RLIM_INFINITY:
            soft, hard = min(soft, highest), min(hard, highest)
        resource.setrlimit(kind, (soft, hard))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def leave_network() -> bool:
    """Move to a network of our own in which there is nothing; False when the system does not let us."""
    if not sys.platform.startswith("linux"):
        return False
    flags = _NEW_NETWORK if os.geteuid() == 0 else _NEW_NETWORK | _NEW_USER
    if sys.version_info >= (3, 12):
        try:
            os.unshare(flags)
        except OSError:
            return False
        return True
    left: int = ctypes.CDLL(None, use_errno=True).unshare(flags)
    return left == 0


class _Bounds:
    """The one folder that is written to. Where its folders are in truth is remembered until something is linked, renamed
    or taken away; nobody else writes here.
    """

    def __init__(self, writable: str) -> None:
        self._root = os.path.realpath(writable)
        self._real: dict[str, str] = {}

    def forget(self) -> None:
        self._real.clear()

    def check(self, path: str) -> None:
        """InputError unless the path is inside: where its name stands, since a link is made or taken away itself, and
        where it leads.
        """
        folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        real = f"{self._real[folder]}/{name}"
        plain = ".." not in path.split("/") and not os.path.islink(real)  # noqa: PTH114  this runs for each file
        leads = real if plain else os.path.realpath(path)
        if not all(f"{place}/".startswith(f"{self._root}/") for place in (real, leads)):
            raise InputError(
                f"path {name!r} leaves its folder: use a name without '..' and without a leading '/'"
            )


def shut_in(writable: str, *, on_write: Callable[[str], None] | None = None) -> None:
    """From here on refuse sockets, processes and native calls, and writes outside of one folder, for good."""
    bounds = _Bounds(writable)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING and not isinstance(path, int):
                bounds.check(os.fsdecode(path))
                if on_write is not None:
                    on_write(os.fsdecode(path))
        elif event in _WRITES:
            if event != "os.mkdir":
                bounds.forget()
            for place in _WRITES[event]:
                if not isinstance(arguments[place], int):
                    bounds.check(os.fsdecode(arguments[place]))
        elif event.startswith(_FORBIDDEN):
            raise InputError(f"the template tried to reach the system ({event}): that is not possible here")

    sys.addaudithook(watch)
