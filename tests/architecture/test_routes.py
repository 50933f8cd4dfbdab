"""Every route asks who you are: it names its permission, or stands here with the reason why it needs none."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from core.api.views import METHODS
from identity.roles import ROLES

OPEN = {
    "": "redirects to the admin, which asks for a session",
    "healthz": "a supervisor asks before anybody can sign in; it tells nothing but that the process answers",
    "readyz": "as healthz; it tells no more than whether requests can be served",
    "catalog/<str:namespace>/<str:kind>/<str:name>": "redirects to the admin, whether there is such an entity or not",
    "api/v1/openapi.json": "the description of the API is the same everywhere and holds nothing of what is stored",
}
SIGNED = {
    "api/scm/webhooks/<str:host>": "a code host signs what it sends; nothing else opens it (tests/scm/test_webhooks.py)"
}
OPEN |= SIGNED
OWN_GUARD = {
    "admin/": "Django's admin lets only signed-in staff in, and asks for each model's own permission"
}


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, object]]:
    for entry in patterns:
        path = prefix + str(entry.pattern)
        if path in OWN_GUARD:
            continue
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, path)
        else:
            yield path, entry.callback


ROUTES = dict(routes(get_resolver().url_patterns))


def permissions(callback: object) -> dict[str, str]:
    view = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    named = getattr(view or callback, "permission", None)
    if named is None:
        return {}
    methods = [method for method in METHODS if hasattr(view, method)] if view else ["get"]
    return {method: named if isinstance(named, str) else named[method] for method in methods}


@pytest.mark.parametrize("path", sorted(ROUTES))
def test_a_route_names_its_permission(path: str) -> None:
    named = permissions(ROUTES[path])
    assert bool(named) != (path in OPEN), f"{path}: name a permission, or give the reason in OPEN"


def test_the_reasons_are_for_routes_that_exist() -> None:
    assert OPEN.keys() <= ROUTES.keys()


def test_a_developer_may_use_more_than_a_viewer_and_no_role_names_an_unknown_permission() -> None:
    known = {name for callback in ROUTES.values() for name in permissions(callback).values()}
    assert set(ROLES["viewer"]) < set(ROLES["developer"])
    unused = set(ROLES["developer"]) - known
    assert unused <= {
        "catalog.location.analyze",
        "scaffolder.action.execute",
        "scaffolder.template.step.read",
        "scm.repository.create",
    }, f"no route asks for {unused}"


@pytest.mark.django_db
@pytest.mark.parametrize("path", sorted(ROUTES.keys() - OPEN.keys()))
def test_a_stranger_gets_in_nowhere(path: str) -> None:
    concrete = "/" + _filled(path)
    client = Client(raise_request_exception=False)
    for method in permissions(ROUTES[path]):
        answer = client.generic(method.upper(), concrete, "{}", content_type="application/json")
        assert answer.status_code == 401, f"{method.upper()} {concrete} answered {answer.status_code}"


def _filled(path: str) -> str:

    path = re.sub(r"<uuid:\w+>", "00000000-0000-4000-8000-000000000000", path)
    path = re.sub(r"<int:\w+>", "1", path)
    return re.sub(r"<(?:\w+:)?\w+>", "x", path)
