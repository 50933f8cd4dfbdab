"""Details of the contract that the recorded conversation does not have (CATALOG.md 9 to 12, QUIRKS.md)."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from catalog.models import Location
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component

Work = Callable[[], None]
NAMED = {"apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "x"}}


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("entities/by-query", {"cursor": ""}, "Cursor cannot be empty"),
        ("entity-facets", {"facets": []}, "Missing or empty facets parameter"),
        ("entity-facets", {"facets": [""]}, "Missing or empty facets parameter"),
        ("entity-facets", {"facets": ["kind"] * 101}, "must NOT have more than 100 items"),
        (
            "locations",
            {"type": "url", "target": "x", "presence": "maybe"},
            "request/body/presence must be equal",
        ),
    ],
)
def test_bodies_that_are_refused(api: Any, path: str, body: Any, message: str) -> None:
    answer = api.post(f"/api/catalog/{path}", body)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


@pytest.mark.parametrize("word", ["true", "TRUE", "yes", "y", "1", "on"])
def test_a_dry_run_is_asked_for_by_any_word_for_yes(api: Any, web: FileServer, word: str) -> None:
    target = web.put("a.yaml", component("a"))
    answer = api.post(f"/api/catalog/locations?dryRun={word}", {"type": "url", "target": target})
    assert [one["kind"] for one in answer.json()["entities"]] == ["Location", "Component"]
    assert not Location.objects.exists()


@pytest.mark.parametrize(
    ("entity", "location", "name", "message"),
    [
        (NAMED, "file:/etc/passwd", "TypeError", "only 'url:<target>' is supported"),
        (NAMED, "https://a/b", "TypeError", "please prefix it with 'url:'"),
        ({"kind": "Component"}, "nonsense", "TypeError", "must have required property 'apiVersion'"),
    ],
)
def test_a_document_is_tried_for_url_locations_only(
    api: Any, entity: Any, location: str, name: str, message: str
) -> None:
    answer = api.post("/api/catalog/validate-entity", {"entity": entity, "location": location})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["name"] == name
    assert message in error["message"]


def test_a_read_only_catalog_takes_no_locations(
    api: Any, web: FileServer, work: Work, settings: Settings
) -> None:
    target = web.put("a.yaml", component("a"))
    made = api.post("/api/catalog/locations", {"type": "url", "target": target}).json()["location"]
    work()
    settings.GREENROOM_CATALOG_READONLY = True
    one = f"/api/catalog/locations/{made['id']}"
    for answer in (
        api.post("/api/catalog/locations", {"type": "url", "target": web.url("b.yaml")}),
        api.put(one, {"type": "url", "target": web.url("b.yaml")}),
        api.delete(one),
    ):
        assert answer.status_code == 403
        error = {"name": "NotAllowedError", "message": "This operation not allowed in readonly mode"}
        assert answer.json()["error"] == error
    tried = api.post("/api/catalog/locations?dryRun=true", {"type": "url", "target": target})
    assert tried.status_code == 201
    assert api.get("/api/catalog/entities/by-name/component/default/a").status_code == 200


@pytest.mark.parametrize(
    ("default", "query", "status"),
    [
        ("reject", "", 409),
        ("refresh", "", 201),
        ("refresh", "?onConflict=reject", 409),
        ("reject", "?onConflict=refresh", 201),
    ],
)
def test_what_registering_twice_does_is_a_setting(
    api: Any, web: FileServer, settings: Settings, default: str, query: str, status: int
) -> None:
    settings.GREENROOM_CATALOG_LOCATION_CONFLICT = default
    body = {"type": "url", "target": web.url("a.yaml")}
    made = api.post("/api/catalog/locations", body).json()["location"]
    answer = api.post(f"/api/catalog/locations{query}", body)
    assert answer.status_code == status
    if status == 201:
        assert answer.json() == {"location": made, "entities": []}
