"""A small catalog to search in."""

from collections.abc import Callable
from typing import Any

import pytest

from catalog.actions import register
from catalog.ingest.refresh import refresh
from catalog.models import Location
from core.api.subjects import System
from tests.catalog.conftest import FileServer

TESTS = System("system:tests")


@pytest.fixture
def catalog(db: None, web: FileServer) -> Callable[..., Location]:
    """Let a file of the catalog hold these documents, and be read: `catalog(a, b, file="x.yaml")`."""
    places: dict[str, Location] = {}

    def put(*documents: str, file: str = "catalog.yaml") -> Location:
        url = web.put(file, "---\n".join(documents))
        if file not in places:
            places[file] = register("url", url, by=TESTS)
        refresh(str(places[file].pk))
        return places[file]

    return put


@pytest.fixture
def search(api: Any) -> Callable[..., Any]:
    """The answer to a search: `search("orders", types="techdocs")`."""

    def ask(term: str | None = None, **query: Any) -> Any:
        given = {name: value for name, value in {"term": term, **query}.items() if value is not None}
        answer = api.get("/api/search/query", given)
        assert answer.status_code == 200, answer.content
        return answer.json()

    return ask


@pytest.fixture
def titles(search: Callable[..., Any]) -> Callable[..., list[str]]:
    """The titles that a search finds, best first."""

    def ask(term: str | None = None, **query: Any) -> list[str]:
        return [one["document"]["title"] for one in search(term, **query)["results"]]

    return ask


def thing(
    name: str,
    *,
    kind: str = "Component",
    title: str = "",
    description: str = "",
    owner: str = "team-a",
    tags: str = "[]",
    type_: str = "service",
    namespace: str = "default",
    lifecycle: str = "production",
) -> str:
    """A Component, a Resource … as YAML."""
    named = f"  title: {title!r}\n" if title else ""
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: {namespace}\n{named}"
        f"  description: {description!r}\n  tags: {tags}\n"
        f"spec:\n  type: {type_}\n  lifecycle: {lifecycle}\n  owner: {owner}\n"
    )
