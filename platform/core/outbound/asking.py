"""One request and its answer: redirects looked at hop by hop, time and bytes bounded, every fault a sentence."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import IncompleteRead, responses

import requests
import urllib3

from ..errors import AddressRefused, ExternalError, GreenroomError, TooLarge, Unavailable
from .allowed import Allowed
from .session import CONNECT, SILENCE, Session, finished_by, session
from .target import Target

SECONDS = 30.0
REDIRECTS = 5
LONGEST_REFUSAL = 64 * 1024
"""Bytes kept of an answer that says no."""
_CHUNK = 64 * 1024
_FOLLOWED = {301, 302, 303, 307, 308}
_SAFE = {"GET", "HEAD"}
_HARMLESS = {"accept", "accept-language", "if-none-match", "if-modified-since", "user-agent"}
"""Headers that go along when a redirect leads to another host: any other one may be somebody's secret."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `content` is whole for a 2xx; of any other answer it is the beginning."""

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def reason(self) -> str:
        """The status in words."""
        return responses.get(self.status, "")


def ask(
    method: str,
    url: str,
    *,
    allowed: Allowed,
    limit: int,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    seconds: float = SECONDS,
) -> Answer:
    """Send one request; follow up to five redirects of a GET or HEAD, each checked like the first address.

    AddressRefused when a hop leads where we may not go, TooLarge past `limit` bytes, Unavailable when nobody answers
    within `seconds`, ExternalError for an answer that is none, InputError for an address that is none.
    """
    with finished_by(time.monotonic() + seconds):
        target, sent = Target.parse(url), dict(headers or {})
        for _ in range(REDIRECTS + 1):
            answer, location = _once(method, target, allowed, limit, sent, body, seconds)
            if location is None:
                return answer
            further = Target.parse(target.joined(location))
            if further.origin != target.origin:
                sent = {name: value for name, value in sent.items() if name.lower() in _HARMLESS}
            target = further
    raise ExternalError(f"could not read {url}, more than {REDIRECTS} redirects")


def _once(
    method: str,
    target: Target,
    allowed: Allowed,
    limit: int,
    headers: Mapping[str, str],
    body: bytes | None,
    seconds: float,
) -> tuple[Answer, str | None]:
    """An answer, and where it sends us instead, if it does."""
    try:
        allowed.check(target.host, target.port)
        with _sessions(allowed).request(
            method,
            target.url,
            headers=headers,
            data=body,
            stream=True,
            allow_redirects=False,
            timeout=(CONNECT, SILENCE),
        ) as answer:
            if answer.status_code in _FOLLOWED and method in _SAFE and "Location" in answer.headers:
                return Answer(target.url, answer.status_code, {}, b""), answer.headers["Location"]
            content = _content(target.url, answer, limit) if method != "HEAD" else b""
            return Answer(target.url, answer.status_code, answer.headers, content), None
    except AddressRefused as refused:
        raise AddressRefused(refused.reason, target.url, inner=refused.inner) from refused
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise _understood(error, target.url, seconds) from error


def _content(url: str, answer: requests.Response, limit: int) -> bytes:
    good = 200 <= answer.status_code < 300
    encoding = answer.headers.get("Content-Encoding", "identity").lower()
    if good and encoding not in {"", "identity"}:
        raise ExternalError(
            f"could not read {url}, it came packed as {encoding[:40]!r}, which nobody asked for"
        )
    announced = answer.headers.get("Content-Length", "")
    if good and announced.isdigit() and int(announced[:20]) > limit:
        raise too_large(url, limit)
    most = limit if good else min(limit, LONGEST_REFUSAL)
    chunks, size = [], 0
    while chunk := answer.raw.read(_CHUNK, decode_content=False):
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            if good:
                raise too_large(url, limit)
            break
    return b"".join(chunks)[:most]


def too_large(url: str, limit: int) -> TooLarge:
    """Why something was not read to its end."""
    return TooLarge(f"could not read {url}, it has more than {limit // 1024 // 1024} MB: split the file")


def _understood(error: Exception, url: str, seconds: float) -> GreenroomError:
    """A library's error in our words."""
    for inner in _chain(error):
        if isinstance(inner, GreenroomError):
            return inner
        if isinstance(inner, IncompleteRead | urllib3.exceptions.IncompleteRead):
            return Unavailable(f"could not read {url}, its answer broke off in the middle")
        if isinstance(inner, TimeoutError | urllib3.exceptions.TimeoutError):
            return Unavailable(f"could not read {url} within {seconds:.0f} seconds, its server is too slow")
    if isinstance(error, requests.exceptions.SSLError):
        return Unavailable(f"could not read {url}, its certificate is not trusted")
    return Unavailable(f"could not read {url}, {type(error).__name__}: is the server up?")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it wraps; urllib3 hands some of that on as an argument only."""
    found: BaseException | None = error
    while found is not None:
        yield found
        inner = [one for one in found.args if isinstance(one, BaseException)]
        found = found.__cause__ or (inner[-1] if inner else found.__context__)


@lru_cache(maxsize=16)
def _sessions(allowed: Allowed) -> Session:
    """One session for each list, kept: its connections are used again."""
    return session(allowed)
