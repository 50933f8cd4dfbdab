"""A template whose repository changes, and what is made of it: for the tests of the registry and of upgrades."""

import json
from datetime import timedelta
from typing import Any

from django.utils import timezone

from catalog.actions import ingest_now
from catalog.models import Location
from scaffolder.upgrades.following import look_at_many
from scaffolder.upgrades.models import Upgrade
from scm.registry import publishing_host
from scm.values import Author, RepositoryName
from tests.scaffolder.conftest import Workshop, template_document

AUTHOR = Author("Tests", "tests@greenroom.invalid")
CATALOG_INFO = """apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: ${{ values.name }}
spec: {type: service, lifecycle: production, owner: group:default/platform}
"""
STEPS: list[dict[str, Any]] = [
    {
        "id": "fetch",
        "action": "fetch:template",
        "input": {"url": "./skeleton", "values": {"name": "${{ parameters.name }}"}},
    },
    {
        "id": "publish",
        "action": "publish:local",
        "input": {"repoUrl": "local?owner=acme&repo=${{ parameters.name }}"},
    },
    {
        "id": "register",
        "action": "catalog:register",
        "input": {"repoContentsUrl": "${{ steps.publish.output.repoContentsUrl }}"},
    },
]
SKELETON = {
    "skeleton/catalog-info.yaml": CATALOG_INFO,
    "skeleton/README.md": "# ${{ values.name }}\n\nfirst\n",
}


def document(name: str = "service", annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """The template, with annotations."""
    made = template_document(name, spec.pop("steps", STEPS), **spec)
    if annotations:
        made["metadata"]["annotations"] = annotations
    return made


def offer(workshop: Workshop, files: dict[str, str] | None = None, **template: Any) -> str:
    """Put the template into a repository and into the catalog; its reference."""
    made = document(**template)
    content = {"template.yaml": json.dumps(made), **(files or SKELETON)}
    return workshop.offer_files(made["metadata"]["name"], content)


def change(workshop: Workshop, name: str, files: dict[str, str | None]) -> str:
    """Push other files to the template's repository and have the catalog read it; the commit."""
    folder = workshop.folder / name
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            (folder / path).unlink()
        else:
            (folder / path).write_text(text)
    host, repository = publishing_host("local"), RepositoryName("templates", name)
    sha = host.push_tree(repository, folder, branch="main", message="change", author=AUTHOR)
    url = host.contents_url(repository, "main", "template.yaml")
    ingest_now(Location.objects.get(target=url))
    return sha


def look_now() -> None:
    """Let all upgrades be due, and look at them."""
    Upgrade.objects.update(looked_at=timezone.now() - timedelta(hours=2))
    look_at_many()
