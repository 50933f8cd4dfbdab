"""Requests to one GitLab: pages to their end, changes that are asked for once. python-gitlab over `scm.transport`."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import urlsplit

import gitlab
import requests
from gitlab.exceptions import GitlabError

from core.errors import ExternalError
from scm.connections import Connection
from scm.errors import CredentialRefused
from scm.git import Credential
from scm.gitlab.refusals import OURS, refusal
from scm.transport import Session, session, use_proxy

PAGE = 100


class Access:
    """The API of one GitLab; one client a thread, since a session of `requests` is not made to be shared.

    `whose` is what errors call the token.
    """

    def __init__(self, connection: Connection, whose: str = OURS) -> None:
        self.connection = connection
        self.whose = whose
        self._clients = threading.local()
        if connection.proxy:
            use_proxy(urlsplit(connection.api).hostname or "", connection.proxy)

    @property
    def client(self) -> gitlab.Gitlab:
        found: gitlab.Gitlab | None = getattr(self._clients, "client", None)
        if found is None:
            found = self._clients.client = self._made(session())
        return found

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """The JSON of one GET of "/projects/…". NotFound, CredentialRefused, RateLimited, Unavailable, ExternalError."""
        with self._refusals():
            found = self.client.http_get(path, query_data=parameters, obey_rate_limit=False)
        return self._object(found)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make something, asked for once: who gets no answer looks before asking again.

        As `get`, and Unacceptable for a 400 or 422, Conflict for a 409.
        """
        with self._refusals():
            found = self.client.http_post(path, post_data=dict(body or {}), obey_rate_limit=False)
        return self._object(found)

    def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Have something as `body` says. Errors as `post`."""
        with self._refusals():
            found = self.client.http_put(path, post_data=dict(body), obey_rate_limit=False)
        return self._object(found)

    def delete(self, path: str, **parameters: Any) -> None:
        """Take something away; NotFound when it is not there. Errors as `post`."""
        with self._refusals():
            self.client.http_delete(path, query_data=parameters, obey_rate_limit=False)

    def content(self, path: str, **parameters: Any) -> tuple[bytes, Mapping[str, str]]:
        """The bytes of one GET, and the answer's headers."""
        with self._refusals():
            found = self.client.http_get(path, query_data=parameters, raw=True, obey_rate_limit=False)
        if not isinstance(found, requests.Response):
            raise ExternalError(f"{self.connection.name} answered JSON where a file was asked for")
        return found.content, found.headers

    def archive(self, path: str, into: IO[bytes], **parameters: Any) -> None:
        """Write the body of one GET to a file."""
        with self._refusals(), session(into=into) as way:
            self._made(way).http_get(path, query_data=parameters, raw=True, obey_rate_limit=False)

    def headers(self, path: str, **parameters: Any) -> Mapping[str, str]:
        """The headers alone."""
        with self._refusals():
            return self.client.http_head(path, query_data=parameters, obey_rate_limit=False)

    def pages(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page, to its end or an error."""
        with self._refusals():
            listed = self.client.http_list(path, query_data=parameters, iterator=True, obey_rate_limit=False)
            for item in listed:
                yield dict(item)

    def git_credential(self) -> Credential:
        """What `git push` shows to this host: any kind of access token is the password of any name."""
        if not self.connection.token:
            raise CredentialRefused(
                f"{self.connection.name} has no token configured, so that nothing can be pushed there; "
                "configure one, or give the step a token"
            )
        return Credential(self.connection.url, "oauth2", self.connection.token)

    def _made(self, way: Session) -> gitlab.Gitlab:
        return gitlab.Gitlab(
            self.connection.api,
            private_token=self.connection.token or None,
            ssl_verify=self.connection.ca or True,
            keep_base_url=True,
            per_page=PAGE,
            user_agent="greenroom",
            session=way,
        )

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        name = self.connection.name
        try:
            yield
        except GitlabError as error:
            raise refusal(name, self.whose, error.response_code or 0, error.error_message) from error
        except requests.RequestException as error:
            raise ExternalError(f"{name} answered what its client refuses: {type(error).__name__}") from error

    def _object(self, found: Any) -> dict[str, Any]:
        if not isinstance(found, dict):
            raise ExternalError(f"{self.connection.name} answered something that is not a JSON object")
        return found
