"""The way in for `/api/`: from the web server straight to the view, past what only pages need.

Sessions, forgery tokens, messages and frames belong to pages that a browser shows; a bearer token needs none of
it. So API paths do not run through Django's handler and its middlewares but through this one: request, route, view,
answer. Who asks and what for is the view's own business (`core.api.views`), on either way; the same view behind
Django's handler answers the same, which tests hold against each other.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import structlog
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import get_resolver

from ..sql import give_back
from .compression import asks_for_gzip, compress
from .errors import answer
from .middleware import name_of
from .routes import Routes
from .views import unknown_path

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

PREFIX = "/api/"
ALWAYS = (("X-Content-Type-Options", "nosniff"), ("Vary", "Accept-Encoding"))
MOST_HOSTS = 100
"""Names under which we are asked that are remembered; a pattern in ALLOWED_HOSTS may allow any number."""


class Door:
    """A WSGI application: `/api/` goes the short way, everything else through Django's handler."""

    def __init__(self, django: Application) -> None:
        self._django = django
        self._routes = Routes(get_resolver().url_patterns, PREFIX.removeprefix("/"))
        self._hosts: set[str] = set()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(PREFIX):
            return self._django(environ, start_response)
        name = name_of(environ.get("HTTP_X_REQUEST_ID", ""))
        with structlog.contextvars.bound_contextvars(request_id=name):
            try:
                response = self._answer(WSGIRequest(environ))
            finally:
                give_back()
        return _sent(response, name, environ, start_response)

    def _answer(self, request: WSGIRequest) -> HttpResponseBase:
        try:
            self._check_host(request)
            found = self._routes.find(request.path_info[1:])
            if found is None:
                return unknown_path(request)
            view, said = found
            return cast(HttpResponseBase, view(request, **said))
        except Exception as error:  # noqa: BLE001  # the edge: each error leaves in the contract's form
            return answer(error, request)

    def _check_host(self, request: WSGIRequest) -> None:
        """Refuses host names that are not ours, as Django does; asked once for each that is."""
        host = request.META.get("HTTP_HOST", "")
        if host not in self._hosts:
            request.get_host()
            if len(self._hosts) < MOST_HOSTS:
                self._hosts.add(host)


def _sent(
    response: HttpResponseBase, name: str, environ: Environ, start_response: StartResponse
) -> Iterable[bytes]:
    if asks_for_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")):
        compress(response)
    headers = [*response.items(), ("X-Request-ID", name), *ALWAYS]
    whole = None if isinstance(response, StreamingHttpResponse) else cast(HttpResponse, response).content
    if whole is not None:
        headers.append(("Content-Length", str(len(whole))))
    start_response(f"{response.status_code} {response.reason_phrase}", headers)
    if environ["REQUEST_METHOD"] == "HEAD":
        response.close()
        return []
    if whole is None:
        return _Streamed(cast(StreamingHttpResponse, response))
    return [whole]  # a list: the web server sends it in one piece


class _Streamed:
    """A streamed body whose connection to the database goes back when it ends, well or not."""

    def __init__(self, response: StreamingHttpResponse) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response)

    def close(self) -> None:
        try:
            self._response.close()
        finally:
            give_back()
