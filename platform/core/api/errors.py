"""Errors leave in the envelope of Backstage's contract (CATALOG.md section 1.1).

    {"error": {"name", "message", ...}, "request": {"method", "url"}, "response": {"statusCode"}}

`request.url` is relative to the plugin: without `/api/catalog`, with the query. What we did not expect leaves as
`An internal error occurred logId=<20 hex>`, and the log carries the trace under the same id.
"""

import logging
import re
import secrets
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import DataError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions as drf

from ..errors import (
    AuthenticationError,
    GreenroomError,
    InputError,
    NotAllowed,
    TooLarge,
    Unavailable,
    ValidationErrors,
)
from ..sql import AWAY
from .responses import empty, json_data

log = logging.getLogger(__name__)

_PLUGIN = re.compile(r"^/api/[^/]+")


def envelope(error: dict[str, Any], request: HttpRequest, status: int) -> HttpResponse:
    return json_data(
        {
            "error": error,
            "request": {"method": request.method, "url": _PLUGIN.sub("", request.get_full_path()) or "/"},
            "response": {"statusCode": status},
        },
        status,
    )


def answer(error: Exception, request: HttpRequest) -> HttpResponse:
    """The HTTP answer for any error that a view let through."""
    if isinstance(error, ValidationErrors):
        return json_data({"errors": error.errors}, error.status)
    if isinstance(error, Http404 | drf.MethodNotAllowed):
        return empty(404)  # the contract knows no 405: a path without that method is an unknown path
    if isinstance(error, OperationalError):
        log.warning("database away", extra={"error": str(error)})
        error = Unavailable(AWAY)
    if isinstance(
        error, SuspiciousOperation
    ):  # Django's own refusals: a foreign host name, too many parameters
        error = InputError(str(error))
    known = _translated(error)
    if known is not None:
        response = envelope(known.as_error(), request, known.status)
        if known.status == 503:
            response["Retry-After"] = "2"
        return response
    log_id = secrets.token_hex(10)
    log.error("unexpected error", exc_info=error, extra={"log_id": log_id})
    return envelope({"name": "Error", "message": f"An internal error occurred logId={log_id}"}, request, 500)


def _translated(error: Exception) -> GreenroomError | None:
    match error:
        case GreenroomError():
            return error
        case DataError():  # what no column can hold, such as a NUL character, wherever in the request it stood
            return InputError(
                "a value that was sent cannot be looked up: no text has NUL characters, no number 20 digits"
            )
        case drf.NotAuthenticated():
            return AuthenticationError("Missing credentials")
        case drf.AuthenticationFailed():
            return AuthenticationError("Illegal token")
        case drf.PermissionDenied():
            return NotAllowed(str(error.detail))
        case drf.UnsupportedMediaType():
            return InputError(f"unsupported media type {error.args[0] if error.args else ''}".strip())
        case drf.APIException() if error.status_code == 413:
            return TooLarge(str(error.detail))
        case drf.APIException() if error.status_code < 500:
            return InputError(str(error.detail))
    return None
