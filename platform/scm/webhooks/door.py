"""`POST /api/scm/webhooks/<host>`: the signature is checked over the raw bytes, the delivery stored, 202.

No token opens this door: who knows a webhook secret of that host may write one row. Without such a secret there is no door.
"""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from core.api.errors import answer
from core.api.responses import json_data
from core.errors import AuthenticationError, GreenroomError, InputError, NotFound, TooLarge
from scm.connections import Connection
from scm.registry import connection
from scm.webhooks import inbox

LIMIT = 5 * 1024 * 1024
"""Bytes of a body. GitHub sends up to 25 MB, and what is over 5 is a push of thousands of commits: discovery finds it."""
_HEADER = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,98}")


@method_decorator(csrf_exempt, name="dispatch")  # a signature opens this door, no cookie
class WebhookDoor(View):
    """One delivery."""

    http_method_names = ["post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except GreenroomError as error:
            return answer(error, request)

    def post(self, request: HttpRequest, host: str) -> HttpResponse:
        known = _connection(host)
        form, body = inbox.FORMS[known.type], _body(request)
        if not form.is_signed(request.headers, body, known.webhook_secrets):
            raise AuthenticationError("the signature does not fit any webhook secret of this host")
        if request.content_type != "application/json":
            raise InputError("Content-Type must be application/json: choose it where the webhook is set up")
        event, delivery_id = (
            _header(name, value)
            for name, value in (
                ("event", form.event_of(request.headers)),
                ("id", form.id_of(request.headers)),
            )
        )
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise InputError("the body is not UTF-8") from error
        stored, new = inbox.receive(host=host, delivery_id=delivery_id, event=event, text=text)
        return json_data({"delivery": stored.pk, "new": new}, 202)


def _connection(name: str) -> Connection:
    found = connection(name)
    if found is None or not found.webhook_secrets:
        raise NotFound(f"no webhooks are taken from {name!r}: configure the host with a webhook secret")
    return found


def _body(request: HttpRequest) -> bytes:
    """The raw bytes, never more than the limit of them."""
    told = request.headers.get("Content-Length") or "0"
    if not told.isdecimal() or int(told) > LIMIT:
        raise TooLarge(f"the body has {told} bytes, {LIMIT} at the most")
    body = request.read(LIMIT + 1)
    if len(body) > LIMIT:
        raise TooLarge(f"the body has more than {LIMIT} bytes")
    return body


def _header(name: str, value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise InputError(
            f"the header with the delivery's {name} is missing, or has more than 99 printable characters"
        )
    return value
