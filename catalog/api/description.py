"""`GET /openapi.json`: this API described by its own routes, in our own words."""

from functools import cache
from typing import Any

import orjson
from django.http import HttpResponse
from django.urls import get_resolver

from catalog.api import described
from catalog.permissions import READ
from core.api.openapi import described_routes, openapi_document
from core.api.responses import json_text
from core.api.views import ApiView

PREFIX = "api/catalog/"
_ABOUT = """The catalog: what exists in the company, who owns it, and how it hangs together.

Paths, parameters and answers are those of Backstage's catalog, so that its clients work here. Every route needs a
bearer token with the permission in `x-permission`. An unknown path, and a method that a path has not, is a 404
without a body; an unknown query parameter is refused.
"""


class DescriptionView(ApiView):
    permission = READ
    described = described.DESCRIPTION

    def get(self, _request: Any) -> HttpResponse:
        return json_text(description())


@cache
def description() -> bytes:
    """The OpenAPI document as JSON. TypeError when a route is not described, or not as it is."""
    routes = described_routes(get_resolver().url_patterns, PREFIX)
    document = openapi_document(routes, title="catalog", version="1", description=_ABOUT, base=PREFIX)
    return orjson.dumps(document)
