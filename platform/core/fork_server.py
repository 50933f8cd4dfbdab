"""A process that has loaded what its children need and knows nothing else: it forks a fresh one for each piece of work.

Runs in an interpreter of its own, started by `core.forked` with an empty environment. It has one thread, holds no
secret and opens no file, so that a child begins as clean as a new interpreter would, without the tenth of a second
that loading takes. Over a Unix socket come requests (JSON) with four descriptors: the child's standard input, output
and error, and its line: there we say its number when it runs and its status when it ended; whoever closes the line,
or says anything on it, has the child's whole group killed. When our own socket closes, everything ends.
"""

import contextlib
import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

_DIE_WITH_PARENT = 1


def serve(socket_number: int, modules: Sequence[str]) -> None:
    """Load the modules, then fork until the socket closes."""
    for module in modules:
        import_module(module)
    gc.freeze()  # what is loaded stays shared with the children
    with socket.socket(fileno=socket_number) as asked:
        _Server(asked).run()


class _Server:
    def __init__(self, asked: socket.socket) -> None:
        self.asked = asked
        self.pid = os.getpid()
        self.libc = ctypes.CDLL(None)
        self.lines: dict[int, socket.socket] = {}
        """Of each living child, by its number."""
        self.selector = selectors.DefaultSelector()
        self.woken, waker = os.pipe()
        for end in (self.woken, waker):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        self.selector.register(asked, selectors.EVENT_READ)
        self.selector.register(self.woken, selectors.EVENT_READ)

    def run(self) -> None:
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.asked:
                    if not self._accept():
                        self._end()
                        return
                elif key.fileobj == self.woken:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self.woken, 4096)
                elif key.data in self.lines:
                    self._kill(key.data)
            self._reap()

    def _accept(self) -> bool:
        head, descriptors, _, _ = socket.recv_fds(self.asked, 4, 4)
        if not head:
            return False
        head += self._more(4 - len(head))
        message = self._more(int.from_bytes(head, "big"))
        stdin, stdout, stderr, line = descriptors
        child = os.fork()
        if child == 0:
            self._become(json.loads(message), stdin, stdout, stderr)
        for number in (stdin, stdout, stderr):
            os.close(number)
        self.lines[child] = socket.socket(fileno=line)
        self.selector.register(self.lines[child], selectors.EVENT_READ, child)
        self._say(child, child)
        return True

    def _more(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            piece = self.asked.recv(size - len(found))
            if not piece:
                sys.exit("the process that asks went away in the middle of a request")
            found += piece
        return found

    def _become(self, request: dict[str, Any], *standard: int) -> None:
        """The child: never returns."""
        status = 1
        try:
            os.setsid()
            if sys.platform.startswith("linux"):
                self.libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
            if os.getppid() != self.pid:
                sys.exit("the server is gone")
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for wanted, number in enumerate(standard):
                os.dup2(number, wanted)
            os.closerange(3, 1024)
            os.chdir(request["folder"])
            os.environ.update(request["environment"])
            module, _, function = request["entry"].partition(":")
            getattr(import_module(module), function)(request["argument"])
            status = 0
        except BaseException:  # noqa: BLE001 - whatever it was, nothing of it may go on in the server's loop
            sys.excepthook(*sys.exc_info())
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _reap(self) -> None:
        for child in list(self.lines):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                self._say(child, os.waitstatus_to_exitcode(status))
                self._forget(child)

    def _kill(self, child: int) -> None:
        with contextlib.suppress(
            ProcessLookupError, PermissionError
        ):  # it is gone, or about to be its own leader
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        self.selector.unregister(self.lines[child])  # said once; its end comes by SIGCHLD

    def _say(self, child: int, number: int) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more
            self.lines[child].sendall(b"%d\n" % number)

    def _forget(self, child: int) -> None:
        line = self.lines.pop(child)
        with contextlib.suppress(KeyError):
            self.selector.unregister(line)
        line.close()

    def _end(self) -> None:
        for child in self.lines:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
