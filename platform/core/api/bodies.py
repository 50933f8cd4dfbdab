"""Request bodies: JSON objects of bounded size, refused with the contract's own texts."""

from collections.abc import Iterable
from typing import Any

import orjson
from django.http import HttpRequest

from ..errors import InputError, TooLarge

LIMIT = 10 * 1024 * 1024
DEEPEST = 200
"""Levels of nesting; what comes after us goes down by recursion."""


def read_json(request: HttpRequest, *, required: Iterable[str] = (), limit: int = LIMIT) -> dict[str, Any]:
    """The body as an object that has the required members."""
    kind = request.content_type or ""
    if kind != "application/json":
        raise InputError(f"unsupported media type {kind}".strip())
    try:
        size = int(request.headers.get("Content-Length") or 0)
    except ValueError as error:
        raise InputError("Content-Length must be a number") from error
    if size > limit:
        raise TooLarge(f"the request body has {size} bytes, {limit} at the most")
    raw = request.read(limit + 1)
    if len(raw) > limit:
        raise TooLarge(f"the request body has more than {limit} bytes")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InputError(f"request/body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise InputError("request/body must be object")
    for name in required:
        if name not in body:
            raise InputError(f"request/body must have required property '{name}'")
    if raw.count(b"[") + raw.count(b"{") > DEEPEST:
        _check_depth(body)
    if b"\\u0000" in raw:
        raise InputError("request/body holds a NUL character, which no value may have")
    return body


def _check_depth(body: Any) -> None:
    """InputError for what is nested too deeply, found without recursion."""
    level, depth = [body], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise InputError(f"request/body is nested more than {DEEPEST} levels deep: make it flatter")
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
