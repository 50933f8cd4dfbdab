"""The main job on every host: a form becomes a repository with files, a protected branch, a webhook, an entity."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scaffolder import runner
from scm import registry, storage
from scm.budget import forget_budgets
from scm.fakes.github import FakeGitHub
from scm.fakes.gitlab import FakeGitLab
from scm.fakes.state import FakeTeam
from scm.github.host import GitHubHost
from scm.gitlab.host import GitLabHost
from scm.port import CodeHost, Hooks, Listing, Protecting
from scm.values import BranchRules, RepositoryName
from tests.conftest import Api
from tests.contracts.worlds import on_github, on_gitlab
from tests.scaffolder.conftest import Workshop

pytestmark = pytest.mark.django_db

HOOK = "https://ci.example.com/hook"
FORM = {
    "title": "Service",
    "required": ["name", "owner"],
    "properties": {"name": {"type": "string", "pattern": "^[a-z-]+$"}, "owner": {"type": "string"}},
}
SKELETON = {
    "skeleton/README.md": "# ${{ values.name }}\n",
    "skeleton/catalog-info.yaml": json.dumps(
        {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "metadata": {"name": "${{ values.name }}"},
            "spec": {"type": "service", "lifecycle": "experimental", "owner": "${{ values.owner }}"},
        }
    ),
}


@dataclass
class Place:
    """A host, and the steps by which a template publishes to it, protects the branch and adds the webhook."""

    host: CodeHost
    owner: str
    publish: dict[str, Any]
    hook: dict[str, Any] | None
    events: tuple[str, ...] = ()
    """Without a step for webhooks: the host's names of what ours is told of."""
    folder: Callable[[RepositoryName], Path] = field(kw_only=True)
    """Where the host itself keeps a repository."""


def local() -> Iterator[Place]:
    """Its rules and webhooks are set by people: no step of the contract does so, nor a step for GitLab's webhooks."""
    publish = {"action": "publish:local", "input": {"defaultBranch": "main"}}
    host = registry.publishing_host("local")
    yield Place(host, "acme", publish, None, ("push",), folder=lambda name: storage.bare(name).folder)


def github() -> Iterator[Place]:
    with FakeGitHub() as fake:
        fake.state.organisation("acme", "ana")
        publish = {"action": "publish:github", "input": {"requiredApprovingReviewCount": 2}}
        hook = {
            "action": "github:webhook",
            "input": {"webhookUrl": HOOK, "webhookSecret": "${{ secrets.hook }}"},
        }
        yield Place(GitHubHost(on_github(fake)), "acme", publish, hook, folder=kept_by(fake))


def gitlab() -> Iterator[Place]:
    with FakeGitLab() as fake:
        fake.state.organisation("acme", "ana")
        fake.state.teams["acme"] = [FakeTeam("acme/money", "Money", "acme")]
        protect = {"branches": [{"name": "main", "protect": True}]}
        publish = {"action": "publish:gitlab", "input": {"defaultBranch": "main", **protect}}
        host, folder = GitLabHost(on_gitlab(fake)), kept_by(fake)
        yield Place(host, "acme/money", publish, None, ("push_events",), folder=folder)


def kept_by(fake: FakeGitHub | FakeGitLab) -> Callable[[RepositoryName], Path]:
    def folder(name: RepositoryName) -> Path:
        found = fake.state.named(str(name))
        assert found is not None, f"{name} is not there"
        return found.bare.folder

    return folder


@pytest.fixture(params=[local, github, gitlab], ids=lambda make: make.__name__)
def place(
    request: pytest.FixtureRequest, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    forget_budgets()
    monkeypatch.setattr(runner, "PAUSE", 0.0)
    make: Callable[[], Iterator[Place]] = request.param
    for found in make():
        known = found.host.host in registry.hosts()
        if not known:
            registry.register(found.host)
        yield found
        if not known:
            registry.forget(found.host.host)


def offered(workshop: Workshop, place: Place) -> str:
    values = {"name": "${{ parameters.name }}", "owner": "${{ parameters.owner }}"}
    url = f"{place.host.host}?owner={place.owner}&repo=" + "${{ parameters.name }}"

    def step(name: str, told: dict[str, Any]) -> dict[str, Any]:
        return {"id": name, "action": told["action"], "input": {"repoUrl": url, **told["input"]}}

    steps = [
        {"id": "fetch", "action": "fetch:template", "input": {"url": "./skeleton", "values": values}},
        step("publish", place.publish),
        *([step("hook", place.hook)] if place.hook else []),
        {
            "id": "register",
            "action": "catalog:register",
            "input": {
                "repoContentsUrl": "${{ steps.publish.output.repoContentsUrl }}",
                "catalogInfoPath": "/catalog-info.yaml",
            },
        },
    ]
    output = {
        "entityRef": "${{ steps.register.output.entityRef }}",
        "remoteUrl": "${{ steps.publish.output.remoteUrl }}",
    }
    return workshop.offer("service", steps, SKELETON, parameters=[FORM], output=output)


def test_a_form_becomes_a_service(workshop: Workshop, api: Api, place: Place) -> None:
    values = {"name": "payments", "owner": "group:default/money"}
    ref = offered(workshop, place)
    refused = api.post(
        "/api/scaffolder/v2/tasks", {"templateRef": ref, "values": {**values, "name": "No Name"}}
    )
    assert refused.status_code == 400
    run_id = workshop.run(ref, values, secrets={"hook": "h00k-canary-1"})
    assert workshop.task(run_id)["status"] == "completed", workshop.messages(run_id)

    host, name = place.host, RepositoryName(place.owner, "payments")
    assert isinstance(host, Listing)
    (made,) = host.repositories(place.owner)
    assert (made.name, made.default_branch, made.private) == (name, "main", True)
    assert workshop.output(run_id) == {
        "entityRef": "component:default/payments",
        "remoteUrl": made.clone_url,
    }
    assert host.read_file(name, "main", "README.md") == b"# payments\n"
    assert isinstance(host, Protecting)
    rules = host.branch_rules(name, "main")
    if host.host == "local":
        assert rules is None
        host.protect_branch(name, "main", BranchRules(approvals=1))
        rules = host.branch_rules(name, "main")
    assert rules is not None
    assert isinstance(host, Hooks)
    if place.hook is None:
        host.add_hook(name, HOOK, events=place.events)
    assert [one.url for one in host.hooks(name)] == [HOOK]

    entity = api.get("/api/catalog/entities/by-name/component/default/payments").json()
    assert entity["spec"]["owner"] == "group:default/money"
    assert "h00k-canary-1" not in json.dumps([workshop.task(run_id), workshop.events(run_id)])
