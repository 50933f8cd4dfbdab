"""Fetch and push over HTTP: git's own upload-pack and receive-pack behind a token.

The protocol is gitprotocol-http(5), its stateless form. The older "dumb" protocol, which hands out the
files of a repository, is not served.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from core.children import CHUNK
from core.errors import NotFound
from scm import storage
from scm.actions import PUSH_TIMEOUT, expect_change, tell_changes
from scm.bodies import spooled
from scm.doors import GitView, repository_name
from scm.errors import GitFailed
from scm.git import git, streaming
from scm.models import LocalRepository
from scm.protection import deletion_refusal, protected, push_refusal
from scm.pushes import Push, read_push, refusal
from scm.querysets import repository_named

READ, WRITE = "scm.repository.read", "scm.repository.write"
BYPASS = "scm.repository.bypass"
"""Who holds it is an administrator to rules that do not bind administrators."""
SERVICES = {"git-upload-pack": READ, "git-receive-pack": WRITE}
FETCH_REQUEST_LIMIT = 16 * 1024 * 1024
FETCH_TIMEOUT = 3600.0
REPORT_LIMIT = 4 * 1024 * 1024

_RESULT = "application/x-git-receive-pack-result"
_PROTOCOL = re.compile(r"[a-z0-9=:.]{1,100}")
_UPLOAD = (("uploadpack.allowFilter", "true"), ("uploadpack.allowReachableSHA1InWant", "true"))
_RECEIVE = (
    ("receive.denyDeleteCurrent", "refuse"),
    ("receive.hideRefs", "refs/"),  # only branches and tags can be pushed
    ("receive.hideRefs", "!refs/heads/"),
    ("receive.hideRefs", "!refs/tags/"),
)


class InfoRefs(GitView):
    """What refs there are: the first question of every fetch and push."""

    permission: ClassVar = {"get": READ}

    def get(self, request: HttpRequest, owner: str, repository: str) -> HttpResponseBase:
        service = request.GET.get("service", "")
        if service not in SERVICES:
            raise NotFound("only git's smart HTTP protocol is served here; use git 1.6.6 or newer")
        self.require(SERVICES[service])
        row = repository_named(repository_name(owner, repository))
        protocol = _protocol(request)
        advertised = git(
            service.removeprefix("git-"),
            "--stateless-rpc",
            "--http-backend-info-refs",
            _folder(row),
            settings=_UPLOAD if service == "git-upload-pack" else _RECEIVE,
            variables=protocol,
        )
        if "version=2" not in protocol.get("GIT_PROTOCOL", "").split(":"):
            advertised = _packet(f"# service={service}\n") + b"0000" + advertised
        return _uncached(HttpResponse(advertised, content_type=f"application/x-{service}-advertisement"))


class UploadPack(GitView):
    """Fetch: what the client has and wants goes in, a pack streams out."""

    permission: ClassVar = {"post": READ}

    def post(self, request: HttpRequest, owner: str, repository: str) -> HttpResponseBase:
        row = repository_named(repository_name(owner, repository))
        folder, protocol = _folder(row), _protocol(request)
        body = spooled(request, limit=FETCH_REQUEST_LIMIT)
        pack = _uploaded(folder, body, protocol)
        return _uncached(StreamingHttpResponse(pack, content_type="application/x-git-upload-pack-result"))


class ReceivePack(GitView):
    """Push: answered when the refs have moved and the events about them are written."""

    permission: ClassVar = {"post": WRITE}

    def post(self, request: HttpRequest, owner: str, repository: str) -> HttpResponseBase:
        row = repository_named(repository_name(owner, repository))
        folder, protocol = _folder(row), _protocol(request)
        limit = settings.GREENROOM_GIT_PUSH_LIMIT
        with spooled(request, limit=limit) as body:
            push = read_push(body)
            refused, strict = _judged(row, push, admin=self.subject.may(BYPASS))
            if refused:
                return _uncached(HttpResponse(refusal(push, refused), content_type=_RESULT))
            os.lseek(body.fileno(), 0, os.SEEK_SET)  # git reads the descriptor, past Python's buffer
            expect_change(row)
            try:
                report = _received(folder, body, protocol, strict=strict, limit=limit)
            finally:
                tell_changes(row, by=self.subject)
        return _uncached(HttpResponse(report, content_type=_RESULT))


def _judged(row: LocalRepository, push: Push, *, admin: bool) -> tuple[list[str], bool]:
    """Why a push is refused as a whole, and whether it may rewind nothing."""
    wanted = {command.branch: command for command in push.commands if command.branch is not None}
    rules = protected(row, list(wanted))
    words = []
    for branch, found in rules.items():
        if wanted[branch].deletes:
            words.append(deletion_refusal(row, branch))
        elif reason := push_refusal(row, branch, found, admin=admin):
            words.append(reason)
    # Only some branches must not be rewound, and git knows this rule for all refs or none.
    return words, bool(rules) or row.default_branch in wanted


def _uploaded(folder: Path, body: IO[bytes], protocol: dict[str, str]) -> Iterator[bytes]:
    # The body is closed here and not by the caller: the server runs this after the view has returned.
    with (
        body,
        streaming(
            "upload-pack",
            "--stateless-rpc",
            folder,
            stdin=body,
            timeout=FETCH_TIMEOUT,
            settings=_UPLOAD,
            variables=protocol,
        ) as output,
    ):
        while piece := output.read1(CHUNK):  # type: ignore[attr-defined]  # the pipe is buffered
            yield piece


def _received(folder: Path, body: IO[bytes], protocol: dict[str, str], *, strict: bool, limit: int) -> bytes:
    report = bytearray()
    rules = (
        ("receive.denyNonFastForwards", "true" if strict else "false"),
        ("receive.maxInputSize", str(limit)),
    )
    try:
        with streaming(
            "receive-pack",
            "--stateless-rpc",
            folder,
            stdin=body,
            timeout=PUSH_TIMEOUT.total_seconds(),
            settings=(*_RECEIVE, *rules),
            variables=protocol,
        ) as output:
            while piece := output.read1(CHUNK):  # type: ignore[attr-defined]  # the pipe is buffered
                report += piece[: REPORT_LIMIT - len(report)]
    except GitFailed:
        # With a report git has told its client what was wrong; without one we must.
        if not report:
            raise
    return bytes(report)


def _folder(row: LocalRepository) -> Path:
    return storage.bare(row.full_name).folder


def _protocol(request: HttpRequest) -> dict[str, str]:
    asked = request.headers.get("Git-Protocol", "")
    return {"GIT_PROTOCOL": asked} if _PROTOCOL.fullmatch(asked) else {}


def _packet(text: str) -> bytes:
    return f"{len(text) + 4:04x}{text}".encode()


def _uncached(response: HttpResponseBase) -> HttpResponseBase:
    response["Cache-Control"] = "no-cache, max-age=0, must-revalidate"
    return response
