"""The upgrade of a repository on GitLab, by a merge request."""

from typing import Any

import pytest

from scaffolder.models import Instance
from scaffolder.tasks import execute_run
from scm.fakes.gitlab import FakeGitLab
from scm.port import Checks, CodeHost, PullRequests
from scm.registry import publishing_host
from scm.values import Author, CheckState, RepositoryName
from tests.conftest import Api
from tests.scaffolder.conftest import Workshop
from tests.scaffolder.registry_world import STEPS, change, look_now, offer

pytestmark = pytest.mark.django_db
OURS = "/api/v1/scaffolder"
ONE = RepositoryName("acme/money", "one")
PUBLISH = {
    "id": "publish",
    "action": "publish:gitlab",
    "input": {"repoUrl": "gitlab.test?owner=acme%2Fmoney&repo=one", "defaultBranch": "main"},
}


@pytest.fixture
def instance(workshop: Workshop, lab: FakeGitLab) -> Instance:
    """A repository on GitLab, of version 1; the template is at version 2."""
    run_id = workshop.run(offer(workshop, steps=[STEPS[0], PUBLISH, STEPS[2]]), {"name": "one"})
    assert workshop.task(run_id)["status"] == "completed", workshop.messages(run_id)
    change(workshop, "service", {"skeleton/README.md": "# ${{ values.name }}\n\nsecond\n"})
    return Instance.objects.get()


def host() -> Any:
    found: CodeHost = publishing_host("gitlab.test")
    assert isinstance(found, PullRequests)
    assert isinstance(found, Checks)
    return found


def test_an_upgrade_is_proposed_merged_and_noticed(
    workshop: Workshop, api: Api, lab: FakeGitLab, instance: Instance
) -> None:
    made = api.post(f"{OURS}/instances/{instance.pk}/upgrade", {}).json()
    execute_run(made["run"])
    assert workshop.task(made["run"])["status"] == "completed", workshop.messages(made["run"])
    (pull,) = host().open_pull_requests(ONE)
    assert (pull.source_branch, pull.target_branch, pull.draft) == (
        "greenroom/upgrade-service",
        "main",
        False,
    )
    assert host().read_file(ONE, pull.source_branch, "README.md") == b"# one\n\nsecond\n"
    assert host().checks(ONE, pull.head_sha) == CheckState.NONE
    again = api.post(f"{OURS}/instances/{instance.pk}/upgrade", {}).json()
    execute_run(again["run"])
    assert [one.number for one in host().open_pull_requests(ONE)] == [pull.number]
    host().merge_pull_request(ONE, pull.number, by=Author("Ana", "ana@example.org"))
    look_now()
    found = api.get(f"{OURS}/instances/{instance.pk}").json()
    assert (found["version"], found["drift"], found["upgrades"][0]["state"]) == (2, 0, "merged")


def test_conflicts_make_a_draft(workshop: Workshop, api: Api, lab: FakeGitLab, instance: Instance) -> None:
    folder = workshop.folder / "theirs"
    folder.mkdir()
    (folder / "README.md").write_text("# one\n\nmine\n")
    author = Author("Ana", "ana@example.org")
    host().push_changes(ONE, folder, branch="main", message="work", author=author)
    made = api.post(f"{OURS}/instances/{instance.pk}/upgrade", {}).json()
    execute_run(made["run"])
    (pull,) = host().open_pull_requests(ONE)
    assert pull.draft
    assert "`README.md`" in pull.body
