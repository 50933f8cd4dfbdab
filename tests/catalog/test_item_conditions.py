"""`$contains` with an object: some item of a list fulfils a predicate over its own fields."""

import json
from typing import Any

import pytest

from catalog.actions import ingest_now, register
from core.api.subjects import System
from tests.catalog.conftest import FileServer

ENTITIES = {
    "a": {
        "links": [{"url": "https://a/docs", "type": "docs"}, {"url": "ftp://a/files", "type": "files"}],
        "spec": {"ports": [{"name": "http", "number": 80, "open": True}, {"name": "db", "number": 5432}]},
    },
    "b": {
        "links": [{"url": "https://b/files", "type": "Docs"}],
        "spec": {"ports": [{"name": "http", "number": 8080}], "deep": {"list": [{"of": [{"x": "Ä"}]}]}},
    },
    "c": {"links": [{"url": "https://c/"}], "spec": {"ports": {"name": "http"}, "deep": {"list": ["x", 1]}}},
}


@pytest.fixture
def three(db: None, web: FileServer) -> None:
    documents = []
    for name, one in ENTITIES.items():
        spec = {"type": "service", "lifecycle": "production", "owner": "team", **one["spec"]}
        metadata = {"name": name, "links": one["links"]}
        head = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component"}
        documents.append(json.dumps({**head, "metadata": metadata, "spec": spec}))
    ingest_now(register("url", web.put("a.yaml", "\n---\n".join(documents)), by=System("system:tests")))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"metadata.links": {"$contains": {"type": "docs"}}}, "ab"),
        ({"metadata.links": {"$contains": {"type": "docs", "url": {"$hasPrefix": "https://A"}}}}, "a"),
        # both values are there, but not in one item
        ({"metadata.links": {"$contains": {"type": "docs", "url": "ftp://a/files"}}}, ""),
        ({"Metadata.LINKS": {"$contains": {"TYPE": "files"}}}, "a"),
        ({"metadata.links": {"$contains": {"type": {"$exists": False}}}}, "c"),
        ({"metadata.links": {"$contains": {"$not": {"type": "docs"}}}}, "ac"),
        ({"metadata.links": {"$contains": {"$any": [{"type": "files"}, {"url": "https://c/"}]}}}, "ac"),
        ({"spec.ports": {"$contains": {"name": "http", "number": {"$in": [80, 81]}}}}, "a"),
        ({"spec.ports": {"$contains": {"number": 5432, "open": {"$exists": True}}}}, ""),
        ({"spec.ports": {"$contains": {"open": True}}}, "a"),
        ({"spec.ports": {"$contains": {"name": "http"}}}, "ab"),
        ({"spec.ports": {"$contains": {}}}, "ab"),
        ({"spec.deep.list": {"$contains": {"of": {"$contains": {"x": "ä"}}}}}, "b"),
        ({"spec.deep.list": {"$contains": "X"}}, "c"),
        (
            {
                "$not": {"spec.ports": {"$contains": {"name": "db"}}},
            },
            "bc",
        ),
        ({"spec.nothing": {"$contains": {"a": {"$exists": False}}}}, ""),
        ({"metadata.links": {"$contains": {"ty'pe %s": "x"}}}, ""),
    ],
)
def test_an_item_fulfils_all_of_it(api: Any, three: None, query: Any, names: str) -> None:
    body = {"query": {"$all": [{"kind": "component"}, query]}, "fields": ["metadata.name"]}
    answer = api.post("/api/catalog/entities/by-query", body)
    assert answer.status_code == 200, answer.content
    assert sorted(one["metadata"]["name"] for one in answer.json()["items"]) == list(names)
    facets = api.post("/api/catalog/entity-facets", {"facets": ["metadata.name"], "query": body["query"]})
    assert [one["value"] for one in facets.json()["facets"]["metadata.name"]] == list(names)
    refs = [f"component:default/{name}" for name in "abc"]
    found = api.post("/api/catalog/entities/by-refs", {"entityRefs": refs, "query": query}).json()["items"]
    assert [one["metadata"]["name"] for one in found if one] == list(names)
