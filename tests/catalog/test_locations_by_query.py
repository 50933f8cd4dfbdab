"""`POST /locations/by-query`: pages of registered locations by a predicate."""

import base64
import json
from typing import Any

import pytest

from catalog.actions import register
from catalog.models import Location
from core.api.subjects import System

TESTS = System("system:tests")


@pytest.fixture
def five(db: None) -> list[str]:
    """Five registered locations and a configured one; the ids of the five, in order."""
    Location.objects.create(
        type="file", target="/srv/x.yaml", entity_ref="location:default/x", origin="config"
    )
    places = [register("url", f"https://example.com/{number}/Info.yaml", by=TESTS) for number in range(5)]
    return sorted(str(place.pk) for place in places)


def ask(api: Any, **body: Any) -> Any:
    return api.post("/api/catalog/locations/by-query", body)


def test_pages_lead_through_all_of_them(api: Any, five: list[str]) -> None:
    seen, answer = [], ask(api, limit=2, query={"type": "url"}).json()
    while True:
        assert answer["totalItems"] == 5
        seen.append([item["id"] for item in answer["items"]])
        if "nextCursor" not in answer["pageInfo"]:
            break
        answer = ask(api, cursor=answer["pageInfo"]["nextCursor"]).json()
    assert [len(page) for page in seen] == [2, 2, 1]
    assert [one for page in seen for one in page] == five


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 5),
        ({"target": "HTTPS://example.com/3/info.yaml"}, 1),
        ({"target": {"$hasPrefix": "https://EXAMPLE.com/"}}, 5),
        ({"target": {"$hasPrefix": "https://example.com/_"}}, 0),
        ({"Target": {"$in": ["https://example.com/1/Info.yaml", "https://example.com/2/Info.yaml"]}}, 2),
        ({"type": {"$in": []}}, 0),
        ({"type": "file"}, 0),
        ({"entityRef": {"$exists": True}}, 5),
        ({"id": "nope"}, 0),
        ({"$not": {"target": "https://example.com/3/Info.yaml"}}, 4),
        ({"$not": {}}, 0),
        ({"$any": [{"target": "https://example.com/3/Info.yaml"}, {"type": "file"}]}, 1),
        ({"$all": []}, 5),
    ],
)
def test_a_query_finds(api: Any, five: list[str], query: Any, found: int) -> None:
    answer = ask(api, query=query)
    assert answer.status_code == 200, answer.content
    assert (len(answer.json()["items"]), answer.json()["totalItems"]) == (found, found)


def test_an_id_is_found_in_any_letter_case(api: Any, five: list[str]) -> None:
    assert [one["id"] for one in ask(api, query={"id": five[1].upper()}).json()["items"]] == [five[1]]


def cursor(document: Any) -> str:
    return base64.b64encode(json.dumps(document).encode()).decode()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"limit": 0}, "Limit must be a positive integer >= 1"),
        ({"limit": -1}, "Limit must be a positive integer >= 1"),
        ({"limit": "a"}, "request/body/limit must be integer"),
        ({"cursor": ""}, "Cursor cannot be empty"),
        ({"cursor": "zzz"}, "Malformed cursor, unknown encoding"),
        ({"cursor": cursor({"limit": 0, "afterId": "x"})}, "Malformed cursor"),
        ({"cursor": cursor({"limit": True, "afterId": "x"})}, "Malformed cursor"),
        ({"cursor": cursor({"limit": 1, "afterId": "x"})}, "Malformed cursor"),
        ({"cursor": cursor({"limit": 1, "afterId": 3})}, "Malformed cursor"),
        ({"cursor": cursor([])}, "Malformed cursor"),
        ({"query": "x"}, "request/body/query must be object"),
        ({"query": {"name": "x"}}, "expected key to be 'id', 'type', 'target', or 'entityRef', got 'name'"),
        ({"query": {"target": {"$contains": {}}}}, "is no list"),
    ],
)
def test_what_cannot_be_understood_is_refused(api: Any, five: list[str], body: Any, message: str) -> None:
    answer = ask(api, **body)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]
