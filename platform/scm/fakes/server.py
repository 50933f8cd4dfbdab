"""An HTTP server in a thread: routes by pattern, a journal of what was asked, and faults on demand."""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, TypeVar
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request. Path parts of a route's pattern come as its groups, still encoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass
class Reply:
    """An answer. `data` is sent as JSON unless `body` is given."""

    status: int = 200
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass
class Fault:
    """An answer instead of the real one, for the next `times` requests whose path contains a text."""

    path: str
    reply: Reply
    times: int


Handler = Callable[..., Reply]
T = TypeVar("T", bound=tuple[Any, ...])


class FakeServer:
    """A server on loopback. `asked` is what came in; `fail` and `lose` make the next requests go wrong.

    `readers` are tokens that may read and not write; while `down` is true nobody gets an answer.
    """

    def __init__(self) -> None:
        self.routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self.streams: list[tuple[re.Pattern[str], Handler]] = []
        self.answers: list[tuple[str, str, Callable[[Asked, Callable[[], Reply]], Reply]]] = []
        self.lost: list[tuple[str, str]] = []
        self.meanwhiles: list[tuple[str, str, Callable[[], object]]] = []
        self.carried: list[int] = []
        """Bytes of the bodies that git sent and got."""
        self.readers: set[str] = set()
        self.down = False
        self.asked: list[Asked] = []
        self.faults: list[Fault] = []
        fake = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                fake._answer(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - its names

            def log_message(self, *args: object) -> None:
                pass

        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._httpd.daemon_threads = True
        self._thread = threading.Thread(target=self._httpd.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._httpd.server_address[1]}"

    def route(self, method: str, pattern: str, handler: Handler) -> None:
        """Answer requests whose whole path fits the pattern."""
        self.routes.append((method, re.compile(pattern), handler))

    def stream(self, pattern: str, handler: Handler) -> None:
        """Give requests whose whole path fits the pattern to a handler that reads the body from the door itself and
        judges tokens itself: `handler(door, asked, *groups)`. `asked.body` is empty."""
        self.streams.append((re.compile(pattern), handler))

    def instead(self, method: str, path: str, answer: Callable[[Asked, Callable[[], Reply]], Reply]) -> None:
        """Answer requests whose path contains `path` by `answer(asked, usual)`; `usual()` is the answer they would get."""
        self.answers.append((method, path, answer))

    def lose(self, method: str, path: str) -> None:
        """Do what the next such request whose path contains `path` asks for, and end the connection without a word."""
        self.lost.append((method, path))

    def meanwhile(self, method: str, path: str, happens: Callable[[], object]) -> None:
        """Let something happen just before the next such request whose path contains `path` is answered."""
        self.meanwhiles.append((method, path, happens))

    def fail(
        self,
        path: str,
        status: int,
        *,
        times: int = 1,
        headers: dict[str, str] | None = None,
        message: str = "",
    ) -> None:
        """Answer the next requests whose path contains `path` with a status."""
        self.faults.append(Fault(path, Reply(status, {"message": message or "fault"}, headers or {}), times))

    def close(self) -> None:
        self._httpd.shutdown()
        self._httpd.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def before(self, asked: Asked) -> Reply | None:
        """An answer for everything that is not let in; None to go on."""
        return None

    def after(self, asked: Asked, reply: Reply) -> None:
        """What every answer carries."""

    def _answer(self, door: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(door.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        headers = {name.lower(): value for name, value in door.headers.items()}
        stream = next(((p, h) for p, h in self.streams if p.fullmatch(parts.path)), None)
        body = b"" if stream else door.rfile.read(int(door.headers.get("Content-Length") or 0))
        asked = Asked(door.command, parts.path, query, headers, body)
        self.asked.append(asked)
        if self.down:
            door.close_connection = True
            return
        if happening := _taken(self.meanwhiles, asked):
            happening[2]()
        if stream:
            reply = self._fault(asked)
            door.close_connection = reply is not None  # its body was not read
            found = stream[0].fullmatch(asked.path)
            reply = reply or stream[1](door, asked, *(found.groups() if found else ()))
        else:
            reply = self._fault(asked) or self.before(asked) or self._answered(asked)
            self.after(asked, reply)
        if _taken(self.lost, asked):
            door.close_connection = True
            return
        _send(door, reply)

    def _fault(self, asked: Asked) -> Reply | None:
        for fault in self.faults:
            if fault.times and fault.path in asked.path:
                fault.times -= 1
                return Reply(fault.reply.status, fault.reply.data, dict(fault.reply.headers))
        return None

    def _answered(self, asked: Asked) -> Reply:
        for method, path, answer in self.answers:
            if method == asked.method and path in asked.path:
                return answer(asked, lambda: self._routed(asked))
        return self._routed(asked)

    def _routed(self, asked: Asked) -> Reply:
        method = "GET" if asked.method == "HEAD" else asked.method
        for wanted, pattern, handler in self.routes:
            found = pattern.fullmatch(asked.path)
            if wanted == method and found is not None:
                return handler(asked, *found.groups())
        return Reply(404, {"message": "Not Found"})


def _taken(waiting: list[T], asked: Asked) -> T | None:
    """The first that waits for such a request; it waits no longer."""
    found = next((one for one in waiting if one[0] == asked.method and one[1] in asked.path), None)
    if found is not None:
        waiting.remove(found)
    return found


def _send(door: BaseHTTPRequestHandler, reply: Reply) -> None:
    content = reply.body if reply.body is not None else json.dumps(reply.data).encode()
    content = b"" if reply.status in {204, 304} else content
    kind = "application/octet-stream" if reply.body is not None else "application/json"
    sent = {"Content-Type": kind, "Content-Length": str(len(content)), **reply.headers}
    door.send_response(reply.status)
    for name, value in sent.items():
        door.send_header(name, value)
    if door.close_connection:
        door.send_header("Connection", "close")
    door.end_headers()
    if door.command != "HEAD":
        door.wfile.write(content)


def paged(asked: Asked, items: list[Any], base: str) -> Reply:
    """One page of a list, with the links that both hosts put into the header."""
    size, page = int(asked.query.get("per_page", "30")), int(asked.query.get("page", "1"))
    shown = items[(page - 1) * size : page * size]
    reply = Reply(data=shown)
    if page * size < len(items):
        rest = "&".join(f"{name}={value}" for name, value in asked.query.items() if name != "page")
        reply.headers["Link"] = f'<{base}{asked.path}?{rest}&page={page + 1}>; rel="next"'
    return reply
