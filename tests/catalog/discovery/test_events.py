"""What code hosts tell by webhook is in the catalog at once; what is true is read from the host, whatever the body says."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from catalog import actions
from catalog.discovery import actions as providers
from catalog.discovery.models import Provider
from catalog.ingest.refresh import refresh
from catalog.models import Entity, Location
from scm import registry
from scm.fakes.github import FakeGitHub
from scm.github.host import GitHubHost
from scm.models import Delivery, Event
from scm.webhooks import inbox
from tests.catalog.discovery.conftest import Configure, Discover
from tests.catalog.documents import component
from tests.contracts.worlds import on_github
from tests.scm import deliveries as sent
from tests.scm.deliveries import send_hub

ACME = {"id": "acme", "find": "repositories", "host": "github.test", "owner": "Acme"}
STAFF = {"id": "staff", "find": "people", "host": "github.test", "owner": "acme"}
FILE = "catalog-info.yaml"


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    with FakeGitHub() as fake:
        fake.state.organisation("acme", "ana")
        fake.state.organisation("Acme")
        fake.state.repository("acme/payments", {FILE: component("payments").encode()})
        fake.state.repository("acme/other", {FILE: component("other").encode()})
        registry.register(GitHubHost(replace(on_github(fake), webhook_secrets=(sent.HUB_SECRET,))))
        yield fake
        registry.forget("github.test")


@pytest.fixture
def tell(db: None) -> Callable[..., list[str]]:
    """Deliver a webhook and do all the work that it makes; the targets of the locations that were read."""

    def deliver(body: dict[str, Any], event: str = "push") -> list[str]:
        Location.objects.update(requested_at=None)
        assert send_hub(body, event).status_code == 202
        inbox.handle(str(Delivery.objects.latest("id").pk))
        happened = str(Event.objects.latest("id").pk)
        actions.follow_event(happened)
        providers.follow_event(happened)
        asked = list(Location.objects.filter(requested_at__isnull=False).order_by("target"))
        for location in asked:
            refresh(str(location.pk))
        return [location.target.rpartition("/blob/")[0].rpartition("/")[2] for location in asked]

    return deliver


@pytest.fixture
def discovered(
    hub: FakeGitHub, configure: Configure, discover: Discover, work: Callable[[], None]
) -> FakeGitHub:
    configure(ACME, STAFF)
    discover("acme")
    discover("staff")
    work()
    Provider.objects.update(requested_at=None)
    return hub


def asked() -> list[str]:
    return list(Provider.objects.filter(requested_at__isnull=False).values_list("pk", flat=True))


def test_a_push_is_read_at_once_and_nothing_else_is(
    discovered: FakeGitHub, tell: Callable[..., list[str]]
) -> None:
    discovered.state.repositories["acme/payments"].push({FILE: component("payments", owner="new").encode()})
    before = len(discovered.asked)
    assert tell(sent.hub_push()) == ["payments"]
    assert Entity.objects.by_ref("component:default/payments").owner_ref == "group:default/new"
    assert len(discovered.asked) == before + 1
    assert asked() == []


def test_pushes_out_of_order_and_repeated_end_in_what_is_true(
    discovered: FakeGitHub, tell: Callable[..., list[str]]
) -> None:
    repository = discovered.state.repositories["acme/payments"]
    repository.push({FILE: component("payments", owner="first").encode()})
    repository.push({FILE: component("payments", owner="last").encode()})
    for after in ("c" * 40, "b" * 40, "c" * 40):
        tell(sent.hub_push(after=after))
    assert Entity.objects.by_ref("component:default/payments").owner_ref == "group:default/last"


def test_a_body_that_lies_changes_nothing(discovered: FakeGitHub, tell: Callable[..., list[str]]) -> None:
    lie = {**sent.hub_push(), "commits": [{"modified": [FILE]}], "deleted": True}
    assert tell(lie) == ["payments"]
    tell(sent.hub_repository("deleted"), "repository")
    assert Entity.objects.by_ref("component:default/payments").orphaned_at is None


def test_a_file_of_the_repository_that_another_location_names(
    hub: FakeGitHub, tell: Callable[..., list[str]], api: Any, work: Callable[[], None]
) -> None:
    target = f"{hub.url}/acme/payments/blob/main/{FILE}"
    text = f"apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {{name: all}}\nspec: {{targets: ['{target}']}}"
    hub.state.repository("acme/all", {FILE: text.encode()})
    api.post("/api/catalog/locations", {"type": "url", "target": f"{hub.url}/ACME/all/blob/main/{FILE}"})
    work()
    assert tell(sent.hub_push()) == ["all"]


def test_a_repository_that_came_went_or_changed_has_its_organisation_looked_through(
    discovered: FakeGitHub, tell: Callable[..., list[str]], discover: Discover
) -> None:
    repositories = discovered.state.repositories
    repositories["acme/payments"].name = "money"
    repositories["acme/money"] = repositories.pop("acme/payments")
    renamed = sent.hub_repository("renamed", repository={"name": {"from": "payments"}})
    renamed["repository"] = {**sent.REPOSITORY, "full_name": "acme/money"}
    assert tell(renamed, "repository") == ["payments"]
    assert asked() == ["acme"]
    discover("acme")
    targets = {location.target.split("/")[4] for location in Location.objects.filter(type="url")}
    assert targets == {"money", "other"}
    for location in Location.objects.filter(type="url"):
        refresh(str(location.pk))
    assert Entity.objects.by_ref("component:default/payments").orphaned_at is None


def test_people_that_came_or_went_have_the_directory_read(
    discovered: FakeGitHub, tell: Callable[..., list[str]]
) -> None:
    assert tell({"action": "member_added", "organization": {"login": "Acme"}}, "organization") == []
    assert asked() == ["staff"]


def test_events_of_strangers_move_nobody(discovered: FakeGitHub, tell: Callable[..., list[str]]) -> None:
    stranger = {**sent.REPOSITORY, "full_name": "acme-evil/payments"}
    assert tell({**sent.hub_push(), "repository": stranger}) == []
    tell({**sent.hub_repository("created"), "repository": stranger}, "repository")
    assert asked() == []
