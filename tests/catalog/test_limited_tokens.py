"""A token that may see a part of the catalog sees nothing of the rest, on any route.

Each route that asks for a permission of the catalog stands in READS with calls to make, or in NOT_READS with the
reason why it shows no entity: a new route fails here until somebody has thought about it.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Entity, Location
from core.api.subjects import System
from core.errors import InputError
from identity.actions import create_token
from tests.architecture.test_routes import ROUTES, permissions
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, group, location, several
from tests.conftest import Api

TESTS = System("system:tests")
HIDDEN = "hidden-canary"
OWNED = {"rule": "IS_ENTITY_OWNER", "params": {"claims": ["group:default/mine"]}}
NAMED = f"component/default/{HIDDEN}"
REFS = {"entityRefs": [f"component:default/{HIDDEN}", "component:default/shown"]}
QUERY = {"query": {"metadata.name": {"$hasPrefix": "hidden"}}}

PREFIXES = ("api/catalog/", "api/v1/catalog/", "api/search/")
Call = tuple[str, str, Any, int]
"""Method, path below the route's own prefix, body, and the status that is expected."""

READS: dict[str, list[Call]] = {
    "api/catalog/entities": [
        ("get", "entities", None, 200),
        ("get", "entities?limit=100&order=asc:metadata.name", None, 200),
        ("get", f"entities?filter=metadata.name={HIDDEN}", None, 200),
    ],
    "api/catalog/entities/by-query": [
        ("get", "entities/by-query", None, 200),
        ("get", "entities/by-query?orderField=metadata.name,desc&limit=1", None, 200),
        ("get", "entities/by-query?fullTextFilterTerm=canary&fullTextFilterFields=metadata.name", None, 200),
        ("post", "entities/by-query", QUERY, 200),
        ("post", "entities/by-query", {"query": {"$not": {"kind": "x"}}}, 200),
    ],
    "api/catalog/entities/by-refs": [("post", "entities/by-refs", REFS, 200)],
    "api/catalog/entities/by-uid/<str:uid>": [("get", "entities/by-uid/{uid}", None, 404)],
    "api/catalog/entities/by-name/<str:kind>/<str:namespace>/<str:name>": [
        ("get", f"entities/by-name/{NAMED}", None, 404)
    ],
    "api/catalog/entities/by-name/<str:kind>/<str:namespace>/<str:name>/ancestry": [
        ("get", f"entities/by-name/{NAMED}/ancestry", None, 403),
        ("get", "entities/by-name/component/default/shown/ancestry", None, 200),
    ],
    "api/catalog/entity-facets": [
        ("get", "entity-facets?facet=metadata.name&facet=spec.owner&facet=relations.ownedBy", None, 200),
        ("post", "entity-facets", {"facets": ["metadata.name", "metadata.title"]}, 200),
    ],
    "api/catalog/entities/unprocessed/failed": [("get", "entities/unprocessed/failed", None, 200)],
    "api/catalog/entities/unprocessed/pending": [("get", "entities/unprocessed/pending", None, 200)],
    "api/catalog/locations/by-entity/<str:kind>/<str:namespace>/<str:name>": [
        ("get", f"locations/by-entity/{NAMED}", None, 404)
    ],
    "api/catalog/refresh": [("post", "refresh", {"entityRef": f"component:default/{HIDDEN}"}, 404)],
    "api/v1/catalog/entities": [
        ("get", "entities", None, 200),
        ("get", "entities?owned_by=group:default/theirs", None, 200),
        ("get", "entities?as_of=2100-01-01T00:00:00Z", None, 200),
    ],
    "api/v1/catalog/entities/<str:kind>/<str:namespace>/<str:name>": [
        ("get", f"entities/{NAMED}", None, 404),
        ("get", f"entities/{NAMED}?as_of=2100-01-01T00:00:00Z", None, 404),
    ],
    "api/v1/catalog/entities/<str:kind>/<str:namespace>/<str:name>/history": [
        ("get", f"entities/{NAMED}/history", None, 404)
    ],
    "api/v1/catalog/entities/<str:kind>/<str:namespace>/<str:name>/diff": [
        ("get", f"entities/{NAMED}/diff?from=2020-01-01T00:00:00Z", None, 404)
    ],
    "api/v1/catalog/entities/<str:kind>/<str:namespace>/<str:name>/owner-suggestion": [
        ("get", f"entities/{NAMED}/owner-suggestion", None, 404)
    ],
    "api/v1/catalog/graph": [
        ("get", "graph?root=group:default/theirs&depth=2", None, 200),
        ("get", "graph?root=component:default/base&depth=2", None, 200),
    ],
    "api/v1/catalog/impact": [("get", "impact?root=component:default/base", None, 200)],
    "api/v1/catalog/ownership/<str:kind>/<str:namespace>/<str:name>": [
        ("get", f"ownership/{NAMED}", None, 404)
    ],
    "api/v1/catalog/reports/ownership": [("get", "reports/ownership", None, 200)],
    "api/search/query": [("get", "query?term=canary", None, 200), ("get", "query?term=shown", None, 200)],
    "api/v1/catalog/changes": [("get", "changes?from=2020-01-01T00:00:00Z", None, 200)],
}
NOT_READS = {
    "api/v1/catalog/export": "holds everything, so that a limited token gets none of it; see transfer/test_transfer.py",
    "api/v1/catalog/import": "writes into an empty catalog, in which there is nothing to be seen",
    "api/catalog/locations": "where files lie is the permission catalog.location.read, which knows no conditions",
    "api/catalog/locations/by-query": "as locations",
    "api/catalog/locations/<str:location_id>": "as locations",
    "api/catalog/analyze-location": "reads files of a repository; test_analysis looks at limited tokens",
    "api/catalog/validate-entity": "judges a document that the caller sends",
    "api/catalog/entities/unprocessed/delete/<str:entity_id>": "writes; see the test of writes",
    "api/catalog/.well-known/backstage/permissions/metadata": "the same for everybody",
    "api/catalog/openapi.json": "the same for everybody",
}


def asks_the_catalog(path: str) -> bool:
    return any(name.startswith(("catalog.", "search.")) for name in permissions(ROUTES[path]).values())


def limited(conditions: dict[str, Any], name: str = "limited") -> Api:
    _, secret = create_token(name=name, role="admin", by=TESTS, conditions=conditions)
    return Api(secret)


@pytest.fixture
def filled(web: FileServer, work: Callable[[], None], api: Any) -> str:
    """Two teams; what is theirs has the canary in it, some of it broken since. The uid of one of theirs."""
    theirs = component(HIDDEN, owner="theirs", dependsOn="['component:base']").replace(
        f"name: {HIDDEN}", f"name: {HIDDEN}\n  title: {HIDDEN}"
    )
    late = component(f"{HIDDEN}-late", owner="theirs")
    broken = component(f"{HIDDEN}-broken", owner="[]")
    web.put("theirs.yaml", several(theirs, late, broken))
    url = web.put(
        "a.yaml",
        several(component("shown", owner="mine"), group("mine"), location(HIDDEN, "./theirs.yaml")),
    )
    api.post("/api/catalog/locations", {"type": "url", "target": url})
    work()
    web.put("theirs.yaml", several(theirs, late.replace("owner: theirs", "owner: []"), broken))
    work()
    assert Entity.objects.exclude(errors=[]).filter(name__contains="late").exists()
    return str(Entity.objects.by_ref(f"component:default/{HIDDEN}").uid)


def test_every_route_of_the_catalog_has_been_thought_about() -> None:
    routes = {path for path in ROUTES if asks_the_catalog(path)}
    assert routes - READS.keys() - NOT_READS.keys() == set()
    assert READS.keys() | NOT_READS.keys() <= routes


@pytest.mark.parametrize("route", sorted(READS))
def test_nothing_of_the_rest_is_seen(route: str, filled: str, api: Any) -> None:
    prefix = next(f"/{one}" for one in PREFIXES if route.startswith(one))
    mine = limited({"catalog.entity.read": OWNED})
    for method, path, body, status in READS[route]:
        asked = prefix + path.format(uid=filled)
        answer = mine.get(asked) if method == "get" else mine.post(asked, body)
        assert answer.status_code == status, (asked, answer.content)
        if status == 200:
            assert HIDDEN not in json.dumps(_shown(answer.json())), asked
        full = api.get(asked) if method == "get" else api.post(asked, body)
        assert full.status_code in {200, status}
        assert full.content != answer.content, f"{asked} shows the same to everybody: is it a test?"


def _shown(answer: Any) -> Any:
    """What an answer shows; a cursor beside it repeats what was asked."""
    return answer.get("items", answer) if isinstance(answer, dict) else answer


def test_totals_counts_and_places_are_those_of_what_is_seen(filled: str) -> None:
    mine = limited({"catalog.entity.read": OWNED})
    page = mine.get("/api/catalog/entities/by-query?limit=0").json()
    assert page == {"items": [], "totalItems": 1, "pageInfo": {}}
    assert mine.get("/api/catalog/entities/by-query?limit=1").json()["pageInfo"] == {}
    facets = mine.get("/api/catalog/entity-facets?facet=kind&facet=spec.owner").json()["facets"]
    assert facets == {
        "kind": [{"value": "Component", "count": 1}],
        "spec.owner": [{"value": "mine", "count": 1}],
    }
    refs = mine.post("/api/catalog/entities/by-refs", REFS).json()["items"]
    assert [one and one["metadata"]["name"] for one in refs] == [None, "shown"]
    chain = mine.get("/api/catalog/entities/by-name/component/default/shown/ancestry").json()["items"]
    assert [(one["entity"]["metadata"]["name"], one["parentEntityRefs"]) for one in chain] == [("shown", [])]
    assert mine.get("/api/v1/catalog/entities").json()["totalItems"] == 1


def test_a_cursor_of_somebody_who_sees_more_shows_no_more(filled: str, api: Any) -> None:
    query = "limit=1&orderField=metadata.name,asc"
    cursor = api.get(f"/api/catalog/entities/by-query?{query}").json()["pageInfo"]["nextCursor"]
    mine = limited({"catalog.entity.read": OWNED})
    for _ in range(3):
        answer = mine.get("/api/catalog/entities/by-query", {"cursor": cursor, "limit": 1}).json()
        assert HIDDEN not in json.dumps(answer["items"])
        cursor = answer["pageInfo"].get("nextCursor", cursor)


def test_writes_are_limited_by_conditions_of_their_own(filled: str) -> None:
    mine = limited({"catalog.entity.delete": OWNED, "catalog.entity.refresh": OWNED})
    shown = Entity.objects.get(name="shown")
    late = Entity.objects.get(name=f"{HIDDEN}-late")
    for uid in (filled, "00000000-0000-4000-8000-000000000000"):
        answer = mine.delete(f"/api/catalog/entities/by-uid/{uid}")
        assert (answer.status_code, answer.json()["error"]["name"]) == (403, "NotAllowedError")
    assert mine.delete(f"/api/catalog/entities/unprocessed/delete/{late.uid}").status_code == 403
    assert mine.post("/api/catalog/refresh", {"entityRef": f"component:default/{HIDDEN}"}).status_code == 403
    assert mine.post("/api/catalog/refresh", {"entityRef": "component:default/Shown"}).status_code == 200
    assert mine.delete(f"/api/catalog/entities/by-uid/{shown.uid}").status_code == 204
    assert Entity.objects.filter(name__startswith=HIDDEN, kind="Component").count() == 2
    unseen = limited({"catalog.entity.read": OWNED}, "unseen")
    assert unseen.delete(f"/api/catalog/entities/unprocessed/delete/{late.uid}").status_code == 204
    entry = next(iter(Location.objects.exclude(errors=[])))
    assert unseen.delete(f"/api/catalog/entities/unprocessed/delete/{entry.pk}").status_code == 204
    assert Entity.objects.filter(pk=late.uid).exists()


@pytest.mark.parametrize(
    ("criteria", "names"),
    [
        (OWNED, {"shown"}),
        ({"not": OWNED}, {HIDDEN, f"{HIDDEN}-late", "mine", "location"}),
        (
            {"rule": "IS_ENTITY_KIND", "params": {"kinds": ["group", "LOCATION"]}},
            {"mine", HIDDEN, "location"},
        ),
        ({"rule": "HAS_METADATA", "params": {"key": "title"}}, {HIDDEN}),
        ({"rule": "HAS_SPEC", "params": {"key": "owner", "value": "MINE"}}, {"shown"}),
        ({"rule": "HAS_SPEC", "resourceType": "catalog-entity", "params": {"key": "members"}}, set()),
        ({"rule": "HAS_LABEL", "params": {"label": "tier"}}, set()),
        (
            {"rule": "HAS_ANNOTATION", "params": {"annotation": "backstage.io/view-url"}},
            {"shown", HIDDEN, f"{HIDDEN}-late", "mine", "location"},
        ),
        (
            {"allOf": [{"rule": "IS_ENTITY_KIND", "params": {"kinds": ["component"]}}, {"not": OWNED}]},
            {HIDDEN, f"{HIDDEN}-late"},
        ),
        ({"anyOf": [OWNED, {"rule": "IS_ENTITY_KIND", "params": {"kinds": ["group"]}}]}, {"shown", "mine"}),
    ],
)
def test_a_rule_lets_through(filled: str, criteria: Any, names: set[str]) -> None:
    listed = (
        limited({"catalog.entity.read": criteria}).get("/api/catalog/entities?fields=metadata.name").json()
    )
    found = {one["metadata"]["name"] for one in listed}
    assert {"location" if name.startswith("generated-") else name for name in found} == names


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"catalog.entity.create": OWNED}, "'catalog.entity.create' takes no condition"),
        ({"catalog.entity.read": []}, "criteria must be an object with rule and params"),
        ({"catalog.entity.read": {"allOf": []}}, "a list that is not empty"),
        (
            {"catalog.entity.read": {"anyOf": [OWNED, {"rule": "IS_NICE"}]}},
            "criteria.anyOf[1].rule is 'IS_NICE'",
        ),
        (
            {"catalog.entity.read": {"rule": "HAS_LABEL", "params": {"lable": "x"}}},
            "required property 'label'",
        ),
        (
            {"catalog.entity.read": {"rule": "IS_ENTITY_KIND", "params": {"kinds": "a"}}},
            "/kinds must be array",
        ),
        ({"catalog.entity.read": {**OWNED, "resourceType": "run"}}, "resourceType is 'run'"),
        ({"catalog.entity.read": {**OWNED, "also": 1}}, "criteria must be an object"),
        ({"catalog.entity.read": {"anyOf": [OWNED] * 300}}, "more than 200 rules"),
    ],
)
def test_conditions_that_cannot_be_understood_are_refused(db: None, conditions: Any, message: str) -> None:
    with pytest.raises(InputError) as refused:
        create_token(name="x", role="admin", by=TESTS, conditions=conditions)
    assert message in refused.value.message


def test_a_condition_needs_its_permission(db: None) -> None:
    with pytest.raises(InputError, match="the token does not have that permission"):
        create_token(name="x", role="viewer", by=TESTS, conditions={"catalog.entity.delete": OWNED})


def test_criteria_nested_too_deep_are_refused(db: None) -> None:
    criteria: Any = OWNED
    for _ in range(20):
        criteria = {"not": criteria}
    with pytest.raises(InputError, match="nested deeper than 10 levels"):
        create_token(name="x", role="admin", by=TESTS, conditions={"catalog.entity.read": criteria})
