"""Upgrades of repositories on GitHub, whose archives are not all that a repository has."""

import pytest

from scaffolder.models import Instance, Run
from scaffolder.tasks import execute_run
from scm.fakes.github import FakeGitHub
from scm.registry import publishing_host
from scm.values import RepositoryName
from tests.conftest import Api
from tests.scaffolder.conftest import Workshop
from tests.scaffolder.registry_world import AUTHOR, SKELETON, STEPS, change, offer

pytestmark = pytest.mark.django_db
ONE = RepositoryName("acme", "one")
BRANCH = "greenroom/upgrade-service"
PUBLISH = {
    "id": "publish",
    "action": "publish:github",
    "input": {"repoUrl": "github.test?owner=acme&repo=one", "protectDefaultBranch": False},
}
LINES = "".join(f"line {number}\n" for number in range(30))


def test_what_archives_leave_out_is_merged_too(workshop: Workshop, api: Api, hub: FakeGitHub) -> None:
    """A file that .gitattributes keeps out of archives is as much the repository's as any other."""
    files = {**SKELETON, "skeleton/.gitattributes": "ci.txt export-ignore\n", "skeleton/ci.txt": LINES}
    workshop.run(offer(workshop, files=files, steps=[STEPS[0], PUBLISH, STEPS[2]]), {"name": "one"})
    folder = workshop.folder / "pushed"
    folder.mkdir()
    (folder / "ci.txt").write_text(LINES.replace("line 3\n", "mine\n"))
    host = publishing_host("github.test")
    host.push_changes(ONE, folder, branch="main", message="work", author=AUTHOR)
    change(workshop, "service", {"skeleton/ci.txt": LINES.replace("line 25\n", "theirs\n")})
    made = api.post(f"/api/v1/scaffolder/instances/{Instance.objects.get().pk}/upgrade", {})
    execute_run(made.json()["run"])
    assert Run.objects.get(pk=made.json()["run"]).state == "completed", workshop.messages(made.json()["run"])
    wanted = LINES.replace("line 3\n", "mine\n").replace("line 25\n", "theirs\n")
    assert host.read_file(ONE, BRANCH, "ci.txt").decode() == wanted
