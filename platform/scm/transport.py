"""The way to a code host's API over HTTP, the same for every client library that sits on `requests`.

Below the library and once per hop: a bounded time and size for each answer, the credential's budget, a repeat of what is
safe to repeat, and our errors instead of the library's for a host that is away or has had enough.
"""

import hashlib
import random
import time
from collections.abc import Iterator, Mapping
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from core.errors import ExternalError, TooLarge, Unavailable
from scm.budget import budget_of

CONNECT, READ = 5.0, 20.0
"""Seconds to a connection, and between two pieces of an answer."""
LONGEST = 120.0
LARGEST = 96 * 1024 * 1024
"""Bytes of an answer that goes to a file."""
HELD = 48 * 1024 * 1024
"""Bytes of an answer that is held in memory: the largest file that is read, as a host wraps it in JSON."""
_CHUNK = 64 * 1024
_SAFE = {"GET", "HEAD"}
_PASSING = {502, 503, 504}
_TRIES = 3
_FIRST_PAUSE = 0.5

_proxies: dict[str, str] = {}


class Transport(HTTPAdapter):
    """Sends a request, and comes back with a whole answer or with one of our errors.

    With `into` the body of a 200 is written to that file, and the answer comes back without it.
    """

    def __init__(self, into: IO[bytes] | None = None) -> None:
        super().__init__()
        self._into = into

    def send(
        self, request: requests.PreparedRequest, *_: Any, verify: Any = True, cert: Any = None, **__: Any
    ) -> requests.Response:
        host = urlsplit(str(request.url)).hostname or ""
        budget = budget_of(host, _digest(request.headers))
        tries = _TRIES if request.method in _SAFE else 1
        for left in reversed(range(tries)):
            budget.admit()
            try:
                answer = self._once(request, host, verify, cert)
            except requests.RequestException as error:
                if not left or isinstance(error, requests.exceptions.SSLError):
                    raise Unavailable(f"{host} does not answer ({type(error).__name__})") from error
                _pause(tries - left)
                continue
            refusal = budget.learn(
                answer.status_code, answer.headers, answer.text if _refused(answer) else ""
            )
            if refusal is not None:
                raise refusal
            if answer.status_code not in _PASSING:
                return answer
            if not left:
                raise Unavailable(
                    f"{host} answered {answer.status_code}; it may be over its limits or restarting"
                )
            _pause(tries - left)
        raise AssertionError("there is always a last try")

    def _once(
        self, request: requests.PreparedRequest, host: str, verify: Any, cert: Any
    ) -> requests.Response:
        proxy = _proxies.get(host)
        proxies = {"http": proxy, "https": proxy} if proxy else {}
        answer = super().send(
            request, stream=True, timeout=(CONNECT, READ), verify=verify, cert=cert, proxies=proxies
        )
        try:
            if self._into is not None and answer.status_code == 200:
                _write_whole(answer, host, self._into)
            else:
                _read_whole(answer, host)
        finally:
            answer.close()
        return answer


class Session(requests.Session):
    """A session that follows redirects to the same server only: `requests` keeps GitLab's token on any other."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        before, after = urlsplit(str(resp.url)), urlsplit(urljoin(str(resp.url), target))
        return target if (before.scheme, before.netloc) == (after.scheme, after.netloc) else None


def session(*, ca: str = "", into: IO[bytes] | None = None) -> Session:
    """A session that knows nothing of the environment: no proxy, no CA and no netrc from there.

    `into`: a file for the body of what is asked, when that may be large; the answer has none then.
    """
    made = Session()
    made.verify = ca or True
    furnish(made, into)
    return made


def furnish(given: requests.Session, into: IO[bytes] | None = None) -> None:
    """Let a library's own session go our way."""
    given.trust_env = False
    for scheme in ("https://", "http://"):
        given.mount(scheme, Transport(into))


def use_proxy(host: str, proxy: str) -> None:
    """Reach an API host through a proxy from now on."""
    _proxies[host] = proxy


def _read_whole(answer: requests.Response, host: str) -> None:
    # as requests itself does for a body that is not streamed
    answer._content = b"".join(_pieces(answer, host, HELD))
    answer._content_consumed = True  # type: ignore[attr-defined]


def _write_whole(answer: requests.Response, host: str, into: IO[bytes]) -> None:
    into.seek(0)
    into.truncate()  # what an earlier try left
    for piece in _pieces(answer, host, LARGEST):
        into.write(piece)
    answer._content = b""
    answer._content_consumed = True  # type: ignore[attr-defined]


def _pieces(answer: requests.Response, host: str, most: int) -> Iterator[bytes]:
    """The body as it comes, no larger and no longer than it may be."""
    deadline, size = time.monotonic() + LONGEST, 0
    for piece in answer.iter_content(_CHUNK):
        size += len(piece)
        if size > most:
            raise TooLarge(
                f"{host} sent more than {most // 1024 // 1024} MB in one answer: read a smaller part"
            )
        if time.monotonic() > deadline:
            raise Unavailable(f"{host} took more than {LONGEST:.0f} seconds for one answer")
        yield piece


def _refused(answer: requests.Response) -> bool:
    return answer.status_code in {403, 429}


def _digest(headers: Mapping[str, str | bytes]) -> str:
    given = headers.get("Authorization") or headers.get("PRIVATE-TOKEN") or ""
    return hashlib.sha256(given if isinstance(given, bytes) else given.encode()).hexdigest()


def _pause(times: int) -> None:
    time.sleep(_FIRST_PAUSE * 2 ** (times - 1) * random.uniform(0.5, 1.0))  # noqa: S311 - a spread


def said(host: str, status: int, message: object) -> ExternalError:
    """The error for an answer that nobody expected, with the host's own words, bounded."""
    return ExternalError(f"{host} answered {status}: {str(message)[:300]}")
