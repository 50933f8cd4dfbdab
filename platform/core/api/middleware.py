"""Each request gets an id, taken from a well-formed X-Request-ID or made here, for logs, audit and the answer."""

import re
import secrets
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")


def name_of(given: str) -> str:
    """The id of a request whose caller gave this one ("": none)."""
    return given if _WELL_FORMED.fullmatch(given) else secrets.token_hex(12)


class RequestId:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = name_of(request.META.get("HTTP_X_REQUEST_ID", ""))
        with structlog.contextvars.bound_contextvars(request_id=name):
            response = self._get_response(request)
        response["X-Request-ID"] = name
        return response
