"""`GET /api/v1/catalog/impact`: who breaks if this goes, and whom to tell."""

from collections.abc import Callable
from typing import Any

from pytest_django import DjangoAssertNumQueries

from tests.catalog.v1.conftest import described
from tests.conftest import Api

PATH = "/api/v1/catalog/impact"


def impact(api: Api, **query: Any) -> dict[str, Any]:
    answer = api.get(PATH, query)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def depths(found: dict[str, Any]) -> dict[str, int]:
    return {item["ref"].replace(":default/", ":"): item["depth"] for item in found["items"]}


def test_breaking_spreads_to_dependents_apis_and_their_consumers(shop: None, api: Api) -> None:
    found = impact(api, root="resource:db")
    assert depths(found) == {
        "component:orders": 1,
        "api:orders-api": 2,
        "component:checkout": 3,
        "component:payments": 4,
        "component:report": 4,
    }
    assert [item["name"] for item in found["items"]] == [
        "orders",
        "orders-api",
        "checkout",
        "payments",
        "report",
    ]
    assert found["total"] == 5
    assert found["truncated"] is None
    way = next(item["path"] for item in found["items"] if item["ref"] == "component:default/report")
    assert [(step["source"], step["type"], step["target"]) for step in way] == [
        ("component:default/orders", "dependsOn", "resource:default/db"),
        ("component:default/orders", "providesApi", "api:default/orders-api"),
        ("component:default/checkout", "consumesApi", "api:default/orders-api"),
        ("component:default/report", "dependsOn", "component:default/checkout"),
    ]


def test_owners_are_told_with_counts(shop: None, api: Api) -> None:
    owners = [
        (one["owner"]["ref"], one["owner"].get("missing", False), one["count"], one["nearest"])
        for one in impact(api, root="resource:db")["owners"]
    ]
    assert owners == [
        ("group:default/other", False, 2, 3),
        ("group:default/team", False, 2, 1),
        ("group:default/ghosts", True, 1, 4),
    ]


def test_a_system_takes_its_parts_along_and_a_part_not_its_system(shop: None, api: Api) -> None:
    assert {"system:shop": 1, "component:orders": 2, "resource:db": 2}.items() <= depths(
        impact(api, root="domain:sales")
    ).items()
    assert depths(impact(api, root="component:report")) == {}
    assert depths(impact(api, root="group:team")) == {}


def test_what_names_no_owner_is_told_with_that_of_its_system(
    gizmo: None, read: Callable[..., None], api: Api
) -> None:
    read(
        described("Domain", "sales", owner="dept"),
        described("System", "shop", owner="team", domain="sales"),
        described("Gizmo", "part", system="shop"),
        described("Gizmo", "lone"),
    )
    found = impact(api, root="domain:sales")
    owners = {item["name"]: (item["owner"], item["inherited"]) for item in found["items"]}
    assert owners == {"shop": ("group:default/team", False), "part": ("group:default/team", True)}
    assert [(one["owner"]["ref"], one["count"]) for one in found["owners"]] == [("group:default/team", 2)]


def test_what_may_not_be_seen_breaks_unseen(shop: None, blind_to: Callable[..., Api]) -> None:
    assert depths(impact(blind_to("checkout"), root="resource:db")) == {
        "component:orders": 1,
        "api:orders-api": 2,
    }


def test_bounds_say_which_and_the_way_out(shop: None, api: Api) -> None:
    cut = impact(api, root="resource:db", limit=3)
    assert (cut["total"], cut["truncated"]["limit"], cut["truncated"]["most"]) == (2, "limit", 3)
    near = impact(api, root="resource:db", depth=2)
    assert near["truncated"] == {
        "limit": "depth",
        "most": 2,
        "message": "There may be more beyond 2 steps: raise depth.",
    }


def test_a_level_is_one_query(
    shop: None, api: Api, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    api.get(PATH, {"root": "resource:db", "depth": 1})  # notes that the token was used
    with django_assert_num_queries(1 + 3 + 2):  # the token, three levels, the cards of all and of the owners
        impact(api, root="resource:db", depth=3)
