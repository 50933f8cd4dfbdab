"""Requests to one GitHub: who we are for which owner, pages to their end, changes that are asked for once.

PyGithub signs, refreshes installation tokens and writes addresses; `scm.transport` carries the requests. A client of
PyGithub keeps the request it is about to send in itself, so that each thread has clients of its own.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import jwt
import orjson
import requests
from github import Auth, Github, GithubException, Requester
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass

from core.errors import ExternalError, GreenroomError
from scm.connections import Connection
from scm.errors import CredentialRefused
from scm.git import Credential
from scm.github.refusals import OURS, refusal
from scm.transport import furnish, session, use_proxy

PAGE = 100
INSTALLATIONS_KNOWN = 600.0
"""Seconds for which we believe to know in which organisations our App is installed."""
_MOST_PAGES = 10_000
logging.getLogger("github.Requester").setLevel(logging.INFO)  # below it, it writes the bodies that we send


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
    """The API of one GitHub. `whose` is what errors call the credential."""

    def __init__(self, connection: Connection, whose: str = OURS) -> None:
        self.connection = connection
        self.whose = whose
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
        return self._ask(self.client(owner), "GET", path, parameters, headers)

    def post(self, owner: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Make something, asked for once: who gets no answer looks before asking again.

        As `get`, and Unacceptable for a 422, Conflict for a 409.
        """
        return self._ask(self.client(owner), "POST", path, body=body)

    def put(self, owner: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Have something as `body` says. Errors as `post`."""
        return self._ask(self.client(owner), "PUT", path, body=body)

    def patch(self, owner: str, path: str, body: Mapping[str, Any]) -> Answer:
        """Change something in part. Errors as `post`."""
        return self._ask(self.client(owner), "PATCH", path, body=body)

    def delete(self, owner: str, path: str) -> Answer:
        """Take something away; NotFound when it is not there. Errors as `post`."""
        return self._ask(self.client(owner), "DELETE", path)

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

    def git_credential(self, owner: str) -> Credential:
        """What `git push` shows to this host for that owner's repositories."""
        auth = self.client(owner).requester.auth
        if auth is None:
            raise CredentialRefused(
                f"{self.connection.name} has no token and no App configured, so that nothing can be pushed there; "
                "configure one, or give the step a token"
            )
        with self._refusals():  # an installation's token is fetched or renewed here
            return Credential(self.connection.url, "x-access-token", auth.token)

    def archive(self, owner: str, path: str, into: IO[bytes]) -> None:
        """Write to a file what a path of the API redirects to on a server of the same host, fetched without our
        credential.
        """
        client, signed = self.client(owner), {"User-Agent": "greenroom"}
        with self._refusals(), session(ca=self.connection.ca, into=into) as way:
            if client.requester.auth is not None:
                client.requester.auth.authentication(signed)
            answer = way.get(f"{self.connection.api}{path}", headers=signed, allow_redirects=False)
            if answer.is_redirect:
                target = urljoin(answer.url, answer.headers["Location"])
                self._check_same_host(target)
                answer = way.get(target, allow_redirects=False)
            if answer.status_code != 200:
                raise self._refusal(answer.status_code, answer.reason)

    def _check_same_host(self, target: str) -> None:
        here, there = urlsplit(self.connection.url), urlsplit(target)
        ours = str(here.hostname)
        there_host = str(there.hostname)
        if there.scheme != here.scheme or not (there_host == ours or there_host.endswith(f".{ours}")):
            raise ExternalError(
                f"{self.connection.name} sends us to {there_host!r} for an archive; not followed"
            )

    def _ask(
        self,
        client: Github,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        with self._refusals():
            status, found, text = client.requester.requestJson(
                method,
                path,
                parameters=dict(parameters or {}),
                headers=dict(headers or {}),
                input=None if body is None else dict(body),
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
            answer = self._ask(client, "GET", path, {**given, "page": page})
            yield from _items(answer.data)
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
            seconds_between_writes=0,  # a run writes a dozen times; who writes too fast is told to wait, and does
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

    def _refusal(self, status: int, data: Any) -> GreenroomError:
        return refusal(self.connection.name, self.whose, status, data)

    def _json(self, text: Any) -> Any:
        try:
            return orjson.loads(text) if text else None
        except orjson.JSONDecodeError as error:
            raise ExternalError(f"{self.connection.name} answered something that is not JSON") from error


def _items(data: Any) -> list[dict[str, Any]]:
    """The items of a page: some lists are wrapped, such as {"total_count": 1, "installations": [...]}."""
    if isinstance(data, dict):
        return next((found for found in data.values() if isinstance(found, list)), [])
    return list(data or ())
