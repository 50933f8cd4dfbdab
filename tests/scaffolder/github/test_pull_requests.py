"""publish:github:pull-request: a branch and a pull request, once, and gone again."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from scaffolder.errors import CannotUndo
from scaffolder.steps import ACTIONS
from scaffolder.tasks import execute_run
from scm.fakes.github import FakeGitHub
from scm.fakes.objects import write_head
from scm.github import forks
from scm.github.host import GitHubHost
from scm.values import RepositoryName
from tests.contracts.worlds import on_github
from tests.scaffolder.conftest import TASKS
from tests.scaffolder.github.conftest import NAME, REPO_URL, Publisher

pytestmark = pytest.mark.django_db

GIVEN: dict[str, Any] = {"branchName": "add-app", "title": "Add the app", "description": "From a template."}
ACTION = "publish:github:pull-request"


def pulls(hub: FakeGitHub) -> list[tuple[str, str, str, str]]:
    return [(one.head, one.base, one.title, one.state) for one in hub.facts(NAME).pulls.values()]


def heads(hub: FakeGitHub) -> set[str]:
    return set(hub.state.repositories[NAME].heads)


def test_the_workspace_is_proposed_beside_what_is_there(publisher: Publisher, existing: FakeGitHub) -> None:
    output = publisher.done(
        ACTION, **GIVEN, targetPath="services/app", filesToDelete=["old.txt"], draft=True, sourcePath="src"
    )
    assert output == {
        "targetBranchName": "main",
        "remoteUrl": f"{existing.url}/{NAME}/pull/1",
        "pullRequestNumber": 1,
    }
    assert pulls(existing) == [("add-app", "main", "Add the app", "open")]
    pull = existing.facts(NAME).pulls[1]
    assert (pull.draft, pull.body) == (True, "From a template.")
    found = existing.state.repositories[NAME].branches
    assert found["add-app"].keys() == {"README.md", "old.txt", "services/app/app.py"}
    assert found["main"].keys() == {"README.md", "old.txt"}


def test_files_are_taken_away_and_people_are_asked(publisher: Publisher, existing: FakeGitHub) -> None:
    publisher.done(
        ACTION,
        **GIVEN,
        filesToDelete=["old.txt"],
        reviewers=["user:default/ana"],
        teamReviewers=["platform"],
        assignees=["bo"],
    )
    pull = existing.facts(NAME).pulls[1]
    assert (pull.reviewers, pull.teams, pull.assignees) == (["ana"], ["platform"], ["bo"])
    assert existing.state.repositories[NAME].branches["add-app"].keys() == {"README.md", "src/app.py"}


def test_somebody_who_cannot_be_asked_is_told_of(publisher: Publisher, existing: FakeGitHub) -> None:
    run_id = publisher.run(ACTION, **GIVEN, reviewers=["nobody"])
    assert publisher.workshop.task(run_id)["status"] == "completed"
    assert any("not everybody could be asked" in said for said in publisher.workshop.messages(run_id))


def test_a_branch_that_is_there_is_left_alone_unless_update_is_said(
    publisher: Publisher, existing: FakeGitHub
) -> None:
    first = publisher.run(ACTION, **GIVEN)
    assert "set update: true" in publisher.error(publisher.run(ACTION, **GIVEN))
    again = publisher.run(ACTION, **{**GIVEN, "title": "Add more"}, files={"more.py": "1\n"}, update=True)
    assert publisher.workshop.output(again)["pullRequestNumber"] == 1
    assert pulls(existing) == [("add-app", "main", "Add more", "open")]
    files = existing.state.repositories[NAME].branches["add-app"]
    assert files.keys() == {"README.md", "old.txt", "src/app.py", "more.py"}
    with pytest.raises(CannotUndo, match="was open before this run"):
        publisher.undo(again)
    with pytest.raises(CannotUndo, match="has moved on"):
        publisher.undo(first)
    assert heads(existing) == {"main", "add-app"}


def test_nothing_new_is_no_pull_request(publisher: Publisher, existing: FakeGitHub) -> None:
    same = {"README.md": "# Theirs\n"}
    run_id = publisher.run(ACTION, **GIVEN, files=same)
    assert "nothing differs from 'main'" in publisher.error(run_id)
    output = publisher.done(ACTION, **GIVEN, files=same, createWhenEmpty=False)
    assert output == {"targetBranchName": "main"}
    assert (pulls(existing), heads(existing)) == ([], {"main"})


MOMENTS = [*((point, nth) for point in ("intend", "prove") for nth in range(2)), ("complete", 0)]


@pytest.mark.parametrize(("point", "nth"), MOMENTS)
@pytest.mark.parametrize("then", ["resume", "rollback"])
def test_whoever_is_killed_there_is_one_pull_request_or_none(
    publisher: Publisher, existing: FakeGitHub, point: str, nth: int, then: str
) -> None:
    run_id = publisher.killed_at(point, publisher.offer(publisher.step(ACTION, **GIVEN)), nth)
    if then == "resume":
        execute_run(run_id)
        assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
        assert pulls(existing) == [("add-app", "main", "Add the app", "open")]
        assert existing.state.repositories[NAME].pushes == 2
    publisher.undo(run_id)
    assert [one for one in pulls(existing) if one[3] == "open"] == []
    assert heads(existing) == {"main"}


@pytest.mark.parametrize("path", ["/git-receive-pack", "/pulls"])
def test_an_answer_that_is_lost_is_looked_for(publisher: Publisher, existing: FakeGitHub, path: str) -> None:
    existing.lose("POST", path)
    publisher.done(ACTION, **GIVEN)
    assert len(pulls(existing)) == 1
    assert existing.state.repositories[NAME].pushes == 2


def test_a_run_that_failed_in_its_middle_is_retried(publisher: Publisher, existing: FakeGitHub) -> None:
    """What was found when it first came there is still true, though the run had ended in between."""
    existing.fail("/pulls", 500, times=9)
    run_id = publisher.run(ACTION, **GIVEN)
    assert "answered 500" in publisher.error(run_id)
    existing.faults.clear()
    assert publisher.workshop.api.post(f"{TASKS}/{run_id}/retry", {}).status_code == 201
    execute_run(run_id)
    assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
    assert len(pulls(existing)) == 1
    publisher.undo(run_id)
    assert heads(existing) == {"main"}


def test_a_branch_of_somebody_else_is_not_deleted(publisher: Publisher, existing: FakeGitHub) -> None:
    """The worker was killed before it pushed, and somebody made a branch of that name since."""
    run_id = publisher.killed_at("prove", publisher.offer(publisher.step(ACTION, **GIVEN)))
    repository = existing.state.repositories[NAME]
    theirs = repository.push({"theirs": b"1"}, "add-app")
    with pytest.raises(CannotUndo, match="cannot prove"):
        publisher.undo(run_id)
    assert repository.heads["add-app"] == theirs


def test_what_was_merged_meanwhile_is_left_to_a_person(publisher: Publisher, existing: FakeGitHub) -> None:
    run_id = publisher.run(ACTION, **GIVEN)
    existing.facts(NAME).pulls[1].state = "merged"
    with pytest.raises(CannotUndo, match="was merged; revert it there"):
        publisher.undo(run_id)


def test_a_default_branch_that_moves_during_the_push_loses_nothing(
    publisher: Publisher, existing: FakeGitHub
) -> None:
    repository = existing.state.repositories[NAME]
    first = repository.commit("main")
    repository.push({"README.md": b"# Theirs\n", "new": b"1"})

    def rewind() -> None:
        write_head(repository.bare.folder, "main", first)

    existing.meanwhile("POST", "/git-receive-pack", rewind)
    run_id = publisher.run(ACTION, **GIVEN)
    assert repository.commit("main") == first
    assert publisher.workshop.task(run_id)["status"] in {"completed", "failed"}
    for one in existing.facts(NAME).pulls.values():
        assert one.head in repository.heads


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"branchName": "a..b"}, "branchName 'a..b' is not a branch name"),
        ({"targetBranchName": "absent"}, "targetBranchName 'absent' is not there"),
        ({"targetPath": "../x"}, "stay inside"),
        ({"repoUrl": "github.test?owner=acme&repo=absent"}, "repository 'acme/absent' is not on github.test"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_made(
    publisher: Publisher, existing: FakeGitHub, given: dict[str, Any], words: str
) -> None:
    assert words in publisher.error(publisher.run(ACTION, **{**GIVEN, **given}))
    assert (pulls(existing), heads(existing)) == ([], {"main"})


def test_a_dry_run_and_a_plan_ask_nobody(hub: FakeGitHub, effects: Callable[[str], Any]) -> None:
    foresee = ACTIONS[ACTION].foresee
    assert foresee is not None
    found = foresee(None, {"repoUrl": REPO_URL, **GIVEN, "targetBranchName": "main"})  # type: ignore[arg-type]
    assert [kind for kind, _ in found.effects] == ["branch", "pull-request"]
    assert found.output["targetBranchName"] == "main"
    assert hub.asked == []


def test_a_fork_s_branch_of_the_same_name_is_not_taken_for_ours(
    publisher: Publisher, existing: FakeGitHub
) -> None:
    existing.tokens["ghp_ana"], existing.people_of["ghp_ana"] = "everything", "ana"
    host = GitHubHost(replace(on_github(existing), token="ghp_ana"))
    upstream = RepositoryName.parse(NAME)
    fork = forks.make_fork(host.access, upstream, "theirs")
    while not forks.is_filled(host.access, fork):
        pass
    existing.state.repositories["ana/theirs"].push({"theirs": b"1"}, "add-app")
    wanted = {"title": "Theirs", "body": "", "target_branch": "main", "author": "ana"}
    host.open_pull_request(upstream, source_branch="add-app", fork="ana", **wanted)
    run_id = publisher.run(ACTION, **GIVEN)
    assert publisher.workshop.output(run_id)["pullRequestNumber"] == 2
    publisher.undo(run_id)
    assert [state for *_, state in pulls(existing)] == ["open", "closed"]
