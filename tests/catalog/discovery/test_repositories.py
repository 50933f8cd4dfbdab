"""Repositories with catalog files are found, followed, and let go; nothing is concluded from what was not said."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.discovery.models import Discovery, Provider
from catalog.discovery.run import run
from catalog.ingest.refresh import refresh
from catalog.models import Entity, Location
from catalog.sweeps import ring_due_providers, sync_configured_providers
from core.leases import LEASE
from core.models import AuditEvent
from identity.models import Person
from scm.fakes.github import FakeGitHub
from scm.fakes.gitlab import FakeGitLab
from scm.fakes.server import Asked, Reply
from tests.catalog.discovery.conftest import Configure, Discover
from tests.catalog.documents import component

ACME = {"id": "acme", "find": "repositories", "host": "github.test", "owner": "acme"}
FILE = "catalog-info.yaml"


def holding(name: str) -> dict[str, bytes]:
    return {FILE: component(name).encode(), "README.md": b"#"}


def targets() -> list[str]:
    found = Location.objects.filter(origin="discovered").order_by("target")
    return [location.target.split("/", 3)[3] for location in found]


def refs() -> list[str]:
    return list(Entity.objects.filter(kind="Component").order_by("ref").values_list("ref", flat=True))


@pytest.fixture
def three(hub: FakeGitHub) -> FakeGitHub:
    for name in ("a", "b", "c"):
        hub.state.repository(f"acme/{name}", holding(name))
    return hub


def test_what_has_a_catalog_file_is_in_the_catalog_and_the_rest_is_no_error(
    three: FakeGitHub, configure: Configure, discover: Discover, work: Callable[[], None]
) -> None:
    three.state.repository("acme/bare", {"README.md": b"#"})
    three.state.repository("acme/empty")
    configure(ACME)
    provider = discover("acme")
    assert (provider.found, provider.problem) == (5, "")
    assert targets() == [f"acme/{name}/blob/main/{FILE}" for name in ("a", "b", "bare", "c", "empty")]
    work()
    assert refs() == [f"component:default/{name}" for name in ("a", "b", "c")]
    assert not Location.objects.exclude(errors=[]).exists()
    assert Location.objects.first().next_refresh_at > timezone.now() + timedelta(hours=2)  # type: ignore[union-attr]


def test_finding_the_same_again_writes_nothing(
    three: FakeGitHub, configure: Configure, discover: Discover, work: Callable[[], None]
) -> None:
    configure(ACME)
    discover("acme")
    work()
    used, changed = three.used, dict(Entity.objects.values_list("ref", "changed_at"))
    work()
    assert three.used == used
    assert dict(Entity.objects.values_list("ref", "changed_at")) == changed
    before = list(Location.objects.order_by("pk").values_list("pk", "requested_at", "next_refresh_at"))
    events = AuditEvent.objects.count()
    discover("acme")
    assert (
        list(Location.objects.order_by("pk").values_list("pk", "requested_at", "next_refresh_at")) == before
    )
    assert AuditEvent.objects.count() == events


def test_a_push_that_the_listing_shows_has_that_repository_read(
    three: FakeGitHub, configure: Configure, discover: Discover, work: Callable[[], None]
) -> None:
    configure(ACME)
    discover("acme")
    work()
    three.state.repositories["acme/b"].push({FILE: component("b", owner="other").encode()})
    discover("acme")
    asked = Location.objects.filter(requested_at__isnull=False)
    assert [location.target for location in asked] == [f"{three.url}/acme/b/blob/main/{FILE}"]
    work()
    assert Entity.objects.by_ref("component:default/b").owner_ref == "group:default/other"


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({}, ["fork", "lib-x", "public", "svc-a"]),
        ({"repository": "svc-.*"}, ["svc-a"]),
        ({"repository": "svc"}, []),
        ({"allowForks": False}, ["lib-x", "public", "svc-a"]),
        ({"allowArchived": True}, ["archived", "fork", "lib-x", "public", "svc-a"]),
        ({"visibility": ["public"]}, ["public"]),
        ({"topics": {"include": ["backend", "x"]}}, ["lib-x", "svc-a"]),
        ({"topics": {"include": ["backend"], "exclude": ["x"]}}, ["svc-a"]),
    ],
)
def test_filters(
    hub: FakeGitHub, configure: Configure, discover: Discover, filters: dict[str, Any], left: list[str]
) -> None:
    hub.state.repository("acme/svc-a", {"a": b""}, topics=["backend"])
    hub.state.repository("acme/lib-x", {"a": b""}, topics=["backend", "x"])
    hub.state.repository("acme/fork", {"a": b""}, fork=True)
    hub.state.repository("acme/archived", {"a": b""}, archived=True)
    hub.state.repository("acme/public", {"a": b""}, visibility="public")
    configure({**ACME, "filters": filters})
    discover("acme")
    assert [target.split("/")[1] for target in targets()] == left


def test_wildcards_and_branches(
    hub: FakeGitHub, configure: Configure, discover: Discover, work: Callable[[], None]
) -> None:
    made = hub.state.repository("acme/mono", {"README.md": b"#"})
    made.push({f"services/{name}/{FILE}": component(name).encode() for name in ("a", "b")}, "release/1")
    configure({**ACME, "catalogPath": "/services/*/catalog-info.yaml", "filters": {"branch": "release/1"}})
    discover("acme")
    assert targets() == ["acme/mono/blob/release%2F1/services/*/catalog-info.yaml"]
    work()
    assert refs() == ["component:default/a", "component:default/b"]


def test_what_is_gone_leaves_orphans(
    three: FakeGitHub, configure: Configure, discover: Discover, work: Callable[[], None]
) -> None:
    configure(ACME)
    discover("acme")
    work()
    del three.state.repositories["acme/b"]
    three.state.repositories["acme/c"].archived = True
    assert discover("acme").problem == ""
    assert targets() == [f"acme/a/blob/main/{FILE}"]
    orphans = Entity.objects.filter(orphaned_at__isnull=False, kind="Component").values_list("ref", flat=True)
    assert set(orphans) == {"component:default/b", "component:default/c"}
    assert AuditEvent.objects.filter(verb="no longer discovered").count() == 2


@pytest.mark.parametrize("status", [500, 403, 401, 404])
def test_a_failed_listing_changes_nothing_and_says_so(
    three: FakeGitHub,
    configure: Configure,
    discover: Discover,
    work: Callable[[], None],
    status: int,
) -> None:
    configure(ACME)
    discover("acme")
    work()
    three.state.repositories.clear()
    three.fail("/orgs/acme/repos", status, times=9)
    three.fail("/users/acme/repos", status, times=9)
    provider = discover("acme")
    assert "Nothing was changed." in provider.problem
    assert provider.failures == 1
    assert provider.next_run_at < timezone.now() + timedelta(minutes=2)
    assert len(targets()) == 3
    assert not Entity.objects.filter(orphaned_at__isnull=False).exists()
    assert discover("acme").failures == 2


def test_a_listing_that_breaks_off_changes_nothing(
    three: FakeGitHub, configure: Configure, discover: Discover
) -> None:
    for number in range(150):
        three.state.repository(f"acme/r{number:03}", {"a": b""})
    configure(ACME)
    discover("acme")
    assert len(targets()) == 153
    calls = iter(range(9))
    three.instead(
        "GET",
        "/orgs/acme/repos",
        lambda _, usual: Reply(502, {"message": "cut off"}) if next(calls) else usual(),
    )
    del three.state.repositories["acme/a"]
    assert "502" in discover("acme").problem
    assert len(targets()) == 153


def test_a_repository_that_slipped_through_the_pages_stays(
    three: FakeGitHub, configure: Configure, discover: Discover
) -> None:
    configure(ACME)
    discover("acme")

    def without_b(asked: Asked, usual: Callable[[], Reply]) -> Reply:
        reply = usual()
        reply.data = [one for one in reply.data if one["name"] != "b"]
        return reply

    three.instead("GET", "/orgs/acme/repos", without_b)
    discover("acme")
    assert len(targets()) == 3


def test_when_half_of_everything_is_missing_a_person_is_asked(
    hub: FakeGitHub, configure: Configure, discover: Discover, admin_client: Client
) -> None:
    for number in range(60):
        hub.state.repository(f"acme/r{number:02}", {"a": b""})
    configure(ACME)
    discover("acme")
    for number in range(40):
        del hub.state.repositories[f"acme/r{number:02}"]
    hub.state.repository("acme/new", {"a": b""})
    provider = discover("acme")
    assert provider.problem.startswith(
        "40 of 60 repositories are missing all at once; none of them was removed"
    )
    assert len(targets()) == 61
    body = {"action": "accept_chosen", "_selected_action": ["acme"]}
    answer = admin_client.post("/admin/catalog/provider/", body)
    assert answer.status_code == 302
    provider = discover("acme")
    assert (provider.problem, provider.accept_losses) == ("", False)
    assert len(targets()) == 21


def test_a_repository_that_we_may_not_see_any_more_keeps_its_entities(
    three: FakeGitHub, configure: Configure, discover: Discover, work: Callable[[], None]
) -> None:
    configure(ACME)
    discover("acme")
    work()
    hidden = three.state.repositories.pop("acme/b")
    work()
    kept = Entity.objects.by_ref("component:default/b")
    assert kept.orphaned_at is None
    assert kept.location is not None
    assert "may not see it" in str(kept.location.errors)
    three.state.repositories["acme/b"] = hidden
    hidden.push({"README.md": b"#"})
    work()
    assert Entity.objects.by_ref("component:default/b").orphaned_at is not None


def test_two_providers_that_find_one_repository(
    three: FakeGitHub, configure: Configure, discover: Discover
) -> None:
    only = {**ACME, "id": "only-b", "filters": {"repository": "b"}}
    configure(ACME, only)
    discover("acme")
    discover("only-b")
    configure(only)
    assert targets() == [f"acme/b/blob/main/{FILE}"]
    configure()
    assert targets() == []
    assert not Provider.objects.exists()
    assert not Discovery.objects.exists()


def test_a_location_that_somebody_registered_stays_theirs(
    three: FakeGitHub, configure: Configure, discover: Discover, api: Any
) -> None:
    url = f"{three.url}/acme/a/blob/main/{FILE}"
    assert api.post("/api/catalog/locations", {"type": "url", "target": url}).status_code == 201
    configure(ACME)
    discover("acme")
    assert len(targets()) == 2
    configure()
    assert Location.objects.get(target=url).origin == "api"


def test_one_provider_is_run_by_one_worker(three: FakeGitHub, configure: Configure) -> None:
    configure(ACME)
    Provider.objects.update(lease_until=timezone.now() + LEASE)
    run("acme")
    assert three.asked == []
    Provider.objects.update(lease_until=timezone.now() - LEASE)
    run("acme")
    assert len(targets()) == 3


def test_who_lost_the_lease_writes_nothing(
    three: FakeGitHub, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(ACME)
    from catalog.discovery import store

    real = store.known

    def overtaken(provider: Provider) -> Any:
        Provider.objects.filter(pk=provider.pk).update(attempts=provider.attempts + 1)
        return real(provider)

    monkeypatch.setattr(store, "known", overtaken)
    run("acme")
    assert targets() == []


def test_the_timetable_rings_for_what_is_due(
    three: FakeGitHub, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr("core.jobs.Job.now", lambda self, pk: rung.append(f"{self.name} {pk}"))
    configure(ACME)
    sync_configured_providers()
    ring_due_providers()
    assert rung == ["catalog.run_provider acme"]
    run("acme")
    assert Provider.objects.get().next_run_at > timezone.now() + timedelta(minutes=26)
    ring_due_providers()
    assert len(rung) == 1


def test_gitlab_groups_with_those_below_them(
    lab: FakeGitLab, configure: Configure, discover: Discover, work: Callable[[], None]
) -> None:
    lab.state.repository("acme/a", holding("a"))
    lab.state.repository("acme/money/b", holding("b"))
    lab.state.repository("other/c", holding("c"))
    configure({**ACME, "host": "gitlab.test"})
    assert discover("acme").found == 2
    assert targets() == [f"acme/a/-/blob/main/{FILE}", f"acme/money/b/-/blob/main/{FILE}"]
    work()
    assert refs() == ["component:default/a", "component:default/b"]
    lab.state.repositories["acme/a"].push({FILE: b"kind: ["})
    for location in Location.objects.all():
        refresh(str(location.pk))
    assert Entity.objects.by_ref("component:default/a").errors


def test_ten_thousand_repositories_cost_a_hundred_requests_and_few_queries(
    hub: FakeGitHub, configure: Configure, discover: Discover, django_assert_max_num_queries: Any
) -> None:
    for number in range(2_000):
        hub.state.repository(f"acme/r{number:04}", {"a": b""})
    configure(ACME)
    with django_assert_max_num_queries(30):
        discover("acme")
    assert len(hub.asked) == 20
    assert Discovery.objects.count() == 2_000
    with django_assert_max_num_queries(12):
        discover("acme")


def test_the_admin_shows_providers(
    three: FakeGitHub, configure: Configure, discover: Discover, admin_client: Client
) -> None:
    configure(ACME)
    discover("acme")
    three.fail("/orgs/acme/repos", 500)
    discover("acme")
    assert b"acme" in admin_client.get("/admin/catalog/provider/").content
    page = admin_client.get("/admin/catalog/provider/acme/change/").content.decode()
    assert "Nothing was changed." in page
    assert admin_client.get("/admin/catalog/location/?found_by=acme").status_code == 200
    assert Person.objects.exists()
    body = {"action": "run_chosen", "_selected_action": ["acme"]}
    assert admin_client.post("/admin/catalog/provider/", body).status_code == 302
    assert Provider.objects.get().requested_at is not None


def test_who_asks_while_a_run_is_on_gets_another_one(
    three: FakeGitHub, configure: Configure, discover: Discover
) -> None:
    configure(ACME)
    Provider.objects.update(requested_at=timezone.now() + timedelta(seconds=30))
    assert discover("acme").next_run_at <= timezone.now()
