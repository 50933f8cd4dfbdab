"""Git over HTTP for a fake code host: git's own `http-backend` behind the host's tokens.

    GitDoor(server, state, refusal)      # serves <server.url>/<owner>/<name>.git, as the host's clone_url says

`refusal(secret, repository, writing)` is the host's own way to say no: a Reply (401, 403 or 404 with the words that git
shows), or None to let somebody in. What is pushed is in `repository.heads` before the pusher hears of it.
"""

import base64
import binascii
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from typing import IO

from core import children
from scm import git
from scm.fakes.repository import FakeRepository
from scm.fakes.server import Asked, FakeServer, Reply
from scm.fakes.state import State

Refusal = Callable[[str, FakeRepository | None, bool], Reply | None]
_PLACE = r"/(.+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)"
_LINE = 64 * 1024


class GitDoor:
    """Where git comes in. `prefix` is what stands before owner and name in the host's addresses."""

    def __init__(self, server: FakeServer, state: State, refusal: Refusal, *, prefix: str = "") -> None:
        self.server, self.state, self.refusal = server, state, refusal
        server.stream(re.escape(prefix) + _PLACE, self._enter)

    def _enter(self, door: BaseHTTPRequestHandler, asked: Asked, name: str, what: str) -> Reply:
        writing = "git-receive-pack" in {what, asked.query.get("service")}
        found = self.state.named(name)
        with tempfile.TemporaryFile() as body:
            for piece in received(door, asked):
                body.write(piece)
            sent = body.tell()
            refused = self.refusal(secret_of(asked), found, writing)
            if refused is not None or found is None:
                return refused or Reply(404, body=b"Repository not found.\n")
            before = found.heads
            status, headers, answer = _served(found, asked, what, body)
            self.server.carried.append(sent + len(answer))
        if found.heads != before:
            found.follow(before)
        return Reply(status, headers=headers, body=answer)


def secret_of(asked: Asked) -> str:
    """The password of Basic authentication, or the Bearer token; "" without any."""
    scheme, _, value = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return value
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def refused(status: int, words: str) -> Reply:
    """A refusal as git shows it: "remote: <words>"."""
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="fake"'
    return Reply(status, headers=headers, body=f"{words}\n".encode())


def received(door: BaseHTTPRequestHandler, asked: Asked) -> Iterator[bytes]:
    """The request's body, taken out of its chunks and unzipped."""
    pieces = (
        _chunks(door.rfile)
        if "chunked" in asked.headers.get("transfer-encoding", "")
        else _sized(door, asked)
    )
    if asked.headers.get("content-encoding") != "gzip":
        yield from pieces
        return
    unzip = zlib.decompressobj(wbits=31)
    for piece in pieces:
        yield unzip.decompress(piece)
    yield unzip.flush()


def _sized(door: BaseHTTPRequestHandler, asked: Asked) -> Iterator[bytes]:
    left = int(asked.headers.get("content-length") or 0)
    while left and (piece := door.rfile.read(min(left, children.CHUNK))):
        left -= len(piece)
        yield piece


def _chunks(source: BufferedIOBase) -> Iterator[bytes]:
    while size := int(source.readline(_LINE).split(b";")[0] or b"0", 16):
        yield source.read(size)
        source.readline(_LINE)
    while source.readline(_LINE).strip():  # what may follow the last chunk
        pass


def _served(
    repository: FakeRepository, asked: Asked, what: str, body: IO[bytes]
) -> tuple[int, dict[str, str], bytes]:
    folder = repository.bare.folder
    size = body.tell()
    body.seek(0)
    variables = {
        "GIT_PROJECT_ROOT": str(folder.parent),
        "PATH_INFO": f"/{folder.name}/{what}",
        "REQUEST_METHOD": asked.method,
        "QUERY_STRING": "&".join(f"{name}={value}" for name, value in asked.query.items()),
        "CONTENT_TYPE": asked.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(size),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROTOCOL": asked.headers.get("git-protocol", ""),
        "REMOTE_USER": "fake",
        "REMOTE_ADDR": "127.0.0.1",
    }
    settings = (("core.hooksPath", str(folder / "hooks")),)
    environment = git.environment(settings=settings, variables=variables)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = children.start(
            [git.program(), "http-backend"], environment, stdin=body, stdout=output, stderr=errors
        )
        try:
            process.wait(60)
        finally:
            children.stop(process)
        output.seek(0)
        return _understood(output)


def _understood(output: IO[bytes]) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of what a CGI program wrote."""
    headers: dict[str, str] = {}
    while line := output.readline(_LINE).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name] = value.strip()
    status = int(headers.pop("Status", "200" if headers else "500").split()[0])
    return status, headers, output.read()
