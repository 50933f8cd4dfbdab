"""Work in a fresh child process without the cost of starting one: asks a `core.fork_server`, and starts it when needed."""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from core import children

_BOOT: Final = """
import sys, json
sys.path[:0] = json.loads(sys.argv[3])
from core.fork_server import serve
serve(int(sys.argv[1]), json.loads(sys.argv[2]))
"""
"""What the server's interpreter is given: it runs without `site`, so the path comes from us."""


class ForkedChild:
    """A child of the fork server, with the face of a `subprocess.Popen` as far as `core.children` looks at it."""

    def __init__(self, line: socket.socket, stdin: int, stdout: int, stderr: int) -> None:
        self._line = line
        self._heard = b""
        self.stdin: IO[bytes] | None = os.fdopen(stdin, "wb", 0)
        self.stdout: IO[bytes] | None = os.fdopen(stdout, "rb", 0)
        self.stderr: IO[bytes] | None = os.fdopen(stderr, "rb", 0)
        self.returncode: int | None = None
        self.pid = int(self._next(None) or b"0")
        """0 when the server ended before the child began."""

    def kill_group(self) -> None:
        """Have its whole group killed; the server knows whether the number is still the child's."""
        if self.returncode is None:
            try:
                self._line.sendall(b"!")
            except OSError:  # the server has gone, and its children with it
                return

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, negative for a signal; `subprocess.TimeoutExpired` after `timeout` seconds."""
        if self.returncode is None:
            try:
                said = self._next(timeout)
            except TimeoutError as error:
                raise subprocess.TimeoutExpired("forked child", timeout or 0) from error
            self.returncode = int(said or b"-9")
            self._line.close()
        return self.returncode

    def _next(self, timeout: float | None) -> bytes:
        """The next line that the server says; b"" when it has gone."""
        self._line.settimeout(timeout)
        while b"\n" not in self._heard:
            try:
                piece = self._line.recv(64)
            except ConnectionError:
                piece = b""
            if not piece:
                return b""
            self._heard += piece
        said, _, self._heard = self._heard.partition(b"\n")
        return said


class ForkServer:
    """One kind of work, `entry` ("package.module:function", called with a text), with what it imports loaded ahead."""

    def __init__(self, entry: str, modules: Sequence[str]) -> None:
        self.entry, self.modules = entry, list(modules)
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._asking: socket.socket | None = None

    def start(self, argument: str, environment: Mapping[str, str], *, folder: Path) -> ForkedChild:
        """Begin the work in a fresh child with this environment beside PATH and LANG, in this folder."""
        request = {
            "entry": self.entry,
            "argument": argument,
            "environment": dict(environment),
            "folder": str(folder),
        }
        child = self._fork(json.dumps(request).encode())
        if child.pid == 0:  # the server was killed since it was last asked: once more, with a new one
            children.stop(child)
            child = self._fork(json.dumps(request).encode(), anew=True)
        return child

    def close(self) -> None:
        """End the server and what it forked."""
        with self._guard:
            self._close()

    def _fork(self, message: bytes, *, anew: bool = False) -> ForkedChild:
        ours, line = socket.socketpair()
        stdin, stdout, stderr = os.pipe(), os.pipe(), os.pipe()
        theirs = (stdin[0], stdout[1], stderr[1], line.fileno())
        try:
            with self._guard:
                if anew:
                    self._close()
                try:
                    _send(self._connected(), message, theirs)
                except OSError:  # it was killed since it was last asked
                    self._close()
                    _send(self._connected(), message, theirs)
        finally:
            for number in theirs[:3]:
                os.close(number)
            line.close()
        return ForkedChild(ours, stdin[1], stdout[0], stderr[0])

    def _connected(self) -> socket.socket:
        if self._asking is None or self._process is None or self._process.poll() is not None:
            self._close()
            self._asking, theirs = socket.socketpair()
            with theirs:
                given = (str(theirs.fileno()), json.dumps(self.modules), json.dumps(import_path()))
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, *given],
                    env={"PATH": os.defpath, "LANG": "C.UTF-8"},
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            atexit.register(self.close)
        return self._asking

    def _close(self) -> None:
        atexit.unregister(self.close)
        if self._asking is not None:
            self._asking.close()
            self._asking = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _send(server: socket.socket, message: bytes, descriptors: Sequence[int]) -> None:
    framed = len(message).to_bytes(4, "big") + message
    sent = socket.send_fds(server, [framed], descriptors)
    server.sendall(framed[sent:])


def import_path() -> list[str]:
    """Where this process imports from, without the current folder."""
    return [place for place in dict.fromkeys(sys.path) if place and Path(place).exists()]
