"""People in groups, a template that asks for their approval, and a run of it that waits."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.actions import ingest_now, register
from scaffolder.tasks import plan_run
from scm.registry import publishing_host
from scm.values import Author, RepositoryName
from tests.catalog.documents import several
from tests.conftest import Api
from tests.scaffolder.conftest import BY, Workshop, template_document

PLATFORM = "group:default/platform"
RUNS = "/api/v1/scaffolder/runs"
PUBLISH = [
    {
        "id": "write",
        "action": "catalog:write",
        "input": {
            "entity": {
                "apiVersion": "v1",
                "kind": "Component",
                "metadata": {"name": "${{ parameters.name }}"},
            }
        },
    },
    {
        "id": "publish",
        "action": "publish:local",
        "input": {"repoUrl": "local?owner=acme&repo=${{ parameters.name }}"},
    },
]


def user(name: str, *groups: str) -> str:
    return f"""
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {{name: {name}}}
spec: {{memberOf: [{", ".join(groups)}]}}
"""


def group(name: str, parent: str = "") -> str:
    above = f"parent: {parent}, " if parent else ""
    return f"""
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {{name: {name}}}
spec: {{type: team, {above}children: []}}
"""


class Desk:
    """Where approvals are given: a template, its runs, and a token for each person."""

    def __init__(self, workshop: Workshop, as_role: Callable[..., Api]) -> None:
        self.workshop = workshop
        self._as_role = as_role
        self._people: dict[str, Api] = {}

    def by(self, name: str) -> Api:
        if name not in self._people:
            self._people[name] = self._as_role("developer", acts_for=f"user:default/{name}")
        return self._people[name]

    def offer(self, name: str = "made", steps: Any = PUBLISH, **annotations: str) -> str:
        keys = {key.replace("_", "-"): text for key, text in annotations.items()}
        said = {f"greenroom.dev/{key}": text for key, text in keys.items()}
        return offered(self.workshop, name, steps, said)

    def start(self, ref: str, name: str = "shop", by: str = "ana", **more: Any) -> str:
        body = {"templateRef": ref, "values": {"name": name}, **more}
        answer = self.by(by).post("/api/scaffolder/v2/tasks", body)
        assert answer.status_code == 201, answer.content
        return str(answer.json()["id"])

    def planned(self, ref: str, **more: Any) -> str:
        run_id = self.start(ref, **more)
        plan_run(run_id)
        return run_id

    def request(self, run_id: str) -> dict[str, Any]:
        answer = self.by("pat").get(f"{RUNS}/{run_id}/plan")
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    def approve(self, run_id: str, by: str = "pat", digest: str | None = None) -> Any:
        wanted = self.request(run_id)["digest"] if digest is None else digest
        return self.by(by).post(f"{RUNS}/{run_id}/approve", {"hash": wanted})

    def reject(self, run_id: str, by: str = "pat", reason: str = "not now") -> Any:
        return self.by(by).post(f"{RUNS}/{run_id}/reject", {"reason": reason})


def offered(workshop: Workshop, name: str, steps: Any, annotations: dict[str, str], **spec: Any) -> str:
    import json

    template = template_document(name, steps, **spec)
    template["metadata"]["annotations"] = annotations
    return workshop.offer_files(name, {"template.yaml": json.dumps(template)})


def change(workshop: Workshop, name: str, annotations: dict[str, str], steps: Any, **spec: Any) -> None:
    """A newer version of a template that is offered already."""
    import json

    from catalog.models import Location

    template = template_document(name, steps, **spec)
    template["metadata"]["annotations"] = annotations
    folder = workshop.folder / name
    (folder / "template.yaml").write_text(json.dumps(template))
    author = Author("Tests", "tests@greenroom.invalid")
    repository, local = RepositoryName("templates", name), publishing_host("local")
    local.push_tree(repository, folder, branch="main", message="newer", author=author)
    target = local.contents_url(repository, "main", "template.yaml")
    ingest_now(Location.objects.get(target=target))


@pytest.fixture
def people(db: None, tmp_path: Path) -> None:
    """ana asks; pat and pia are in platform; vic is in platform's subgroup; zoe is in none of them."""
    text = several(
        group("platform"),
        group("on-call", "platform"),
        group("shop"),
        user("ana", "platform"),
        user("pat", "platform"),
        user("pia", "platform"),
        user("vic", "on-call"),
        user("zoe", "shop"),
    )
    folder = tmp_path / "people"
    folder.mkdir()
    (folder / "people.yaml").write_text(text)
    repository, local = RepositoryName("acme", "people"), publishing_host("local")
    local.create_repository(
        repository, description="", default_branch="main", private=False, made_by="system:tests"
    )
    local.push_tree(
        repository, folder, branch="main", message="people", author=Author("T", "t@greenroom.invalid")
    )
    ingest_now(register("url", local.contents_url(repository, "main", "people.yaml"), BY))


@pytest.fixture
def desk(people: None, workshop: Workshop, as_role: Callable[..., Api]) -> Desk:
    return Desk(workshop, as_role)
