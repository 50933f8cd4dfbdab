"""An owner is suggested from the CODEOWNERS file of the repository, for an entity and for a repository without any."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog.codeowners import suggest
from scm import registry
from scm.budget import forget_budgets
from scm.errors import RepositoryNotFound
from scm.fakes.github import FakeGitHub
from scm.fakes.gitlab import FakeGitLab
from scm.github.host import GitHubHost
from scm.gitlab.host import GitLabHost
from tests.catalog.documents import component, group, several, user
from tests.contracts.worlds import on_github, on_gitlab

FILE = "catalog-info.yaml"


@pytest.fixture
def hub(db: None) -> Iterator[FakeGitHub]:
    forget_budgets()
    with FakeGitHub() as fake:
        registry.register(GitHubHost(on_github(fake)))
        yield fake
        registry.forget("github.test")


def ask(api: Any, kind: str = "component", name: str = "payments") -> Any:
    return api.get(f"/api/v1/catalog/entities/{kind}/default/{name}/owner-suggestion")


def registered(api: Any, fake: Any, path: str = FILE) -> None:
    target = f"{fake.url}/acme/payments/blob/main/{path}"
    assert api.post("/api/catalog/locations", {"type": "url", "target": target}).status_code == 201


def test_known_owners_are_found_by_annotation_address_and_name(
    hub: FakeGitHub, api: Any, work: Callable[[], None]
) -> None:
    annotated = group("money-people").replace(
        "  name: money-people\n", "  name: money-people\n  annotations: {github.test/team-slug: acme/money}\n"
    )
    mailed = user("ana").replace("spec:\n", "spec:\n  profile: {email: ana@example.com}\n")
    files = several(component("payments", owner="nobody"), annotated, mailed, user("bo"))
    owners = "* @acme/money ana@example.com @bo @acme/unknown\n"
    hub.state.repository("acme/payments", {FILE: files.encode(), ".github/CODEOWNERS": owners.encode()})
    registered(api, hub)
    work()
    answer = ask(api)
    assert answer.status_code == 200
    assert answer.json() == {
        "owner": "group:default/nobody",
        "file": f"{hub.url}/acme/payments/blob/main/.github/CODEOWNERS",
        "lines": [1],
        "suggestions": [
            {"codeowner": "@acme/money", "ref": "group:default/money-people", "known": True},
            {"codeowner": "ana@example.com", "ref": "user:default/ana", "known": True},
            {"codeowner": "@bo", "ref": "user:default/bo", "known": True},
            {"codeowner": "@acme/unknown", "ref": "group:default/unknown", "known": False},
        ],
    }


def test_the_entity_s_own_file_decides(hub: FakeGitHub, api: Any, work: Callable[[], None]) -> None:
    path = f"services/pay/{FILE}"
    files = {path: component("payments").encode(), "CODEOWNERS": b"* @acme/all\n/services/pay/ @acme/pay\n"}
    hub.state.repository("acme/payments", files)
    registered(api, hub, path)
    work()
    assert [one["codeowner"] for one in ask(api).json()["suggestions"]] == ["@acme/pay"]


def test_without_such_a_file_nobody_is_suggested(hub: FakeGitHub, api: Any, work: Callable[[], None]) -> None:
    hub.state.repository("acme/payments", {FILE: component("payments").encode()})
    registered(api, hub)
    work()
    answer = ask(api).json()
    assert (answer["file"], answer["suggestions"]) == (None, [])
    assert ask(api, name="absent").status_code == 404


def test_a_host_that_does_not_answer_is_told(hub: FakeGitHub, api: Any, work: Callable[[], None]) -> None:
    hub.state.repository("acme/payments", {FILE: component("payments").encode()})
    registered(api, hub)
    work()
    hub.fail("CODEOWNERS", 500)
    assert ask(api).status_code == 502
    del hub.state.repositories["acme/payments"]
    assert ask(api).status_code == 404


def test_gitlab_s_places_and_sections(db: None) -> None:
    with FakeGitLab() as lab:
        registry.register(GitLabHost(on_gitlab(lab)))
        lab.state.repository(
            "acme/payments", {".gitlab/CODEOWNERS": b"* @ana\n[Money] @acme/money\n*.yaml\n"}
        )
        url = f"{lab.url}/acme/payments"
        assert suggest(url) == ["group:default/money", "user:default/ana"]
        assert suggest("https://elsewhere.example/a/b") == []
        with pytest.raises(RepositoryNotFound):
            suggest(f"{url}-gone")
        registry.forget("gitlab.test")


def test_a_repository_that_is_analysed_gets_its_owner(hub: FakeGitHub, api: Any) -> None:
    hub.state.repository("acme/payments", {"CODEOWNERS": b"* @acme/money\n"})
    body = {"location": {"type": "url", "target": f"{hub.url}/acme/payments"}}
    answer = api.post("/api/catalog/analyze-location", body).json()
    assert answer["generateEntities"][0]["entity"]["spec"]["owner"] == "group:default/money"
