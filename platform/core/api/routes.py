"""Which view answers an API path: Django's own routes in one flat table.

Django walks its tree of routes and notes every pattern that it tried, for an error page that the API does not have:
15 us for a path below two prefixes. A route without a parameter is one look into a dict here; the others are tried
in their order.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.urls import URLPattern, URLResolver
from django.urls.resolvers import RoutePattern

View = Callable[..., Any]


class Routes:
    """The routes below a prefix. They are what Django's patterns say, so that a path means the same on either way."""

    def __init__(self, patterns: Iterable[URLPattern | URLResolver], prefix: str) -> None:
        self._fixed: dict[str, View] = {}
        self._open: list[tuple[RoutePattern, View]] = []
        for route, view in _flat(patterns, ""):
            if not route.startswith(prefix):
                continue
            if "<" in route:
                self._open.append((RoutePattern(route, is_endpoint=True), view))
            else:
                self._fixed.setdefault(route, view)

    def find(self, path: str) -> tuple[View, dict[str, Any]] | None:
        """The view of a path (without its first slash) and what the path says to it; None for an unknown path."""
        view = self._fixed.get(path)
        if view is not None:
            return view, {}
        for route, view in self._open:
            found = route.match(path)
            if found is not None:
                return view, found[2]
        return None


def _flat(patterns: Iterable[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, View]]:
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _flat(entry.url_patterns, route)
        else:
            yield route, entry.callback
