"""`GET /api/v1/openapi.json`: our own routes, described by themselves."""

from functools import cache

import orjson
from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver

from core.api.openapi import described_routes, openapi_document
from core.api.responses import json_text

PREFIX = "api/v1/"
_ABOUT = """What Greenroom has beside Backstage's own API, which lies unchanged at `/api/catalog` and `/api/scaffolder`.

Every route needs a bearer token (`greenroom token create`) with the permission in `x-permission`. References are
`kind:namespace/name`, letter case aside; the namespace may be left out. Errors have one form, and their message
names what is wrong and the way out.
"""


def openapi(_request: HttpRequest) -> HttpResponse:
    """The document. It is the same for everybody and tells nothing of what is stored."""
    return json_text(_document())


@cache
def _document() -> bytes:
    routes = described_routes(get_resolver().url_patterns, PREFIX)
    return orjson.dumps(openapi_document(routes, title="Greenroom", version="1", description=_ABOUT))
