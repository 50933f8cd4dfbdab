"""The REST API as the commands see it: one address, one token, errors as sentences."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import quote, urlsplit

import requests

from config.env import DEFAULT_PORT
from core.errors import (
    AuthenticationError,
    Conflict,
    ExternalError,
    GreenroomError,
    InputError,
    NotAllowed,
    NotFound,
    NotImplementedHere,
    TooLarge,
    Unavailable,
)

TIMEOUT = (5.0, 60.0)  # seconds to connect, and between two answers: an event stream says something every 15
LONG = (5.0, 3600.0)  # for one answer that comes when a whole file has been worked on
ERRORS: Mapping[int, type[GreenroomError]] = {
    400: InputError,
    401: AuthenticationError,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    501: NotImplementedHere,
    503: Unavailable,
}
REFERENCE = re.compile(r"((?P<kind>[^:/]+):)?((?P<namespace>[^:/]+)/)?(?P<name>[^:/]+)")


@dataclass(frozen=True)
class Event:
    """One server-sent event: its name and its document."""

    name: str
    data: Any


class Client:
    """Talks to one Greenroom with one token."""

    def __init__(self, url: str, token: str | None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InputError(
                f"GREENROOM_URL={url!r}: expected an address such as http://127.0.0.1:{DEFAULT_PORT}"
            )
        self.url = url.rstrip("/")
        self.has_token = bool(token)
        self._session = requests.Session()
        self._session.trust_env = False  # no password of .netrc and no proxy between us and this machine
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: Any) -> Any:
        """The document at that path, below `/api/`."""
        return _document(self._asked("GET", path, params=query))

    def post(self, path: str, body: Any, **query: Any) -> Any:
        """Send a document; answer what comes back, or None when nothing does."""
        answer = self._asked("POST", path, params=query, json=body)
        return _document(answer) if answer.content else None

    def events(self, path: str, **query: Any) -> Iterator[Event]:
        """The events of a stream as they come (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
        with self._asked("GET", path, params=query, stream=True) as answer:
            name, lines = "message", list[str]()
            try:
                for raw in answer.iter_lines(chunk_size=1):
                    field, _, value = raw.decode().partition(":")
                    value = value.removeprefix(" ")
                    if not raw and lines:
                        yield Event(name, json.loads("\n".join(lines)))
                        name, lines = "message", []
                    elif field == "event":
                        name = value
                    elif field == "data":
                        lines.append(value)
            except requests.RequestException as error:
                raise Unavailable(f"the stream from {self.url} broke off: {error}") from error

    def download(self, path: str, **query: Any) -> Iterator[bytes]:
        """The bytes at that path as they come. Raises Unavailable when they break off."""
        with self._asked("GET", path, params=query, stream=True) as answer:
            try:
                yield from answer.iter_content(chunk_size=1 << 16)
            except requests.RequestException as error:
                raise Unavailable(f"the stream from {self.url} broke off: {error}") from error

    def upload(self, path: str, content: IO[bytes], media: str) -> Any:
        """Send a file as it is read; answer what comes back, however long that takes."""
        headers = {"Content-Type": media}
        return _document(self._asked("POST", path, data=content, headers=headers, timeout=LONG))

    def _asked(self, method: str, path: str, **how: Any) -> requests.Response:
        url = f"{self.url}/api/{path}"
        try:
            how = {"timeout": TIMEOUT, **how}
            answer = self._session.request(method, url, allow_redirects=False, **how)
        except requests.Timeout as error:
            raise Unavailable(
                f"Greenroom at {self.url} did not answer in time; it may be busy: try again"
            ) from error
        except requests.ConnectionError as error:
            raise Unavailable(
                f"no Greenroom answers at {self.url}: start one with `greenroom up`, "
                "or name another in GREENROOM_URL"
            ) from error
        if answer.status_code >= 300:
            raise self._error(answer)
        return answer

    def _error(self, answer: requests.Response) -> GreenroomError:
        status = answer.status_code
        if status == 401:
            return AuthenticationError(
                f"{self.url} does not know this token: it may be revoked, or expired, or another Greenroom's"
                if self.has_token
                else "GREENROOM_TOKEN is not set: "
                "export GREENROOM_TOKEN=$(greenroom token create NAME --role developer)"
            )
        try:
            return ERRORS.get(status, ExternalError)(_message(answer.json()))
        except (ValueError, KeyError, TypeError):
            return ExternalError(
                f"{answer.url} answered {status} in no form of ours: is GREENROOM_URL right?"
            )


def client_from_environment() -> Client:
    """GREENROOM_URL (or this machine at GREENROOM_PORT) with GREENROOM_TOKEN."""
    port = os.environ.get("GREENROOM_PORT") or DEFAULT_PORT
    return Client(
        os.environ.get("GREENROOM_URL") or f"http://127.0.0.1:{port}",
        os.environ.get("GREENROOM_TOKEN") or None,
    )


def entity_path(ref: str, *, kind: str | None = None) -> str:
    """`component:default/payments` → `component/default/payments`, as paths have it. Raises InputError."""
    found = REFERENCE.fullmatch(ref)
    kind = (found and found["kind"]) or kind
    if not found or not kind:
        raise InputError(
            f"entity {ref!r}: expected kind:namespace/name or kind:name, such as component:payments"
        )
    return "/".join(
        quote(part.lower(), safe="") for part in (kind, found["namespace"] or "default", found["name"])
    )


def ref_of(entity: Mapping[str, Any]) -> str:
    """An entity's reference, from its document."""
    metadata = entity["metadata"]
    return f"{entity['kind']}:{metadata.get('namespace', 'default')}/{metadata['name']}".lower()


def _document(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise _not_ours(answer) from error


def _not_ours(answer: requests.Response) -> ExternalError:
    return ExternalError(
        f"{answer.url} answered {answer.status_code} in no form of ours: is GREENROOM_URL right?"
    )


def _message(document: Any) -> str:
    """The sentence in the error envelope, or in a list of faults."""
    if "errors" in document:
        return "; ".join(_fault(error) for error in document["errors"])
    return str(document["error"]["message"])


def _fault(error: Mapping[str, Any]) -> str:
    place = str(error.get("property") or error.get("path") or "")
    text = str(error.get("message") or error)
    return text if not place or place in text else f"{place.removeprefix('instance.')}: {text}"
