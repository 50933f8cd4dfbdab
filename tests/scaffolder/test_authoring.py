"""What those who write templates get over REST: extensions of the language, and suggestions for fields."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scaffolder.checks import extensions_are_loaded
from scaffolder.expressions import extensions
from scm import registry
from scm.fakes.github import FakeGitHub
from scm.fakes.gitlab import FakeGitLab
from scm.github.host import GitHubHost
from scm.gitlab.host import GitLabHost
from scm.registry import publishing_host
from scm.values import Author, RepositoryName
from tests.conftest import Api
from tests.contracts.worlds import on_github, on_gitlab
from tests.scaffolder.conftest import Workshop

EXTENSIONS = "/api/scaffolder/v2/templating-extensions"
ME = "greenroom-bot"
"""Whose the tokens of the fakes are."""
SAMPLE = "tests.scaffolder.extension_sample"


@pytest.fixture
def sample(settings: Any) -> Iterator[None]:
    settings.GREENROOM_SCAFFOLDER_EXTENSIONS = [SAMPLE]
    assert extensions_are_loaded() == []
    yield
    extensions.load([])


@pytest.mark.django_db
def test_extensions_are_described(sample: None, api: Api) -> None:
    told = api.get(EXTENSIONS).json()
    assert told["filters"]["shout"] == {
        "description": "Louder.",
        "examples": [{"example": "x | shout"}],
        "schema": {"input": {"type": "string"}},
    }
    assert {"parseRepoUrl", "pick"} < told["filters"].keys()
    assert told["globals"]["values"] == {"company": {"value": {"name": "Acme"}, "description": "Who we are."}}
    assert told["globals"]["functions"].keys() == {"year", "broken"}


@pytest.mark.django_db(transaction=True)
def test_steps_and_skeletons_use_extensions(sample: None, workshop: Workshop) -> None:
    ref = workshop.offer(
        "loud",
        [
            {
                "action": "fetch:template",
                "input": {"url": "./skeleton", "values": {"n": "${{ company.name | shout(2) }}"}},
            },
            {"id": "read", "action": "debug:log", "input": {"listWorkspace": "with-contents"}},
        ],
        {"skeleton/a.txt": "${{ values.n }} ${{ 'b' | shout }} ${{ year() }} ${{ company.name }}"},
        output={"n": "${{ company.name | shout }}", "bad": "${{ 1 | shout }}", "broken": "${{ broken() }}"},
    )
    run = workshop.run(ref)
    assert workshop.output(run) == {"n": "ACME!", "bad": "${{ 1 | shout }}", "broken": "${{ broken() }}"}
    assert any("ACME!! B! 2026 Acme" in line for line in workshop.messages(run))


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ({"FILTERS": ["x"]}, "holds a str; it takes TemplateFilter"),
        ({"FILTERS": [extensions.TemplateFilter("pick", str)]}, "'pick' is there already"),
        ({"FILTERS": [extensions.TemplateFilter("upper", str)]}, "'upper' is there already"),
        ({"FUNCTIONS": [extensions.TemplateFunction("range", str)]}, "'range' is there already"),
        ({"VALUES": [extensions.TemplateValue("a b", 1)]}, "no name that a template could write"),
        ({"VALUES": [extensions.TemplateValue("constructor", 1)]}, "no name that a template could write"),
        ({"VALUES": [extensions.TemplateValue("a", 1)] * 2}, "'a' is there already"),
    ],
)
def test_what_is_wrong_is_said_at_the_start(
    module: dict[str, Any], reason: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "wrong_extension", SimpleNamespace(**module))
    settings.GREENROOM_SCAFFOLDER_EXTENSIONS = ["wrong_extension", "no.such.module"]
    try:
        told = [str(check.msg) for check in extensions_are_loaded()]
    finally:
        extensions.load([])
    assert reason in told[0]
    assert "no.such.module" in told[1]


@pytest.fixture
def repository(tmp_path: Path, db: None) -> RepositoryName:
    name, local = RepositoryName("acme", "shop"), publishing_host("local")
    local.create_repository(name, description="", default_branch="main", private=False, made_by="x")
    (tmp_path / "a").write_text("a")
    author = Author("Ann", "ann@example.invalid")
    local.push_tree(name, tmp_path, branch="main", message="a", author=author)
    return name


def asked(api: Api, path: str, **context: Any) -> Any:
    token = "glpat-fake" if path.startswith("gitlab") else "ghp_fake"
    return api.post(f"/api/scaffolder/v2/autocomplete/{path}", {"token": token, "context": context})


@pytest.mark.parametrize(
    ("path", "context", "results"),
    [
        ("local/repositoriesWithOwner", {"owner": "acme"}, [{"id": "acme/shop"}]),
        ("local/repositories", {"owner": "acme"}, [{"id": "shop", "title": "shop"}]),
        ("local/branches", {"owner": "acme", "repository": "shop", "host": "local"}, [{"id": "main"}]),
    ],
)
def test_fields_are_suggested(
    path: str, context: dict[str, str], results: list[dict[str, str]], repository: RepositoryName, api: Api
) -> None:
    answer = asked(api, path, **context)
    assert (answer.status_code, answer.json()) == (200, {"results": results})


@pytest.fixture
def hosts(db: None) -> Iterator[None]:
    """A GitHub and a GitLab with a person, their organisation and a repository of each."""
    with FakeGitHub() as hub, FakeGitLab() as lab:
        hub.state.organisation("acme", "ana")
        hub.state.repository("acme/shop")
        hub.state.repository(f"{hub.me}/notes")
        lab.state.organisation("acme", "ana")
        lab.state.repository("acme/shop")
        lab.state.repository(f"{lab.me}/notes")
        registry.register(GitHubHost(on_github(hub)))
        registry.register(GitLabHost(on_gitlab(lab)))
        yield
        registry.forget("github.test")
        registry.forget("gitlab.test")


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["results"]]


def test_pickers_of_github_ask_for_what_belongs_to_the_person(hosts: None, api: Api) -> None:
    """What RepoUrlPicker and RepoOwnerPicker send: a host, and nobody's name."""
    assert ids(asked(api, "github/repositoriesWithOwner", host="github.test")) == ["acme/shop", f"{ME}/notes"]
    assert ids(asked(api, "github/repositoriesWithOwner", host="github.test", owner="acme")) == ["acme/shop"]
    assert ids(asked(api, "github/owners", host="github.test")) == ["acme"]


def test_pickers_of_gitlab_go_by_numbers(hosts: None, api: Api) -> None:
    """What GitlabRepoPicker sends: first it asks for groups, then for the projects of one of them, or of the person."""
    groups = asked(api, "gitlab/groups", host="gitlab.test").json()["results"]
    assert [one["title"] for one in groups] == ["acme", ME]
    for one, names in zip(groups, (["shop"], ["notes"]), strict=True):
        found = asked(api, "gitlab/repositories", host="gitlab.test", id=one["id"])
        assert found.json()["results"] == [{"id": name, "title": name} for name in names]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "context", "status", "reason"),
    [
        ("foo/x", {}, 400, "Unsupported provider: foo"),
        ("local/foo", {}, 400, "Unsupported resource: foo; local has branches"),
        ("local/branches", {"owner": "acme"}, 400, "must have required property 'repository'"),
        ("local/branches", {"owner": 1}, 400, "context must be an object of strings"),
        ("local/repositories", {"owner": "nobody"}, 404, "nobody"),
        ("github/branches", {"host": "evil.example"}, 400, "no github 'evil.example' is configured"),
    ],
)
def test_what_cannot_be_suggested_is_refused(
    path: str, context: dict[str, Any], status: int, reason: str, api: Api
) -> None:
    answer = asked(api, path, **context)
    assert answer.status_code == status
    assert reason in answer.json()["error"]["message"]
