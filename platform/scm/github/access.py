"""Requests to one GitHub: who we are for which owner, pages to their end, and GitHub's refusals as our errors.

PyGithub signs, refreshes installation tokens and writes addresses; `scm.transport` carries the requests. A client of
PyGithub keeps the request it is about to send in itself, so that each thread has clients of its own.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import jwt
import orjson
import requests
from github import Auth, Github, GithubException, Requester
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass

from core.errors import ExternalError, NotFound
from scm.connections import Connection
from scm.errors import CredentialRefused
from scm.transport import furnish, said, session, use_proxy

PAGE = 100
INSTALLATIONS_KNOWN = 600.0
"""Seconds for which we believe to know in which organisations our App is installed."""
_MOST_PAGES = 10_000


class _Plain(HTTPRequestsConnectionClass):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        furnish(self.session)


class _Secure(HTTPSRequestsConnectionClass):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        furnish(self.session)


Requester.Requester.injectConnectionClasses(
    _Plain, _Secure
)  # the library's own way in, for the whole process


@dataclass(frozen=True, slots=True)
class Answer:
    """A status that is no error (2xx or 304), the headers by lower-case name, the JSON."""

    status: int
    headers: Mapping[str, str]
    data: Any


class Access:
    """The API of one GitHub."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._clients = threading.local()
        self._installations: tuple[float, dict[str, int]] = (0.0, {})
        if connection.proxy:
            use_proxy(urlsplit(connection.api).hostname or "", connection.proxy)

    def client(self, owner: str) -> Github:
        """A client that may do what we may do in that owner's repositories; for this thread only."""
        installation = self._installation(owner) if self.connection.app else 0
        return self._client(installation)

    def get(
        self,
        owner: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One GET of "/repos/…". NotFound, CredentialRefused, RateLimited, Unavailable, ExternalError."""
        return self._get(self.client(owner), path, parameters, headers)

    def pages(
        self, owner: str, path: str, parameters: Mapping[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page, to its end or an error."""
        yield from self._pages(self.client(owner), path, parameters)

    def graphql(self, owner: str, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a GraphQL answer without any error in it: a part of an answer is none."""
        client = self.client(owner)
        with self._refusals():
            _, answer = client.requester.graphql_query(query, variables)
        return dict(answer["data"])

    def archive(self, owner: str, path: str) -> bytes:
        """What a path of the API redirects to on a server of the same host, fetched without our credential."""
        client, signed = self.client(owner), {"User-Agent": "greenroom"}
        with self._refusals(), session(ca=self.connection.ca) as way:
            if client.requester.auth is not None:
                client.requester.auth.authentication(signed)
            answer = way.get(f"{self.connection.api}{path}", headers=signed, allow_redirects=False)
            if answer.is_redirect:
                target = urljoin(answer.url, answer.headers["Location"])
                self._check_same_host(target)
                answer = way.get(target, allow_redirects=False)
            if answer.status_code != 200:
                raise self._refusal(answer.status_code, answer.reason)
            return answer.content

    def _check_same_host(self, target: str) -> None:
        here, there = urlsplit(self.connection.url), urlsplit(target)
        ours = str(here.hostname)
        there_host = str(there.hostname)
        if there.scheme != here.scheme or not (there_host == ours or there_host.endswith(f".{ours}")):
            raise ExternalError(
                f"{self.connection.name} sends us to {there_host!r} for an archive; not followed"
            )

    def _get(
        self,
        client: Github,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        with self._refusals():
            status, found, text = client.requester.requestJson(
                "GET", path, parameters=dict(parameters or {}), headers=dict(headers or {})
            )
        if status == 304:
            return Answer(status, found, None)
        data = self._json(text)
        if not 200 <= status < 300:
            raise self._refusal(status, data)
        return Answer(status, found, data)

    def _pages(
        self, client: Github, path: str, parameters: Mapping[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        given = {**(parameters or {}), "per_page": PAGE}
        for page in range(1, _MOST_PAGES):
            answer = self._get(client, path, {**given, "page": page})
            items = answer.data["installations"] if isinstance(answer.data, dict) else answer.data
            yield from items
            if 'rel="next"' not in answer.headers.get("link", ""):
                return
        raise ExternalError(f"{self.connection.name}: {path} has more than {_MOST_PAGES} pages")

    def _client(self, installation: int) -> Github:
        known: dict[int, Github] = self._clients.__dict__.setdefault("known", {})
        if installation not in known:
            known[installation] = self._made(installation)
        return known[installation]

    def _made(self, installation: int) -> Github:
        auth: Auth.Auth | None = Auth.Token(self.connection.token) if self.connection.token else None
        if self.connection.app is not None:
            app = Auth.AppAuth(self.connection.app.id, self.connection.app.private_key)
            auth = app.get_installation_auth(installation) if installation else app
        return Github(
            auth=auth,
            base_url=self.connection.api,
            verify=self.connection.ca or True,
            retry=None,  # the transport repeats what is safe to repeat
            seconds_between_requests=0,
            per_page=PAGE,
            user_agent="greenroom",
        )

    def _installation(self, owner: str) -> int:
        """The installation of our App for an owner; CredentialRefused where it is not installed."""
        until, known = self._installations
        if time.monotonic() >= until or owner.lower() not in known:
            found = self._pages(self._client(0), "/app/installations")
            known = {str(one["account"]["login"]).lower(): int(one["id"]) for one in found}
            self._installations = (time.monotonic() + INSTALLATIONS_KNOWN, known)
        if owner.lower() not in known:
            where = ", ".join(sorted(known)) or "nowhere"
            raise CredentialRefused(
                f"our GitHub App is not installed for {owner!r} on {self.connection.name} (it is for: {where}); "
                "install it there"
            )
        return known[owner.lower()]

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """The library's exceptions as ours; it raises them by itself only while it gets an installation token."""
        name = self.connection.name
        try:
            yield
        except GithubException as error:
            raise self._refusal(error.status, error.data) from error
        except (jwt.PyJWTError, ValueError) as error:
            raise CredentialRefused(
                f"the private key of the App on {name} cannot be used: {error}"
            ) from error
        except (requests.RequestException, RuntimeError, AssertionError) as error:
            # redirects to other hosts and the like, which the library answers with what Python has at hand
            raise ExternalError(f"{name} answered what its client refuses: {str(error)[:300]}") from error

    def _refusal(self, status: int, data: Any) -> ExternalError | NotFound:
        name, message = self.connection.name, _message(data)
        if status in {404, 410, 451}:
            return NotFound(f"{name} has nothing there: {message}")
        if status == 401:
            return CredentialRefused(f"{name} does not accept our credential: {message}; renew it")
        if status == 403:
            return CredentialRefused(
                f"{name} does not let our credential do this: {message}; give it the right"
            )
        return said(name, status, message)

    def _json(self, text: Any) -> Any:
        try:
            return orjson.loads(text) if text else None
        except orjson.JSONDecodeError as error:
            raise ExternalError(f"{self.connection.name} answered something that is not JSON") from error


def _message(data: Any) -> str:
    if isinstance(data, dict) and data.get("errors") and "message" not in data:  # GraphQL's form
        return "; ".join(str(error.get("message")) for error in data["errors"])
    return str(data.get("message") if isinstance(data, dict) else data)
