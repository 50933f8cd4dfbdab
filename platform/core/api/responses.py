"""Answers: ready JSON text passed through, data encoded once, empty bodies, event streams."""

from collections.abc import Iterable

import orjson
from django.http import HttpResponse, StreamingHttpResponse

JSON = "application/json; charset=utf-8"


def json_text(text: str | bytes, status: int = 200) -> HttpResponse:
    """JSON that PostgreSQL has already made; it is not looked at."""
    content = text.encode() if isinstance(text, str) else text
    return HttpResponse(content, status=status, content_type=JSON)


def json_data(data: object, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(data, default=str), status=status, content_type=JSON)


def empty(status: int = 200) -> HttpResponse:
    """No body, and no word about its type: so answers the contract for 204s, refreshes and unknown paths."""
    response = HttpResponse(b"", status=status)
    del response["Content-Type"]
    return response


def event_stream(events: Iterable[bytes]) -> StreamingHttpResponse:
    """Server-sent events; nothing on the way may buffer or cache them."""
    return StreamingHttpResponse(
        events,
        content_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )
