"""The main job on every host, by the same steps: a form becomes a repository with files, a protected branch, a webhook
and an entity; a newer template comes to it by a pull request; and all that a run made can be taken back.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.errors import NotFound
from scaffolder import runner
from scaffolder.models import Instance
from scaffolder.rollback.models import Rollback
from scaffolder.tasks import execute_run, roll_back
from scm import registry, storage
from scm.budget import forget_budgets
from scm.fakes.github import FakeGitHub
from scm.fakes.gitlab import FakeGitLab
from scm.fakes.state import FakeTeam
from scm.github.host import GitHubHost
from scm.gitlab.host import GitLabHost
from scm.port import CodeHost, Hooks, Listing, Protecting, PullRequests
from scm.values import Repository, RepositoryName
from tests.conftest import Api
from tests.contracts.worlds import on_github, on_gitlab
from tests.scaffolder.conftest import TASKS, Workshop
from tests.scaffolder.registry_world import AUTHOR, change, look_now

pytestmark = pytest.mark.django_db

OURS = "/api/v1/scaffolder"
VALUES = {"name": "payments", "owner": "group:default/money"}
UPGRADE = "greenroom/upgrade-service"
HOOK = "https://ci.example.com/hook"
FORM = {
    "title": "Service",
    "required": ["name", "owner"],
    "properties": {"name": {"type": "string", "pattern": "^[a-z-]+$"}, "owner": {"type": "string"}},
}
SKELETON = {
    "skeleton/README.md": "# ${{ values.name }}\n\nfirst\n",
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
    """A host, the action that publishes to it, and what it calls the events that it tells of."""

    host: CodeHost
    owner: str
    publish: str
    events: tuple[str, ...] = ("pull_request", "push")
    more: dict[str, Any] = field(default_factory=dict)
    folder: Callable[[RepositoryName], Path] | None = field(default=None, kw_only=True)
    """Where the host itself keeps a repository, if anywhere."""


def local() -> Iterator[Place]:
    yield Place(
        registry.publishing_host("local"),
        "acme",
        "publish:local",
        folder=lambda name: storage.bare(name).folder,
    )


def github() -> Iterator[Place]:
    with FakeGitHub() as fake:
        fake.state.organisation("acme", "ana")
        more = {"protectDefaultBranch": False}
        yield Place(GitHubHost(on_github(fake)), "acme", "publish:github", more=more, folder=kept_by(fake))


def gitlab() -> Iterator[Place]:
    with FakeGitLab() as fake:
        fake.state.organisation("acme", "ana")
        fake.state.teams["acme"] = [FakeTeam("acme/money", "Money", "acme")]
        events = ("merge_requests_events", "push_events")
        more = {"defaultBranch": "main"}
        host, folder = GitLabHost(on_gitlab(fake)), kept_by(fake)
        yield Place(host, "acme/money", "publish:gitlab", events, more, folder=folder)


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

    def step(name: str, action: str, **told: Any) -> dict[str, Any]:
        return {"id": name, "action": action, "input": {"repoUrl": url, **told}}

    hook = {"url": HOOK, "secret": "${{ secrets.hook }}", "events": ["push", "pull_request"]}
    steps = [
        {"id": "fetch", "action": "fetch:template", "input": {"url": "./skeleton", "values": values}},
        step("publish", place.publish, **place.more),
        step("protect", "greenroom:branch:protect", approvals=1),
        step("hook", "greenroom:webhook", **hook),
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


def made_by_form(workshop: Workshop, place: Place) -> str:
    """The run that makes payments."""
    run_id = workshop.run(offered(workshop, place), VALUES, secrets={"hook": "h00k-canary-1"})
    assert workshop.task(run_id)["status"] == "completed", workshop.messages(run_id)
    return run_id


def listed(place: Place) -> list[Repository]:
    """What the host itself says that there is, whatever we noted."""
    assert isinstance(place.host, Listing)
    try:
        return list(place.host.repositories(place.owner))
    except NotFound:  # locally an owner is who has repositories
        return []


def test_a_form_becomes_a_service(workshop: Workshop, api: Api, place: Place) -> None:
    run_id = made_by_form(workshop, place)
    ref = workshop.task(run_id)["spec"]["templateInfo"]["entityRef"]
    refused = api.post(TASKS, {"templateRef": ref, "values": {**VALUES, "name": "No Name"}})
    assert refused.status_code == 400

    host, name = place.host, RepositoryName(place.owner, "payments")
    (made,) = listed(place)
    assert (made.name, made.default_branch, made.private) == (name, "main", True)
    assert workshop.output(run_id) == {
        "entityRef": "component:default/payments",
        "remoteUrl": made.clone_url,
    }
    assert host.read_file(name, "main", "README.md") == b"# payments\n\nfirst\n"
    assert isinstance(host, Protecting)
    assert isinstance(host, Hooks)
    rules = host.branch_rules(name, "main")
    assert rules is not None
    assert (rules.approvals, rules.enforce_admins) == (1, True)
    (hook,) = host.hooks(name)
    assert (hook.url, tuple(sorted(hook.events)), hook.active) == (HOOK, place.events, True)

    entity = api.get("/api/catalog/entities/by-name/component/default/payments").json()
    assert entity["spec"]["owner"] == "group:default/money"
    shown = [workshop.task(run_id), workshop.events(run_id), api.get(f"{OURS}/runs/{run_id}").json()]
    assert "h00k-canary-1" not in json.dumps(shown)


def test_a_newer_template_comes_by_a_pull_request(workshop: Workshop, api: Api, place: Place) -> None:
    made_by_form(workshop, place)
    instance = Instance.objects.get()
    change(workshop, "service", {"skeleton/README.md": "# ${{ values.name }}\n\nsecond\n"})
    assert api.get(f"{OURS}/instances/{instance.pk}").json()["version"] == 1

    run_id = api.post(f"{OURS}/instances/{instance.pk}/upgrade", {}).json()["run"]
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "completed", workshop.messages(run_id)
    host, name = place.host, RepositoryName(place.owner, "payments")
    assert isinstance(host, PullRequests)
    (pull,) = host.open_pull_requests(name)
    assert (pull.source_branch, pull.target_branch, pull.draft) == (UPGRADE, "main", False)
    assert host.read_file(name, "main", "README.md") == b"# payments\n\nfirst\n"
    execute_run(api.post(f"{OURS}/instances/{instance.pk}/upgrade", {}).json()["run"])
    assert [one.number for one in host.open_pull_requests(name)] == [pull.number]
    host.merge_pull_request(name, pull.number, by=AUTHOR)
    assert host.read_file(name, "main", "README.md") == b"# payments\n\nsecond\n"
    look_now()
    after = api.get(f"{OURS}/instances/{instance.pk}").json()
    assert (after["version"], after["drift"], after["upgrades"][0]["state"]) == (2, 0, "merged")
    assert [one.name for one in listed(place)] == [name]


def test_what_people_changed_too_comes_as_a_draft(workshop: Workshop, api: Api, place: Place) -> None:
    made_by_form(workshop, place)
    host, name = place.host, RepositoryName(place.owner, "payments")
    assert isinstance(host, PullRequests)
    assert isinstance(host, Protecting)
    host.unprotect_branch(name, "main")  # people push to it themselves
    folder = workshop.folder / "theirs"
    folder.mkdir()
    (folder / "README.md").write_text("# payments\n\nmine\n")
    host.push_changes(name, folder, branch="main", message="work", author=AUTHOR)
    change(workshop, "service", {"skeleton/README.md": "# ${{ values.name }}\n\nsecond\n"})
    execute_run(api.post(f"{OURS}/instances/{Instance.objects.get().pk}/upgrade", {}).json()["run"])
    (pull,) = host.open_pull_requests(name)
    assert pull.draft
    assert "`README.md`" in pull.body


def test_all_of_it_is_taken_back(workshop: Workshop, api: Api, place: Place) -> None:
    run_id = made_by_form(workshop, place)
    assert len(listed(place)) == 1
    assert api.post(f"{OURS}/runs/{run_id}/rollback", {}).status_code == 202
    roll_back(str(Rollback.objects.get().pk))
    shown = api.get(f"{OURS}/runs/{run_id}").json()
    assert shown["rollback"]["state"] == "done", shown["rollback"]
    assert {one["state"] for one in shown["effects"]} == {"undone"}, shown["effects"]
    assert listed(place) == []
    assert api.get("/api/catalog/entities/by-name/component/default/payments").status_code == 404
