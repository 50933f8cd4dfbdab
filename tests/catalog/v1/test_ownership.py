"""Whose an entity is and why; what is wrong with owners. Both tell the same story as `owned_by`."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from catalog.actions import ingest_now
from catalog.models import Location
from catalog.ownership import owned_by
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, group, several, user
from tests.catalog.v1.conftest import SHOP, described
from tests.conftest import Api

REPORT = "/api/v1/catalog/reports/ownership"


def owners(api: Api, ref: str) -> dict[str, tuple[str, str]]:
    """Each owner with the reason and the way, in short."""
    return {
        _short(one["ref"]): (
            one["why"],
            " > ".join(f"{step['type']} {_short(step['target'])}" for step in one["path"]),
        )
        for one in ownership(api, ref)["owners"]
    }


def ownership(api: Api, ref: str) -> dict[str, Any]:
    kind, _, name = ref.partition(":")
    answer = api.get(f"/api/v1/catalog/ownership/{kind}/default/{name}")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def report(api: Api, **query: Any) -> dict[str, Any]:
    answer = api.get(REPORT, query)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def found(api: Api, **query: Any) -> set[tuple[str, str]]:
    return {(item["finding"], _short(item["ref"])) for item in report(api, **query)["items"]}


def _short(ref: str) -> str:
    return ref.replace(":default/", ":")


def test_owners_come_with_the_way_that_leads_to_them(shop: None, api: Api) -> None:
    assert owners(api, "component:orders") == {
        "group:team": ("declared", "ownedBy group:team"),
        "group:dept": ("above", "ownedBy group:team > childOf group:dept"),
        "group:company": ("above", "ownedBy group:team > childOf group:dept > childOf group:company"),
        "user:ana": ("member", "ownedBy group:team > memberOf group:team"),
        "user:bo": ("member", "ownedBy group:team > memberOf group:team"),
    }
    assert ownership(api, "component:orders")["owned"] == "declared"


def test_members_of_groups_below_the_owner_own_too(shop: None, api: Api) -> None:
    assert owners(api, "domain:sales")["user:ana"] == (
        "member",
        "ownedBy group:dept > childOf group:dept > memberOf group:team",
    )
    assert "group:team" not in owners(api, "domain:sales")


def test_an_owner_that_is_not_there_is_marked(shop: None, api: Api) -> None:
    found = ownership(api, "component:report")
    assert [(one["ref"], one["missing"]) for one in found["owners"]] == [("group:default/ghosts", True)]


GIZMOS = [
    *[
        described("Gizmo", "part", system="shop"),
        described("Gizmo", "lone"),
        described("Gizmo", "lost", system="gone"),
    ],
    described("Gizmo", "own", owner="other", system="shop"),
]


def test_what_names_no_owner_inherits_that_of_its_system(
    gizmo: None, read: Callable[..., None], api: Api
) -> None:
    read(*SHOP, *GIZMOS)
    assert ownership(api, "gizmo:part")["owned"] == "inherited"
    assert owners(api, "gizmo:part")["group:team"] == ("inherited", "partOf system:shop > ownedBy group:team")
    assert owners(api, "gizmo:part")["group:dept"][0] == "above"
    assert "group:dept" not in owners(api, "gizmo:own")
    assert ownership(api, "gizmo:lone") == {
        **ownership(api, "gizmo:lone"),
        "owned": "none",
        "owners": [],
    }
    page = api.get("/api/v1/catalog/entities", {"owned_by": "user:default/ana", "kind": "gizmo"}).json()
    assert [one["metadata"]["name"] for one in page["items"]] == ["part"]
    assert found(api, finding="no-owner") == {("no-owner", "gizmo:lone"), ("no-owner", "gizmo:lost")}


def test_who_owns_and_what_is_owned_tell_the_same(gizmo: None, read: Callable[..., None], api: Api) -> None:
    read(*SHOP, *GIZMOS)
    everybody = [
        "group:company",
        "group:dept",
        "group:team",
        "group:other",
        "user:ana",
        "user:bo",
        "group:ghosts",
    ]
    owned = {
        who: {_short(ref) for ref in owned_by(_long(who)).values_list("ref", flat=True)} for who in everybody
    }
    for ref in (
        "component:orders",
        "component:checkout",
        "domain:sales",
        "gizmo:part",
        "gizmo:lone",
        "component:report",
    ):
        assert set(owners(api, ref)) == {who for who in everybody if ref in owned[who]}, ref


def _long(ref: str) -> str:
    return ref.replace(":", ":default/")


def test_an_owner_that_may_not_be_seen_is_not_told_and_nothing_is_made_up(
    shop: None, blind_to: Callable[..., Api]
) -> None:
    assert ownership(blind_to("team"), "component:orders")["owners"] == []
    api = blind_to("orders")
    assert api.get("/api/v1/catalog/ownership/component/default/orders").status_code == 404
    assert api.get("/api/v1/catalog/ownership/component/default/nobody").status_code == 404


PLANTED = [
    *[group("company"), group("full", parent="company"), user("ana", "[full]")],
    *[group("hollow", parent="company"), group("hollow-too", parent="hollow")],
    group("haunted", members="[ana, zoe]"),
    *[component("good", "full"), component("nested", "company"), component("mine", "user:ana")],
    *[component("of-ghosts", "ghosts"), component("of-hollow", "hollow"), component("of-user", "user:gone")],
]


def test_the_report_finds_exactly_what_is_wrong(read: Callable[..., None], api: Api) -> None:
    read(*PLANTED)
    assert found(api) == {
        ("owner-missing", "component:of-ghosts"),
        ("owner-missing", "component:of-user"),
        ("owner-empty", "component:of-hollow"),
        ("group-empty", "group:hollow"),
        ("group-empty", "group:hollow-too"),
        ("member-gone", "group:haunted"),
    }
    told = {item["ref"]: item for item in report(api)["items"]}
    assert told["component:default/of-hollow"]["owner"] == "group:default/hollow"
    assert told["group:default/hollow"]["owns"] == 1
    assert told["group:default/hollow-too"]["owns"] == 0
    assert told["group:default/haunted"]["members"] == ["user:default/zoe"]
    assert report(api)["counts"] == {
        "no-owner": 0,
        "owner-missing": 2,
        "owner-departed": 0,
        "owner-empty": 1,
        "group-empty": 2,
        "member-gone": 1,
    }


def test_owners_and_members_that_left_their_source_are_found(
    db: None, read: Callable[..., None], web: FileServer, api: Api
) -> None:
    read(*PLANTED)
    left = [one for one in PLANTED if "name: ana" not in one and "name: full" not in one]
    web.put("catalog.yaml", several(*left))
    ingest_now(Location.objects.get())
    assert {("owner-departed", "component:good"), ("owner-departed", "component:mine")} <= found(api)
    assert ("owner-empty", "component:nested") in found(api)
    assert ("group-empty", "group:company") in found(api)
    assert ownership(api, "component:mine")["owners"][0]["orphaned"] is True


def test_the_report_comes_in_pages_and_by_finding(read: Callable[..., None], api: Api) -> None:
    read(*[component(f"c{number}", "ghosts") for number in range(7)], group("hollow"))
    query: dict[str, Any] = {"finding": ["owner-missing", "no-owner"], "limit": 3}
    seen = []
    while True:
        page = report(api, **query)
        seen += [item["ref"] for item in page["items"]]
        assert page["totalItems"] == 7
        if "nextCursor" not in page["pageInfo"]:
            break
        query["cursor"] = page["pageInfo"]["nextCursor"]
    assert seen == [f"component:default/c{number}" for number in range(7)]
    answer = api.get(REPORT, {"finding": "lazy"})
    assert answer.status_code == 400
    assert "'lazy', and must be one of no-owner" in answer.json()["error"]["message"]


def test_the_report_tells_only_what_may_be_seen(
    read: Callable[..., None], blind_to: Callable[..., Api]
) -> None:
    read(*PLANTED)
    assert found(blind_to("of-ghosts", "hollow")) == {
        ("owner-missing", "component:of-user"),
        ("owner-empty", "component:of-hollow"),
        ("group-empty", "group:hollow-too"),
        ("member-gone", "group:haunted"),
    }


@pytest.mark.parametrize(
    ("path", "most"), [(REPORT, 2), ("/api/v1/catalog/ownership/component/default/c0", 9)]
)
def test_the_number_of_queries_is_steady(
    read: Callable[..., None],
    api: Api,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    path: str,
    most: int,
) -> None:
    read(
        *[component(f"c{number}", f"t{number % 9}") for number in range(40)],
        *[group(f"t{n}") for n in range(9)],
    )
    api.get(path)
    with django_assert_max_num_queries(most):
        assert api.get(path).status_code == 200
