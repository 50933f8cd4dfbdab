"""A WSGI server small enough for a test: one request, its answer."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.signals import request_finished, request_started
from django.db import close_old_connections

JSON = "application/json"


class Answer:
    """What a WSGI application says to one request."""

    def __init__(
        self, app: Any, method: str, path: str, *, secret: str = "", body: bytes = b"", **headers: str
    ) -> None:
        address, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": address,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "127.0.0.1",
            "CONTENT_TYPE": JSON if body else "",
            "CONTENT_LENGTH": str(len(body)) if body else "",
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
            **({"HTTP_AUTHORIZATION": f"Bearer {secret}"} if secret else {}),
            **headers,
        }
        self.status = 0
        self.headers: dict[str, str] = {}
        with one_transaction():
            pieces: Iterable[bytes] = app(environ, self._started)
            self.body = b"".join(pieces)
            if close := getattr(pieces, "close", None):
                close()

    def _started(self, status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
        self.status, self.headers = int(status.split(maxsplit=1)[0]), dict(headers)
        assert len(self.headers) == len(headers), f"a header twice: {headers}"


@contextmanager
def one_transaction() -> Iterator[None]:
    """Let no end of a request end the test's transaction, as Django's own test client has it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
