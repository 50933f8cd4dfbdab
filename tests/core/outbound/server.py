"""A server that answers with the very bytes that a test wants, at the pace that it wants."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

Bytes = Iterable[bytes]


class RawServer:
    """For each path the pieces of an answer, made when somebody asks. `sent` counts bytes, `heard` keeps requests."""

    def __init__(self, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> None:
        self.answers: dict[str, Callable[[], Bytes]] = {}
        self.heard: list[bytes] = []
        self.names: list[str | None] = []
        self.sent = 0
        self.ended = threading.Event()
        self._tls = tls
        if tls is not None:
            tls.sni_callback = lambda _, name, __: self.names.append(name)
        self._socket = socket.create_server((address, 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def url(self, path: str = "", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}/{path}"

    def says(self, path: str, *pieces: bytes) -> str:
        """Answer a path with these bytes; its address."""
        self.answers[path] = lambda: pieces
        return self.url(path)

    def streams(self, path: str, pieces: Callable[[], Iterator[bytes]]) -> str:
        """Answer a path with what the generator gives, for as long as somebody listens; its address."""
        self.answers[path] = pieces
        return self.url(path)

    def _serve(self) -> None:
        while not self.ended.is_set():
            with suppress(OSError):
                asking, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=[asking], daemon=True).start()

    def _answer(self, asking: socket.socket) -> None:
        with suppress(OSError), asking:
            made = self._tls.wrap_socket(asking, server_side=True) if self._tls else asking
            with made:
                request = b""
                while b"\r\n\r\n" not in request:
                    if not (piece := made.recv(65536)):
                        return
                    request += piece
                request += self._rest(made, request)
                self.heard.append(request)
                path = request.split(b" ", 2)[1].decode().lstrip("/")
                for piece in self.answers[path]():
                    made.sendall(piece)
                    self.sent += len(piece)
                    if self.ended.is_set():
                        return

    @staticmethod
    def _rest(made: socket.socket, request: bytes) -> bytes:
        """What is left of the body: it may come in pieces of its own."""
        head, _, body = request.partition(b"\r\n\r\n")
        found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        left, rest = int(found[1]) - len(body) if found else 0, b""
        while len(rest) < left and (piece := made.recv(65536)):
            rest += piece
        return rest

    def close(self) -> None:
        self.ended.set()
        with suppress(OSError):
            socket.create_connection(self._socket.getsockname(), timeout=1).close()
        self._thread.join()
        self._socket.close()


def ok(length: int | None = None, *more: str) -> bytes:
    """The head of a good answer."""
    lines = ["HTTP/1.1 200 OK", *([f"Content-Length: {length}"] if length is not None else []), *more]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode()
