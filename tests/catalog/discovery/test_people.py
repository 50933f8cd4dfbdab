"""People and teams become users and nested groups, by the same ingestion as files, and go as files go."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.discovery.models import Snapshot
from catalog.models import Entity, Location
from scm.fakes.github import FakeGitHub
from scm.fakes.gitlab import FakeGitLab
from scm.fakes.server import Reply
from scm.fakes.state import FakePerson, FakeTeam
from tests.catalog.discovery.conftest import Configure, Discover

STAFF = {"id": "staff", "find": "people", "host": "github.test", "owner": "acme"}


def refs() -> list[str]:
    found = Entity.objects.filter(kind__in=["Group", "User"], orphaned_at=None)
    return sorted(found.values_list("ref", flat=True))


@pytest.fixture
def staffed(hub: FakeGitHub) -> FakeGitHub:
    hub.state.people = {
        "ana": FakePerson("ana", "Ana Ruiz", "ana@example.com"),
        "bo": FakePerson("bo"),
        "deploy-bot": FakePerson("deploy-bot"),
    }
    hub.state.teams["acme"] = [
        FakeTeam("api", "API", parent="platform", members=["bo"]),
        FakeTeam("platform", "Platform", description="Runs things", members=["ana", "deploy-bot"]),
        FakeTeam("all-hands", "All hands", members=["ana", "bo"]),
    ]
    return hub


def test_people_and_nested_teams(
    staffed: FakeGitHub, configure: Configure, discover: Discover, work: Callable[[], None], api: Any
) -> None:
    configure({**STAFF, "userPattern": "(?!.*-bot).*", "groupPattern": "(?!all-).*"})
    assert discover("staff").found == 4
    work()
    assert refs() == ["group:default/api", "group:default/platform", "user:default/ana", "user:default/bo"]
    ana = api.get("/api/catalog/entities/by-name/user/default/ana").json()
    assert ana["spec"] == {
        "profile": {
            "displayName": "Ana Ruiz",
            "email": "ana@example.com",
            "picture": f"{staffed.url}/avatars/ana",
        },
        "memberOf": ["platform"],
    }
    assert ana["metadata"]["annotations"]["github.test/user-login"] == "ana"
    group = api.get("/api/catalog/entities/by-name/group/default/platform").json()
    assert group["metadata"]["description"] == "Runs things"
    assert {"type": "parentOf", "targetRef": "group:default/api"} in group["relations"]
    assert {"type": "hasMember", "targetRef": "user:default/ana"} in group["relations"]
    assert not Location.objects.exclude(errors=[]).exists()


def test_who_leaves_becomes_an_orphan_and_the_rest_is_not_written(
    staffed: FakeGitHub, configure: Configure, discover: Discover, work: Callable[[], None]
) -> None:
    configure(STAFF)
    discover("staff")
    work()
    before = dict(Entity.objects.values_list("ref", "changed_at"))
    parts = dict(Snapshot.objects.values_list("part", "etag"))
    del staffed.state.people["bo"]
    for team in staffed.state.teams["acme"]:
        team.members = [login for login in team.members if login != "bo"]
    with CaptureQueriesContext(connection) as queries:
        discover("staff")
    written = [query for query in queries if query["sql"].startswith('UPDATE "catalog_snapshot"')]
    work()
    assert len(written) <= 1
    assert "user:default/bo" not in refs()
    assert Entity.objects.by_ref("user:default/bo").orphaned_at is not None
    after = dict(Entity.objects.values_list("ref", "changed_at"))
    assert {ref for ref in before if before[ref] != after[ref]} <= {
        "user:default/bo",
        "group:default/api",
        "group:default/all-hands",
    }
    assert len(parts.items() - dict(Snapshot.objects.values_list("part", "etag")).items()) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(502, {"message": "cut off"}),
        Reply(
            data={
                "data": None,
                "errors": [{"type": "SERVICE_UNAVAILABLE", "message": "Something went wrong"}],
            }
        ),
        Reply(
            data={
                "data": {"organization": {"page": {"nodes": [], "pageInfo": {"hasNextPage": False}}}},
                "errors": [{"message": "Resource not accessible by integration"}],
            }
        ),
    ],
)
def test_a_failed_or_partial_answer_changes_nothing(
    staffed: FakeGitHub, configure: Configure, discover: Discover, work: Callable[[], None], reply: Reply
) -> None:
    configure(STAFF)
    discover("staff")
    work()
    there = refs()
    staffed.instead("POST", "/api/graphql", lambda *_: reply)
    assert "Nothing was changed." in discover("staff").problem
    work()
    assert refs() == there


def test_an_organisation_that_looks_empty_all_at_once_is_kept(
    hub: FakeGitHub, configure: Configure, discover: Discover, work: Callable[[], None]
) -> None:
    hub.state.organisation("acme", *(f"p{number}" for number in range(40)))
    configure(STAFF)
    discover("staff")
    work()
    hub.state.people.clear()
    assert discover("staff").problem.startswith("42 of 42 people and teams are missing all at once")
    work()
    assert len(refs()) == 42


def test_gitlab_groups_keep_their_tree_also_where_one_is_left_out(
    lab: FakeGitLab, configure: Configure, discover: Discover, work: Callable[[], None]
) -> None:
    lab.state.people["gone"] = FakePerson("gone", active=False)
    lab.state.teams["acme"] = [
        FakeTeam("acme/eng", "Engineering", members=["gone"]),
        FakeTeam("acme/eng/api", "API", members=["bo"]),
        FakeTeam("acme/eng-api", "Another", members=["bo"]),
    ]
    configure({**STAFF, "host": "gitlab.test", "groupPattern": "(?!eng$).*", "namespace": "staff"})
    discover("staff")
    work()
    groups = [ref for ref in refs() if ref.startswith("group:")]
    assert len(groups) == 3
    assert {"group:staff/acme", "group:staff/eng-api"} < set(groups)
    (other,) = set(groups) - {"group:staff/acme", "group:staff/eng-api"}
    for child in ("group:staff/eng-api", other):
        relations = Entity.objects.by_ref(child).document["relations"]
        assert {"type": "childOf", "targetRef": "group:staff/acme"} in relations
    assert "user:staff/gone" not in refs()
