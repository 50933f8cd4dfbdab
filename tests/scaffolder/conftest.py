"""Templates on the local code host, entered in the catalog, and runs carried out in this process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.actions import ingest_now, register
from core.api.subjects import System
from scaffolder.steps import ACTIONS
from scaffolder.steps.port import Action, object_schema
from scaffolder.tasks import execute_run
from scm.registry import publishing_host
from scm.values import Author, RepositoryName
from tests.conftest import Api
from tests.scaffolder.traps import Trap

BY = System("system:tests")
TASKS = "/api/scaffolder/v2/tasks"


def template_document(name: str, steps: list[dict[str, Any]], **spec: Any) -> dict[str, Any]:
    """A Template entity with these steps."""
    return {
        "apiVersion": "scaffolder.backstage.io/v1beta3",
        "kind": "Template",
        "metadata": {"name": name},
        "spec": {"type": "service", "owner": "group:default/platform", "steps": steps, **spec},
    }


class Workshop:
    """A person's way with templates: put them into the catalog, run them, look at what was said."""

    def __init__(self, api: Api, folder: Path) -> None:
        self.api = api
        self.folder = folder

    def offer(
        self, name: str, steps: list[dict[str, Any]], files: dict[str, str] | None = None, **spec: Any
    ) -> str:
        """A template in a repository of its own, with files beside it; answers its reference. JSON is YAML, and quotes all texts."""
        template = template_document(name, steps, **spec)
        content = {"template.yaml": json.dumps(template), **(files or {})}
        return self.offer_files(name, content)

    def offer_files(self, name: str, files: dict[str, str]) -> str:
        folder = self.folder / name
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return self.offer_folder(name, folder)

    def offer_folder(self, name: str, folder: Path) -> str:
        repository, local = RepositoryName("templates", name), publishing_host("local")
        local.create_repository(
            repository, description="", default_branch="main", private=False, made_by="system:tests"
        )
        author = Author("Tests", "tests@greenroom.invalid")
        local.push_tree(repository, folder, branch="main", message="template", author=author)
        location = register("url", local.contents_url(repository, "main", "template.yaml"), BY)
        refs = ingest_now(location)
        return next(ref for ref in refs if ref.startswith("template:"))

    def start(self, ref: str, values: dict[str, Any] | None = None, **more: Any) -> str:
        answer = self.api.post(TASKS, {"templateRef": ref, "values": values or {}, **more})
        assert answer.status_code == 201, answer.content
        return str(answer.json()["id"])

    def run(self, ref: str, values: dict[str, Any] | None = None, **more: Any) -> str:
        """Start a run and carry it out here."""
        run_id = self.start(ref, values, **more)
        execute_run(run_id)
        return run_id

    def task(self, run_id: str) -> dict[str, Any]:
        return dict(self.api.get(f"{TASKS}/{run_id}").json())

    def events(self, run_id: str) -> list[dict[str, Any]]:
        return list(self.api.get(f"{TASKS}/{run_id}/events").json())

    def messages(self, run_id: str) -> list[str]:
        return [event["body"].get("message", "") for event in self.events(run_id)]

    def completion(self, run_id: str) -> dict[str, Any]:
        (found,) = [event["body"] for event in self.events(run_id) if event["type"] == "completion"]
        return dict(found)

    def output(self, run_id: str) -> dict[str, Any]:
        completion = self.completion(run_id)
        assert "output" in completion, self.messages(run_id)
        return dict(completion["output"])


@pytest.fixture
def workshop(api: Api, tmp_path: Path) -> Workshop:
    return Workshop(api, tmp_path)


@pytest.fixture
def trap(monkeypatch: pytest.MonkeyPatch) -> Trap:
    made = Trap()
    action = Action("test:trap", "A trap", object_schema(), made, object_schema())
    monkeypatch.setitem(ACTIONS, "test:trap", action)
    return made


@pytest.fixture
def catalog_files(settings: Any) -> Callable[[Path], str]:
    """Enter a file of this machine in the catalog, as a configured location; answers nothing of interest."""
    from catalog.actions import sync_configured
    from catalog.models import Location

    def enter(file: Path) -> str:
        settings.GREENROOM_CATALOG_LOCATIONS = [f"file:{file}"]
        sync_configured(by=BY)
        location = Location.objects.get(type="file", target=str(file))
        ingest_now(location)
        return str(file)

    return enter
