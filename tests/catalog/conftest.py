"""A web server for catalog files, and a catalog that may read from it."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest
from pytest_django.fixtures import Settings

from catalog.ingest.refresh import refresh
from catalog.models import Location


class FileServer:
    """Files by path, as a test puts them. `asked` lists requests, `statuses` overrides a path."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.statuses: dict[str, int] = {}
        self.redirects: dict[str, str] = {}
        self.asked: list[str] = []
        self.answered: list[int] = []
        self.tags: dict[str, str] = {}
        self.empty_for: tuple[str, ...] = ()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._httpd.daemon_threads = True
        self._thread = threading.Thread(target=self._httpd.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._httpd.server_address[1]}"

    def url(self, path: str) -> str:
        return f"http://{self.host}/{path}"

    def put(self, path: str, text: str | bytes) -> str:
        """Serve a file; answer its address."""
        self.files[path] = text.encode() if isinstance(text, str) else text
        return self.url(path)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = unquote(request.path).lstrip("/")
        self.asked.append(path)
        content = self.files.get(path, b"")
        there = path in self.files or (
            bool(self.empty_for) and path.endswith(self.empty_for) and "*" not in path
        )
        status = self.statuses.get(path, 200 if there else 404)
        if path in self.tags and request.headers.get("If-None-Match") == self.tags[path]:
            status, content = 304, b""
        if path in self.redirects:
            request.send_response(302)
            request.send_header("Location", self.redirects[path])
            content = b""
        else:
            request.send_response(status)
            self.answered.append(status)
        if path in self.tags:
            request.send_header("ETag", self.tags[path])
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def close(self) -> None:
        self._httpd.shutdown()
        self._httpd.server_close()
        self._thread.join()


@pytest.fixture
def web(settings: Settings) -> Iterator[FileServer]:
    """A web server that the catalog may read from."""
    server = FileServer()
    settings.GREENROOM_READING_ALLOW = [server.host]
    yield server
    server.close()


@pytest.fixture
def work(db: None) -> Callable[[], None]:
    """Do what the worker would: read every location that is due."""

    def run() -> None:
        for pk in Location.objects.order_by("created_at").values_list("pk", flat=True):
            refresh(str(pk))

    return run
