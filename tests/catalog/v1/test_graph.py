"""`GET /api/v1/catalog/graph`: what it walks, where it stops, what it does not tell."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pytest_django import DjangoAssertNumQueries

from tests.catalog.documents import component, group
from tests.catalog.v1.conftest import described
from tests.conftest import Api

PATH = "/api/v1/catalog/graph"
SVG = "{http://www.w3.org/2000/svg}"


def graph(api: Api, **query: Any) -> dict[str, Any]:
    answer = api.get(PATH, query)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def edges(found: dict[str, Any]) -> set[str]:
    return {" ".join(_short(edge[key]) for key in ("source", "type", "target")) for edge in found["edges"]}


def refs(found: dict[str, Any]) -> dict[str, int]:
    return {_short(node["ref"]): node["depth"] for node in found["nodes"]}


def _short(ref: str) -> str:
    return ref.replace(":default/", ":")


def test_each_relation_is_one_edge_in_one_direction(shop: None, api: Api) -> None:
    found = graph(api, root="component:orders")
    assert edges(found) == {
        "component:orders dependsOn resource:db",
        "component:orders ownedBy group:team",
        "component:orders partOf system:shop",
        "component:orders providesApi api:orders-api",
    }
    root = found["nodes"][0]
    assert root == {
        "ref": "component:default/orders",
        "kind": "Component",
        "name": "orders",
        "title": None,
        "type": "service",
        "owner": "group:default/team",
        "lifecycle": "production",
        "depth": 0,
    }
    assert found["truncated"] is None
    members = graph(api, root="Group:Default/Team", relations="memberOf,childOf")
    assert edges(members) == {
        "user:ana memberOf group:team",
        "user:bo memberOf group:team",
        "group:team childOf group:dept",
    }


def test_a_fact_that_both_sides_state_is_one_edge(read: Callable[..., None], api: Api) -> None:
    read(
        component("a", dependsOn="['component:b']"),
        component("b", dependencyOf="['component:a']"),
    )
    assert edges(graph(api, root="component:a", relations="dependsOn")) == {
        "component:a dependsOn component:b"
    }


def test_a_relation_of_a_kind_of_ones_own_is_one_edge_too(
    gizmo: None, read: Callable[..., None], api: Api
) -> None:
    read(
        described("Gizmo", "a", feeds="b"),
        described("Gizmo", "b", fedBy="a"),
        described("Gizmo", "c", fedBy="b"),
    )
    assert edges(graph(api, root="gizmo:a", depth=3)) == {"gizmo:b fedBy gizmo:a", "gizmo:c fedBy gizmo:b"}
    assert refs(graph(api, root="gizmo:c", relations="feeds", direction="in", depth=3)) == {"gizmo:c": 0}


def test_a_walk_through_a_circle_ends_and_missing_targets_are_marked(shop: None, api: Api) -> None:
    found = graph(api, root="component:checkout", relations="dependsOn", depth=10)
    assert refs(found) == {
        "component:checkout": 0,
        "component:payments": 1,
        "component:report": 1,
        "resource:vanished": 2,
    }
    missing = [node for node in found["nodes"] if node.get("missing")]
    assert [(node["ref"], node["kind"], node["name"]) for node in missing] == [
        ("resource:default/vanished", "resource", "vanished")
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            {"direction": "out"},
            {"component:checkout": 0, "api:orders-api": 1, "component:payments": 1, "group:other": 1},
        ),
        ({"direction": "in"}, {"component:checkout": 0, "component:payments": 1, "component:report": 1}),
        ({"kinds": "Component"}, {"component:checkout": 0, "component:payments": 1, "component:report": 1}),
        ({"kinds": "group,api"}, {"component:checkout": 0, "api:orders-api": 1, "group:other": 1}),
        ({"relations": "ownedBy"}, {"component:checkout": 0, "group:other": 1}),
        ({"relations": "ownerOf"}, {"component:checkout": 0, "group:other": 1}),  # either name means the fact
        (
            {"relations": "dependencyOf", "direction": "in"},
            {"component:checkout": 0, "component:payments": 1, "component:report": 1},
        ),
        ({"depth": 0}, {"component:checkout": 0}),
    ],
)
def test_direction_relations_and_kinds_narrow_the_walk(
    shop: None, api: Api, query: dict[str, Any], expected: dict[str, int]
) -> None:
    assert refs(graph(api, root="component:checkout", **query)) == expected


def test_several_roots_are_one_graph(shop: None, api: Api) -> None:
    found = graph(api, root=["system:shop", "domain:sales"], relations="partOf", direction="out")
    assert edges(found) == {"system:shop partOf domain:sales"}
    assert refs(found) == {"system:shop": 0, "domain:sales": 0}


def test_a_root_that_is_not_there_shows_who_still_names_it(shop: None, api: Api) -> None:
    found = graph(api, root="resource:vanished")
    assert edges(found) == {"component:payments dependsOn resource:vanished"}
    assert found["nodes"][0]["missing"] is True
    assert graph(api, root="component:nobody-names-it")["edges"] == []


def test_what_may_not_be_seen_is_not_there_and_nothing_behind_it(
    shop: None, blind_to: Callable[..., Api]
) -> None:
    api = blind_to("checkout")
    found = graph(api, root="component:payments", relations="dependsOn", depth=5)
    assert refs(found) == {"component:payments": 0, "resource:vanished": 1}
    found = graph(api, root="component:checkout", depth=2)
    asked = [node for node in found["nodes"] if node["depth"] == 0]
    assert [node.get("missing") for node in asked] == [True]
    assert not any(edge["source"] == "component:default/checkout" for edge in found["edges"])


def test_a_large_walk_is_cut_and_says_so(read: Callable[..., None], api: Api) -> None:
    read(*[component(f"c{number:03}", owner="team") for number in range(60)], group("team"))
    found = graph(api, root="group:team", limit=20)
    assert len(found["nodes"]) == 20
    assert len(found["edges"]) == 19
    assert found["truncated"]["limit"] == "limit"
    assert found["truncated"]["most"] == 20
    assert "raise limit" in found["truncated"]["message"]
    assert found == graph(api, root="group:team", limit=20)
    assert graph(api, root="group:team", limit=61)["truncated"] is None


def test_a_level_is_one_query(
    shop: None, api: Api, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    api.get(PATH, {"root": "component:orders", "depth": 0})  # notes that the token was used
    for depth in (1, 2, 3):
        with django_assert_num_queries(depth + 2):  # the token's and that of the cards
            graph(api, root="component:orders", depth=depth)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "must have required property 'root'"),
        ({"root": "orders"}, "query parameter 'root': Entity reference \"orders\" had missing or empty kind"),
        ({"root": "component:a", "depth": 11}, "request/query/depth must be <= 10"),
        ({"root": "component:a", "direction": "up"}, "both, out, in"),
        ({"root": "component:a", "format": "svg", "limit": 301}, "must be <= 300 for a picture"),
        ({"root": ["component:a", "component:b"], "limit": 1}, "must be >= 2"),
        ({"root": "component:a\0"}, "NUL"),
    ],
)
def test_what_cannot_be_understood_is_named(api: Api, query: dict[str, Any], said: str) -> None:
    answer = api.get(PATH, query)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("query", "accept"), [({"format": "svg"}, "*/*"), ({}, "image/svg+xml"), ({"format": "svg"}, "text/html")]
)
def test_a_picture_is_one_that_can_do_nothing(
    shop: None, api: Api, query: dict[str, str], accept: str
) -> None:
    answer = api.get(PATH, {"root": "component:orders", **query}, Accept=accept)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert answer.headers["Vary"] == "Accept"
    tree = ET.fromstring(answer.content)  # noqa: S314 - our own picture
    assert {link.get("href") for link in tree.iter(f"{SVG}a")} >= {
        "/catalog/default/component/orders",
        "/catalog/default/resource/db",
    }
    assert not list(tree.iter(f"{SVG}script"))
    page = api.get("/catalog/default/component/orders")
    assert page.headers["Location"] == "/admin/catalog/entity/?q=component%3Adefault%2Forders"


def test_format_wins_over_accept(shop: None, api: Api) -> None:
    answer = api.get(PATH, {"root": "component:orders", "format": "json"}, Accept="image/svg+xml")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
