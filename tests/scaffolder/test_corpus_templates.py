"""Templates that companies published for their own Backstages: each is dry-run to its end, or refused before its first
step with the action that is not there.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from scaffolder.authoring.linting import lint
from scaffolder.authoring.source import Source, read_template
from scaffolder.authoring.trial import tried
from scaffolder.expressions import render_value
from scaffolder.steps import ACTIONS
from scaffolder.template import workflow_steps
from scm import registry
from scm.connections import Connection
from scm.github.host import GitHubHost
from scm.gitlab.host import GitLabHost
from scm.values import RepositoryName
from tests.scaffolder.form_answers import answers_to
from tests.shared import SHARED, needs_shared

pytestmark = [needs_shared, pytest.mark.django_db]

CORPUS = (SHARED or Path()) / "corpus/templates"
BACKSTAGE = "backstage+software-templates/scaffolder-templates"
JANUS = "janus-idp+software-templates/templates"

UNSUPPORTED = {"argocd:create-resources", "fetch:rails", "publish:azure"}
"""Actions that Greenroom does not have."""
REFUSED = {
    f"{BACKSTAGE}/rails-demo": "fetch:rails",
    f"{JANUS}/azure/dotnet-frontend": "publish:azure",
    f"{JANUS}/github/argocd": "argocd:create-resources",
}
"""Template → the first action in it that is not there."""
COMPLETED = {
    *(
        f"{BACKSTAGE}/{name}"
        for name in (
            "clean-architecture-app",
            "create-react-app",
            "docs-template",
            "docs-template-cookiecutter",
            "gitlab-merge-request",
            "pull-request",
            "react-ssr-template",
            "springboot-grpc-template",
        )
    ),
    *(
        f"{JANUS}/github/{name}"
        for name in (
            "backstage-system",
            "define-ansible-job",
            "go-backend",
            "launch-ansible-job",
            "nodejs-backend",
            "obc",
            "quarkus-backend",
            "register-component",
            "sdlc-app",
            "spring-boot-backend",
            "techdocs",
            "tekton",
        )
    ),
    f"{JANUS}/gitlab/python-backend",
}
FORGOTTEN = {f"{JANUS}/github/launch-ansible-job": {"githubOrg": "acme"}}
"""Answers that a template uses and its form forgets to ask for; linting says so."""
ALL = sorted(
    str(file.parent.relative_to(CORPUS)) for file in CORPUS.rglob("template.yaml") if SHARED is not None
)


class Somebodys:
    """A host as it would be: every repository is there, with a file in every folder that is asked for."""

    def export_tree(self, _name: RepositoryName, _ref: str, _path: str, into: Path) -> None:
        into.mkdir(parents=True, exist_ok=True)
        (into / "README.md").write_text("theirs\n")
        (into / "catalog-info.yaml").write_text("metadata: {annotations: {}}\n")


class SomebodysGitHub(Somebodys, GitHubHost):
    """github.com."""


class SomebodysGitLab(Somebodys, GitLabHost):
    """gitlab.com."""


@pytest.fixture
def hosts() -> Iterator[None]:
    """Both public hosts, as an installation that uses such templates has them configured."""
    for made in (
        SomebodysGitHub(Connection("github", "github.com", "https://github.com", "")),
        SomebodysGitLab(Connection("gitlab", "gitlab.com", "https://gitlab.com", "")),
    ):
        registry.forget(made.host)
        registry.register(made)
    yield
    registry.forget("github.com")
    registry.forget("gitlab.com")


def copied(name: str, into: Path) -> Source:
    """A template in a copy of its repository; the published ones leave big skeletons out, which are put in."""
    repository = Path(name).parts[0]
    shutil.copytree(CORPUS / repository, into / repository)
    source = read_template(into / name, root=into / repository)
    for step in workflow_steps(source.entity):
        url = (step.get("input") or {}).get("url")
        if step["action"].startswith("fetch:") and isinstance(url, str):
            path = render_value(url, {"parameters": answers_to(source.entity)})
            folder = source.folder / str(path)
            if "://" not in str(path) and not folder.is_dir():
                folder.mkdir(parents=True)
                (folder / "left-out.txt").write_text("left out of what was published\n")
    if name.endswith("docs-template-cookiecutter"):
        inner = source.folder / "skeleton"
        if not (inner / "cookiecutter.json").is_file():
            (inner / "cookiecutter.json").write_text('{"component_id": "x"}')
            (inner / "{{cookiecutter.component_id}}").mkdir(exist_ok=True)
    return source


def actions_of(source: Source) -> list[str]:
    return [step["action"] for step in workflow_steps(source.entity)]


def test_every_template_is_on_a_list() -> None:
    assert set(ALL) == COMPLETED | REFUSED.keys()


@pytest.mark.parametrize("name", ALL)
def test_a_template_runs_dry_or_names_what_is_missing(name: str, hosts: None, tmp_path: Path) -> None:
    source = copied(name, tmp_path / "corpus")
    missing = REFUSED.get(name)
    values = answers_to(source.entity) | FORGOTTEN.get(name, {})
    workspace = tmp_path / "workspace"
    if missing is not None:
        absent = [one for one in actions_of(source) if one not in ACTIONS]
        assert absent[:1] == [missing], "nothing else is missing before it"
        assert set(absent) <= UNSUPPORTED
        with pytest.raises(InputError, match=re.escape(f"Template action with ID '{missing}'")):
            tried(source, values=values, into=workspace)
        assert not workspace.exists(), "it was refused before its first step"
        return
    found = tried(source, values=values, into=workspace)
    assert found.failure is None, found.failure
    said: list[dict[str, Any]] = [line for line in found.log if "status" in line]
    assert {line["status"] for line in said} <= {"processing", "completed", "skipped"}
    assert not [value for value in str(found.output).split() if "${{" in value], (
        "an expression was left standing"
    )


def test_what_is_not_there_is_known_not_to_be() -> None:
    assert not UNSUPPORTED & ACTIONS.keys()
    assert set(REFUSED.values()) == UNSUPPORTED, "each of them is missed by a template"


@pytest.mark.parametrize("name", FORGOTTEN)
def test_linting_names_what_a_form_forgets(name: str) -> None:
    told = [one.message for one in lint(CORPUS / name) if one.rule == "undefined-parameter"]
    assert told == [f"the form does not ask for {forgotten!r}" for forgotten in FORGOTTEN[name]]
