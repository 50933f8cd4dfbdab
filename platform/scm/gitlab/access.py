"""Requests to one GitLab: pages to their end, and GitLab's refusals as our errors. python-gitlab over `scm.transport`."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import gitlab
import requests
from gitlab.exceptions import GitlabError, GitlabHttpError

from core.errors import ExternalError, NotFound
from scm.connections import Connection
from scm.errors import CredentialRefused
from scm.transport import said, session, use_proxy

PAGE = 100


class Access:
    """The API of one GitLab; one client a thread, since a session of `requests` is not made to be shared."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._clients = threading.local()
        if connection.proxy:
            use_proxy(urlsplit(connection.api).hostname or "", connection.proxy)

    @property
    def client(self) -> gitlab.Gitlab:
        found: gitlab.Gitlab | None = getattr(self._clients, "client", None)
        if found is None:
            found = self._clients.client = gitlab.Gitlab(
                self.connection.api,
                private_token=self.connection.token or None,
                ssl_verify=self.connection.ca or True,
                keep_base_url=True,
                per_page=PAGE,
                user_agent="greenroom",
                session=session(),
            )
        return found

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """The JSON of one GET of "/projects/…"."""
        with self._refusals():
            found = self.client.http_get(path, query_data=parameters, obey_rate_limit=False)
        if not isinstance(found, dict):
            raise ExternalError(f"{self.connection.name} answered something that is not a JSON object")
        return found

    def content(self, path: str, **parameters: Any) -> tuple[bytes, Mapping[str, str]]:
        """The bytes of one GET, and the answer's headers."""
        with self._refusals():
            found = self.client.http_get(path, query_data=parameters, raw=True, obey_rate_limit=False)
        if not isinstance(found, requests.Response):
            raise ExternalError(f"{self.connection.name} answered JSON where a file was asked for")
        return found.content, found.headers

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

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        name = self.connection.name
        try:
            yield
        except GitlabHttpError as error:
            raise self._refusal(error.response_code or 0, error.error_message) from error
        except GitlabError as error:
            raise self._refusal(error.response_code or 0, error.error_message) from error
        except requests.RequestException as error:
            raise ExternalError(f"{name} answered what its client refuses: {type(error).__name__}") from error

    def _refusal(self, status: int, message: object) -> ExternalError | NotFound:
        name = self.connection.name
        if status in {404, 410}:
            return NotFound(f"{name} has nothing there: {message}")
        if status == 401:
            return CredentialRefused(f"{name} does not accept our token: {message}; renew it")
        if status == 403:
            return CredentialRefused(f"{name} does not let our token do this: {message}; give it the right")
        return said(name, status, message)
