"""publish:gitlab:merge-request and gitlab:repo:push: a branch and a merge request, once, and gone again."""

from typing import Any

import pytest

from scaffolder.errors import CannotUndo
from scaffolder.tasks import execute_run
from scm.fakes.gitlab import FakeGitLab
from tests.scaffolder.gitlab.conftest import NAME, LabPublisher

pytestmark = pytest.mark.django_db

ACTION, PUSH = "publish:gitlab:merge-request", "gitlab:repo:push"
GIVEN: dict[str, Any] = {"branchName": "add-app", "title": "Add the app", "description": "From a template."}
PUSHED: dict[str, Any] = {"branchName": "docs", "commitMessage": "Add the handbook", "commitAction": "auto"}


def requests(lab: FakeGitLab) -> list[tuple[str, str, str, str]]:
    found = lab.facts(NAME).merge_requests.values()
    return [(one["source_branch"], one["target_branch"], one["title"], one["state"]) for one in found]


def branches(lab: FakeGitLab) -> dict[str, set[str]]:
    return {branch: set(files) for branch, files in lab.state.repositories[NAME].branches.items()}


def test_the_workspace_is_proposed_beside_what_is_there(
    publisher: LabPublisher, existing: FakeGitLab
) -> None:
    output = publisher.done(
        ACTION,
        **GIVEN,
        sourcePath="src",
        targetPath="services/app",
        assignee="ana",
        reviewers=["bo"],
        labels=["new", "app"],
        removeSourceBranch=True,
    )
    assert output == {
        "targetBranchName": "main",
        "projectid": NAME,
        "projectPath": NAME,
        "mergeRequestUrl": f"{existing.url}/{NAME}/-/merge_requests/1",
    }
    assert requests(existing) == [("add-app", "main", "Add the app", "opened")]
    made = existing.facts(NAME).merge_requests[1]
    assert (made["assignee_ids"], made["reviewer_ids"]) == (
        [existing.numbers["ana"]],
        [existing.numbers["bo"]],
    )
    assert (made["labels"], made["remove_source_branch"]) == ("new,app", True)
    assert branches(existing)["add-app"] == {"README.md", "old.txt", "services/app/app.py"}
    assert branches(existing)["main"] == {"README.md", "old.txt"}


@pytest.mark.parametrize(
    ("how", "files", "words"),
    [
        ("create", {"README.md": "x"}, "is in 'acme/money/payments' already"),
        ("update", {"fresh": "x"}, "is not in 'acme/money/payments'"),
        ("delete", {"fresh": "x"}, "is not in 'acme/money/payments'"),
        ("skip", {"fresh": "x"}, "branchName 'add-app' is not there"),
    ],
)
def test_a_commit_action_that_does_not_fit_is_refused(
    publisher: LabPublisher, existing: FakeGitLab, how: str, files: dict[str, str], words: str
) -> None:
    run_id = publisher.run(ACTION, files=files, **GIVEN, commitAction=how)
    assert words in publisher.error(run_id)
    assert (branches(existing).keys(), requests(existing)) == ({"main"}, [])


@pytest.mark.parametrize(
    ("how", "files", "there"),
    [
        ("create", {"fresh": "x"}, {"README.md", "old.txt", "fresh"}),
        ("update", {"old.txt": "x"}, {"README.md", "old.txt"}),
        ("delete", {"old.txt": ""}, {"README.md"}),
        ("auto", {"old.txt": "x", "fresh": "x"}, {"README.md", "old.txt", "fresh"}),
    ],
)
def test_a_commit_action_does_what_it_says(
    publisher: LabPublisher, existing: FakeGitLab, how: str, files: dict[str, str], there: set[str]
) -> None:
    publisher.done(ACTION, files=files, **GIVEN, commitAction=how)
    assert branches(existing)["add-app"] == there


def test_nothing_new_is_no_merge_request(publisher: LabPublisher, existing: FakeGitLab) -> None:
    run_id = publisher.run(ACTION, files={"old.txt": "old\n"}, **GIVEN)
    assert "nothing differs from 'main'" in publisher.error(run_id)
    assert requests(existing) == []
    publisher.undo(run_id)
    assert branches(existing).keys() == {"main"}


def test_one_that_is_open_is_not_opened_again(publisher: LabPublisher, existing: FakeGitLab) -> None:
    publisher.done(ACTION, **GIVEN)
    assert "is open for 'add-app'" in publisher.error(publisher.run(ACTION, **GIVEN))
    assert len(requests(existing)) == 1


def test_somebody_unknown_is_told_of(publisher: LabPublisher, existing: FakeGitLab) -> None:
    run_id = publisher.run(ACTION, **GIVEN, reviewers=["nobody"], assignReviewersFromApprovalRules=True)
    assert publisher.workshop.task(run_id)["status"] == "completed"
    said = "\n".join(publisher.workshop.messages(run_id))
    assert "'nobody' is nobody on gitlab.test" in said
    assert "no approval rules" in said


@pytest.mark.parametrize("then", ["resume", "rollback"])
@pytest.mark.parametrize("nth", [0, 1])
@pytest.mark.parametrize("point", ["intend", "prove"])
def test_whoever_is_killed_it_is_there_once_or_not_at_all(
    publisher: LabPublisher, existing: FakeGitLab, point: str, nth: int, then: str
) -> None:
    run_id = publisher.killed_at(point, publisher.offer(publisher.step(ACTION, **GIVEN)), nth)
    if then == "resume":
        execute_run(run_id)
        assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
        assert requests(existing) == [("add-app", "main", "Add the app", "opened")]
        assert branches(existing).keys() == {"main", "add-app"}
    publisher.undo(run_id)
    publisher.undo(run_id)
    assert branches(existing).keys() == {"main"}
    assert {state for *_, state in requests(existing)} <= {"closed"}


@pytest.mark.parametrize("nth", [0, 1])
def test_what_was_proved_before_a_rollback_proves_nothing_of_what_was_made_since(
    publisher: LabPublisher, existing: FakeGitLab, nth: int
) -> None:
    run_id = publisher.killed_since_a_rollback(publisher.step(ACTION, **GIVEN), nth)
    assert "add-app" in branches(existing)
    publisher.undo(run_id)
    assert branches(existing).keys() == {"main"}
    assert {state for *_, state in requests(existing)} == {"closed"}


def test_a_branch_that_went_on_and_a_merged_request_are_left_to_a_person(
    publisher: LabPublisher, existing: FakeGitLab
) -> None:
    run_id = publisher.run(ACTION, **GIVEN)
    existing.facts(NAME).merge_requests[1]["state"] = "merged"
    with pytest.raises(CannotUndo, match="was merged"):
        publisher.undo(run_id)
    existing.facts(NAME).merge_requests[1]["state"] = "opened"
    existing.state.repositories[NAME].push({"theirs": b"1"}, "add-app")
    with pytest.raises(CannotUndo, match="moved on"):
        publisher.undo(run_id)
    assert branches(existing)["add-app"] == {"theirs"}


def test_files_are_pushed_to_a_branch_and_taken_back(publisher: LabPublisher, existing: FakeGitLab) -> None:
    run_id = publisher.run(PUSH, **PUSHED)
    output = publisher.workshop.output(run_id)
    assert output == {
        "projectid": NAME,
        "projectPath": NAME,
        "commitHash": existing.state.repositories[NAME].commit("docs"),
    }
    assert branches(existing)["docs"] == {"README.md", "old.txt", "src/app.py"}
    publisher.undo(run_id)
    assert branches(existing).keys() == {"main"}


def test_a_commit_on_a_branch_that_was_there_is_left_to_a_person(
    publisher: LabPublisher, existing: FakeGitLab
) -> None:
    run_id = publisher.run(PUSH, **{**PUSHED, "branchName": "main"})
    with pytest.raises(CannotUndo, match="was there before this run"):
        publisher.undo(run_id)
    assert "src/app.py" in branches(existing)["main"]


def test_pushing_nothing_is_no_commit(publisher: LabPublisher, existing: FakeGitLab) -> None:
    before = existing.state.repositories[NAME].heads
    given = {**PUSHED, "branchName": "main"}
    output = publisher.done(PUSH, files={"old.txt": "old\n"}, **given, allowEmpty=True)
    assert "commitHash" not in {key for key, value in output.items() if value}
    assert existing.state.repositories[NAME].heads == before
