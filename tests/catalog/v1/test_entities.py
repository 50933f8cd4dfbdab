"""`GET /api/v1/catalog/entities`: what somebody owns, page by page."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from catalog.actions import ingest_now, register
from core.api.subjects import System
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, group, several, user
from tests.conftest import Api

TESTS = System("system:tests")
PATH = "/api/v1/catalog/entities"


@pytest.fixture
def teams(db: None, web: FileServer) -> None:
    """A company of two teams, one of them below a department, each with things of its own."""
    documents = [
        group("company"),
        group("dept", parent="company"),
        group("team", parent="dept"),
        group("other", parent="company"),
        user("ana", "[team]"),
        *[component(f"team-{number}", owner="team") for number in range(5)],
        component("of-dept", owner="dept"),
        component("of-other", owner="other"),
        component("of-ana", owner="user:ana"),
    ]
    ingest_now(register("url", web.put("a.yaml", several(*documents)), by=TESTS))


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["metadata"]["name"] for one in answer.json()["items"]]


def test_mine_are_mine_my_groups_and_their_parents(teams: None, as_role: Callable[..., Api]) -> None:
    ana = as_role("viewer", acts_for="user:default/ana")
    mine = ["of-ana", "of-dept", *[f"team-{number}" for number in range(5)]]
    assert names(ana.get(PATH, {"owned_by": "me"})) == mine
    assert names(ana.get(PATH, {"owned_by": "user:default/Ana"})) == mine
    assert names(ana.get(PATH, {"owned_by": "dept", "filter": "metadata.name=of-dept"})) == ["of-dept"]
    assert names(ana.get(PATH, {"owned_by": "Company", "kind": "component"})) == [
        "of-dept",
        "of-other",
        *mine[2:],
    ]
    assert names(ana.get(PATH, {"owned_by": "company", "kind": "API"})) == []
    assert names(ana.get(PATH, {"owned_by": "nobody"})) == []


def test_a_token_that_acts_for_nobody_is_told_the_way_out(teams: None, api: Api) -> None:
    answer = api.get(PATH, {"owned_by": "me"})
    assert answer.status_code == 400
    assert "acts for nobody" in answer.json()["error"]["message"]
    assert "--acts-for" in answer.json()["error"]["message"]


def test_pages_lead_on_until_the_end(teams: None, api: Api) -> None:
    query: dict[str, Any] = {"owned_by": "company", "kind": "component", "limit": 3}
    seen, total = [], set()
    while True:
        page = api.get(PATH, query).json()
        seen.append([one["metadata"]["name"] for one in page["items"]])
        total.add(page["totalItems"])
        if "nextCursor" not in page["pageInfo"]:
            break
        query["cursor"] = page["pageInfo"]["nextCursor"]
    assert [len(page) for page in seen] == [3, 3, 1]
    listed = [name for page in seen for name in page]
    assert listed == sorted(listed)
    assert total == {7}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"owned_by": "group:"}, "'owned_by'"),
        ({"owned_by": "x" * 600}, "500 at the most"),
        ({"limit": "0"}, "must be >= 1"),
        ({"limit": "501"}, "must be <= 500"),
        ({"cursor": "zzz"}, "Malformed cursor"),
        ({"cursor": "eyJhZnRlciI6IDV9"}, "Malformed cursor"),
        ({"cursor": "é"}, "Malformed cursor"),
        ({"owner": "x"}, "Unknown query parameter 'owner'"),
    ],
)
def test_what_cannot_be_understood_is_named(api: Api, query: dict[str, str], said: str) -> None:
    answer = api.get(PATH, query)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


def test_a_cursor_of_another_question_is_refused(teams: None, api: Api) -> None:
    cursor = api.get(PATH, {"owned_by": "company", "limit": 1}).json()["pageInfo"]["nextCursor"]
    answer = api.get(PATH, {"owned_by": "dept", "limit": 1, "cursor": cursor})
    assert answer.status_code == 400
    assert "another question" in answer.json()["error"]["message"]


def test_a_page_costs_a_few_queries(
    teams: None, api: Api, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(5):
        assert len(names(api.get(PATH, {"owned_by": "company"}))) == 7
