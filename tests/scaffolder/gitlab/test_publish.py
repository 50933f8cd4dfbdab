"""publish:gitlab: what GitLab has afterwards, whoever was killed on the way."""

from typing import Any

import pytest

from scaffolder.errors import CannotUndo
from scaffolder.tasks import execute_run
from scm.fakes.gitlab import FakeGitLab
from tests.scaffolder.github.conftest import everything_kept
from tests.scaffolder.gitlab.conftest import NAME, REPO_URL, LabPublisher

pytestmark = pytest.mark.django_db

ACTION = "publish:gitlab"
FILES = {"README.md": b"# Payments\n", "src/app.py": b"print()\n"}


def test_a_workspace_becomes_a_project(publisher: LabPublisher, lab: FakeGitLab) -> None:
    output = publisher.done(
        ACTION,
        defaultBranch="main",
        settings={
            "name": "Payments!",
            "description": "Takes\npayments",
            "topics": ["pay"],
            "visibility": "internal",
            "merge_method": "ff",
        },
        branches=[{"name": "main", "protect": True}, {"name": "next", "create": True}],
        projectVariables=[{"key": "STAGE", "value": "test"}],
        ownerUsername="ana",
    )
    found = lab.state.named(NAME)
    assert found is not None
    assert output == {
        "remoteUrl": f"{lab.url}/{NAME}.git",
        "repoContentsUrl": f"{lab.url}/{NAME}/-/blob/main",
        "projectId": found.id,
        "commitHash": found.commit("main"),
        "created": True,
    }
    assert found.branches == {"main": FILES, "next": FILES}
    assert (found.description, found.visibility, found.topics) == ("Takes\npayments", "internal", ["pay"])
    facts = publisher.facts()
    assert (facts.settings["name"], facts.settings["merge_method"]) == ("Payments!", "ff")
    assert facts.protected.keys() == {"main"}
    assert facts.variables["STAGE", "*"]["value"] == "test"
    assert facts.members == {lab.numbers["ana"]: 50}


def test_without_files_it_stays_empty(publisher: LabPublisher, lab: FakeGitLab) -> None:
    output = publisher.done(ACTION, sourcePath=False)
    found = lab.state.named(NAME)
    assert found is not None
    assert (output["created"], output["commitHash"], found.heads) == (True, "", {})


def test_the_default_branch_is_the_contracts(publisher: LabPublisher, lab: FakeGitLab) -> None:
    publisher.done(ACTION)
    found = lab.state.named(NAME)
    assert found is not None
    assert (found.heads.keys(), found.default_branch) == ({"master"}, "master")


def test_a_project_that_is_there_is_left_alone(publisher: LabPublisher, existing: FakeGitLab) -> None:
    before = existing.state.repositories[NAME].heads
    assert "choose another name" in publisher.error(publisher.run(ACTION))
    output = publisher.done(ACTION, skipExisting=True)
    assert (output["created"], output["commitHash"]) == (False, before["main"])
    assert existing.state.repositories[NAME].heads == before


@pytest.mark.parametrize("then", ["resume", "rollback"])
@pytest.mark.parametrize("nth", [0, 1])
@pytest.mark.parametrize("point", ["intend", "prove", "complete"])
def test_whoever_is_killed_the_project_is_there_once_or_not_at_all(
    publisher: LabPublisher, lab: FakeGitLab, point: str, nth: int, then: str
) -> None:
    if (point, nth) == ("complete", 1):
        pytest.skip("there is one step after the fetch")
    run_id = publisher.killed_at(point, publisher.offer(publisher.step(ACTION)), nth)
    if then == "resume":
        execute_run(run_id)
        assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
        assert publisher.projects() == [NAME]
        found = lab.state.repositories[NAME]
        assert (found.description, found.branches) == ("", {"master": FILES})
    publisher.undo(run_id)
    assert publisher.projects() == []


def test_what_a_host_keeps_for_its_time_is_marked(publisher: LabPublisher, lab: FakeGitLab) -> None:
    lab.keeps_deleted = True
    run_id = publisher.run(ACTION)
    publisher.undo(run_id)
    publisher.undo(run_id)
    (left,) = publisher.projects()
    assert left.startswith(f"{NAME}-deletion_scheduled-")


def test_a_project_that_took_the_name_is_not_touched(publisher: LabPublisher, lab: FakeGitLab) -> None:
    run_id = publisher.run(ACTION)
    del lab.state.repositories[NAME]
    lab.state.repository(NAME, {"theirs": b"1"})
    with pytest.raises(CannotUndo, match="another one now"):
        publisher.undo(run_id)
    assert publisher.projects() == [NAME]


def test_who_may_not_is_told_the_way_out(publisher: LabPublisher, lab: FakeGitLab) -> None:
    lab.readers = set(lab.tokens)
    assert "give it the right" in publisher.error(publisher.run(ACTION))
    assert publisher.projects() == []
    lab.readers = set()
    absent = publisher.run(ACTION, repoUrl="gitlab.test?owner=nowhere&repo=x")
    assert "mend the owner in repoUrl" in publisher.error(absent)


def test_a_persons_token_acts_as_that_person_and_is_kept_nowhere(
    publisher: LabPublisher, lab: FakeGitLab
) -> None:
    lab.tokens.add("glpat-canary-of-ana")
    lab.people_of["glpat-canary-of-ana"] = "ana"
    step = {
        "action": ACTION,
        "input": {"repoUrl": REPO_URL, "token": "${{ secrets.USER_TOKEN }}", "setUserAsOwner": True},
    }
    run_id = publisher.workshop.run(publisher.offer(step), secrets={"USER_TOKEN": "glpat-canary-of-ana"})
    assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
    made = [one for one in lab.asked if one.method == "POST" and one.path.endswith("/projects")]
    assert [one.headers["private-token"] for one in made] == ["glpat-canary-of-ana"]
    assert publisher.facts().members == {lab.numbers["ana"]: 50}
    assert "canary" not in everything_kept(run_id)


def test_a_host_that_is_away_leaves_nothing(publisher: LabPublisher, lab: FakeGitLab) -> None:
    lab.down = True
    run_id = publisher.run(ACTION)
    assert "does not answer" in publisher.error(run_id)
    lab.down = False
    publisher.undo(run_id)
    assert publisher.projects() == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"signCommit": True}, "signCommit"),
        ({"setUserAsOwner": True}, "token"),
        ({"ownerUsername": "nobody"}, "ownerUsername 'nobody'"),
        ({"branches": [{"name": "a..b"}]}, "branches"),
    ],
)
def test_what_cannot_be_had_is_refused_before_anything_is_made(
    publisher: LabPublisher, given: dict[str, Any], words: str
) -> None:
    assert words in publisher.error(publisher.run(ACTION, **given))
    assert publisher.projects() == []
