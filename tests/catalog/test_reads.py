"""Reading the catalog: pages in both directions, ownership, the cost in queries, the admin."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from catalog.actions import ingest_now, register
from catalog.models import Entity, Location
from catalog.ownership import effective_owners, owned_by
from core.api.subjects import System
from identity.models import Person
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, group, several, user

TESTS = System("system:tests")


@pytest.fixture
def forty(db: None, web: FileServer) -> Location:
    """A catalog of forty components in groups of four."""
    documents = [component(f"c{number:02}", owner=f"team-{number % 4}") for number in range(40)]
    documents += [group(f"team-{number}", parent="dept") for number in range(4)]
    place = register("url", web.put("a.yaml", several(*documents, group("dept"))), by=TESTS)
    ingest_now(place)
    return place


def walk(api: Any, query: str, way: str) -> list[list[str]]:
    """All pages one way, from the start or from a cursor."""
    pages = []
    while True:
        answer = api.get(f"/api/catalog/entities/by-query?{query}").json()
        pages.append([one["metadata"]["name"] for one in answer["items"]])
        if way not in answer["pageInfo"]:
            return pages
        fields = [part for part in query.split("&") if part.startswith(("limit", "fields"))]
        query = "&".join([*fields, f"cursor={answer['pageInfo'][way].replace('+', '%2B')}"])


@pytest.mark.parametrize("order", ["", "&orderField=metadata.name,asc", "&orderField=spec.owner,desc"])
def test_paging_meets_each_entity_once_and_finds_its_way_back(api: Any, forty: Location, order: str) -> None:
    query = f"limit=7&fields=metadata.name&filter=kind=component{order}"
    forward = walk(api, query, "nextCursor")
    assert sorted(name for page in forward for name in page) == [f"c{number:02}" for number in range(40)]
    assert [len(page) for page in forward] == [7, 7, 7, 7, 7, 5]
    last = api.get(f"/api/catalog/entities/by-query?{query}")
    for _ in forward[1:]:
        cursor = last.json()["pageInfo"]["nextCursor"].replace("+", "%2B")
        last = api.get(f"/api/catalog/entities/by-query?limit=7&fields=metadata.name&cursor={cursor}")
    back = last.json()["pageInfo"]["prevCursor"].replace("+", "%2B")
    backward = walk(api, f"limit=7&fields=metadata.name&cursor={back}", "prevCursor")
    assert backward == forward[-2::-1]


def test_a_window_leads_on_by_its_link(api: Any, forty: Location) -> None:
    path, seen = "/api/catalog/entities?limit=9&offset=0&order=desc:metadata.name&filter=kind=component", []
    while path:
        answer = api.get(path)
        seen += [one["metadata"]["name"] for one in answer.json()]
        link = answer.headers.get("Link", "")
        path = "/api/catalog" + link[1 : link.index(">")] if link else ""
    assert seen == [f"c{number:02}" for number in range(39, -1, -1)]


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("entities", 4),
        ("entities?limit=20&order=asc:metadata.name", 3),
        ("entities?filter=kind=component,spec.owner=team-1&fields=metadata.name", 4),
        ("entities/by-query?orderField=metadata.name,asc&limit=20", 4),
        ("entities/by-query?fullTextFilterTerm=c1&fullTextFilterFields=metadata.name,metadata.title", 5),
        ("entities/by-name/component/default/c01", 3),
        ("entity-facets?facet=kind&facet=spec.owner", 5),
        ("locations", 3),
    ],
)
def test_a_read_costs_a_few_queries_however_much_there_is(
    api: Any, forty: Location, django_assert_max_num_queries: DjangoAssertNumQueries, path: str, most: int
) -> None:
    with django_assert_max_num_queries(most):
        assert api.get(f"/api/catalog/{path}").status_code == 200


def test_ingestion_costs_as_many_queries_for_forty_as_for_one(
    web: FileServer, db: None, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    place = register("url", web.put("a.yaml", several(*[component(f"c{n}") for n in range(40)])), by=TESTS)
    with django_assert_max_num_queries(30):
        ingest_now(place)
    assert Entity.objects.count() == 41


def test_owners_are_found_up_for_people_and_down_for_groups(db: None, web: FileServer) -> None:
    documents = [
        group("company"),
        group("dept", parent="company"),
        group("team", parent="dept", members="[bo]"),
        group("other", parent="company"),
        user("ana", "[team]"),
        user("bo"),
        component("by-team", owner="team"),
        component("by-company", owner="company"),
        component("by-other", owner="other"),
        component("by-ana", owner="user:ana"),
    ]
    ingest_now(register("url", web.put("a.yaml", several(*documents)), by=TESTS))

    def owned(ref: str) -> set[str]:
        return set(owned_by(ref).values_list("name", flat=True))

    assert owned("user:default/Ana") == {"by-ana", "by-team", "by-company"}
    assert owned("user:default/bo") == {"by-team", "by-company"}
    assert owned("group:default/dept") == {"by-team"}
    assert owned("group:default/company") == {"by-team", "by-company", "by-other"}
    assert owned("group:default/nobody") == set()
    assert effective_owners("user:default/ana") == [
        "user:default/ana",
        "group:default/company",
        "group:default/dept",
        "group:default/team",
    ]


def test_groups_in_a_circle_end(db: None, web: FileServer) -> None:
    documents = [group("a", parent="b"), group("b", parent="a"), component("x", owner="a")]
    ingest_now(register("url", web.put("a.yaml", several(*documents)), by=TESTS))
    assert list(owned_by("group:default/b").values_list("name", flat=True)) == ["x"]


@pytest.fixture
def admin_client(db: None) -> Client:
    client = Client()
    client.force_login(Person.objects.create_superuser("root"))
    return client
