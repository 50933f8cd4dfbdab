"""publish:github:pull-request from a fork: made where there is none, once, and deleted with what is in it."""

from collections.abc import Callable
from typing import Any

import pytest

from scaffolder.errors import CannotUndo
from scaffolder.steps import ACTIONS
from scaffolder.steps.github import forking
from scaffolder.tasks import execute_run
from scm.fakes.github import FakeGitHub
from tests.scaffolder.github.conftest import NAME, REPO_URL, Publisher

pytestmark = pytest.mark.django_db

ACTION = "publish:github:pull-request"
GIVEN: dict[str, Any] = {"branchName": "add-app", "title": "Add the app", "description": "From a template."}
FORKED = {**GIVEN, "forceFork": True}
ANA = {"ghp_ana": "ana"}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forking, "PAUSES", (0.0,) * 5)


@pytest.fixture
def upstream(existing: FakeGitHub) -> FakeGitHub:
    """acme/payments, and ana with a token of her own that does not push there."""
    existing.tokens["ghp_ana"] = "everything"
    existing.people_of["ghp_ana"] = "ana"
    existing.guests.add("ghp_ana")
    return existing


def pulls(hub: FakeGitHub) -> list[tuple[str, str, str]]:
    return [(one.fork, one.head, one.state) for one in hub.facts(NAME).pulls.values()]


def forks(hub: FakeGitHub) -> dict[str, set[str]]:
    """Each fork's owner and its branches."""
    return {one.owner: set(one.heads) for one in hub.state.repositories.values() if one.parent}


def untouched(hub: FakeGitHub) -> bool:
    return hub.state.repositories[NAME].branches == {
        "main": {"README.md": b"# Theirs\n", "old.txt": b"old\n"}
    }


@pytest.mark.parametrize("given", [{"token": "ghp_ana"}, {"token": "ghp_ana", "forceFork": True}])
def test_who_may_not_push_proposes_from_a_fork(
    publisher: Publisher, upstream: FakeGitHub, given: dict[str, Any]
) -> None:
    run_id = publisher.run(ACTION, **GIVEN, **given)
    assert publisher.workshop.output(run_id) == {
        "targetBranchName": "main",
        "remoteUrl": f"{upstream.url}/{NAME}/pull/1",
        "pullRequestNumber": 1,
    }
    assert (pulls(upstream), forks(upstream)) == ([("ana", "add-app", "open")], {"ana": {"main", "add-app"}})
    (fork,) = (one for one in upstream.state.repositories.values() if one.parent)
    assert fork.branches["add-app"].keys() == {"README.md", "old.txt", "src/app.py"}
    assert untouched(upstream)
    with pytest.raises(CannotUndo, match="is not in our account"):
        publisher.undo(run_id)
    assert (pulls(upstream), forks(upstream)) == ([("ana", "add-app", "closed")], {"ana": {"main"}})


def test_a_fork_that_the_run_made_goes_with_it(publisher: Publisher, upstream: FakeGitHub) -> None:
    run_id = publisher.run(ACTION, **FORKED)
    assert forks(upstream) == {"greenroom-bot": {"main", "add-app"}}
    publisher.undo(run_id)
    assert (pulls(upstream), forks(upstream)) == ([("greenroom-bot", "add-app", "closed")], {})
    assert untouched(upstream)


def test_a_fork_that_was_there_is_used_and_stays(publisher: Publisher, upstream: FakeGitHub) -> None:
    """The second run proposes a change to what was pushed to the repository since it was forked."""
    first = publisher.run(ACTION, **FORKED)
    upstream.state.repositories[NAME].push({"README.md": b"# Newer\n"})
    second = publisher.run(ACTION, **{**FORKED, "branchName": "more"}, files={"more.py": "1\n"})
    assert publisher.workshop.task(second)["status"] == "completed", publisher.error(second)
    (fork,) = (one for one in upstream.state.repositories.values() if one.parent)
    assert fork.branches["more"].keys() == {"README.md", "more.py"}
    with pytest.raises(CannotUndo, match="has the branch 'more'"):
        publisher.undo(first)
    publisher.undo(second)
    assert forks(upstream) == {"greenroom-bot": {"main"}}
    publisher.undo(first)
    assert forks(upstream) == {}


def test_a_person_s_fork_that_was_there_is_nothing_of_the_run(
    publisher: Publisher, upstream: FakeGitHub
) -> None:
    publisher.done(ACTION, **GIVEN, token="ghp_ana")
    run_id = publisher.run(ACTION, **{**GIVEN, "branchName": "more"}, token="ghp_ana")
    publisher.undo(run_id)
    assert forks(upstream) == {"ana": {"main", "add-app"}}


def test_the_branch_of_a_fork_is_left_alone_unless_update_is_said(
    publisher: Publisher, upstream: FakeGitHub
) -> None:
    publisher.run(ACTION, **FORKED)
    assert "set update: true" in publisher.error(publisher.run(ACTION, **FORKED))
    publisher.done(ACTION, **FORKED, update=True, files={"more.py": "1\n"})
    assert pulls(upstream) == [("greenroom-bot", "add-app", "open")]


MOMENTS = [*((point, nth) for point in ("intend", "prove") for nth in range(3)), ("complete", 0)]


@pytest.mark.parametrize(("point", "nth"), MOMENTS)
@pytest.mark.parametrize("then", ["resume", "rollback"])
def test_whoever_is_killed_there_is_one_fork_or_none(
    publisher: Publisher, upstream: FakeGitHub, point: str, nth: int, then: str
) -> None:
    run_id = publisher.killed_at(point, publisher.offer(publisher.step(ACTION, **FORKED)), nth)
    if then == "resume":
        execute_run(run_id)
        assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
        assert pulls(upstream) == [("greenroom-bot", "add-app", "open")]
        assert forks(upstream) == {"greenroom-bot": {"main", "add-app"}}
    publisher.undo(run_id)
    assert forks(upstream) == {}
    assert "open" not in {state for *_, state in pulls(upstream)}


def test_a_branch_that_was_begun_and_never_pushed_to_goes_too(
    publisher: Publisher, upstream: FakeGitHub
) -> None:
    upstream.fail("/git-receive-pack", 500, times=9)
    run_id = publisher.run(ACTION, **FORKED)
    assert publisher.workshop.task(run_id)["status"] == "failed"
    assert forks(upstream) == {"greenroom-bot": {"main", "add-app"}}
    upstream.faults.clear()
    publisher.undo(run_id)
    assert forks(upstream) == {}


@pytest.mark.parametrize("path", ["/forks", "/git/refs", "/git-receive-pack", "/pulls"])
def test_an_answer_that_is_lost_is_looked_for(publisher: Publisher, upstream: FakeGitHub, path: str) -> None:
    upstream.lose("POST", path)
    publisher.done(ACTION, **FORKED)
    assert pulls(upstream) == [("greenroom-bot", "add-app", "open")]
    assert forks(upstream) == {"greenroom-bot": {"main", "add-app"}}


def test_a_fork_that_is_never_filled_is_waited_for_and_told_of(
    publisher: Publisher, upstream: FakeGitHub
) -> None:
    upstream.forks.looks = 1000
    assert "has not filled the fork" in publisher.error(publisher.run(ACTION, **FORKED))
    assert pulls(upstream) == []


def test_where_forks_are_forbidden_the_way_out_is_told(publisher: Publisher, upstream: FakeGitHub) -> None:
    upstream.facts(NAME).settings["allow_forking"] = False
    run_id = publisher.run(ACTION, **FORKED)
    assert "may not be forked" in publisher.error(run_id)
    assert forks(upstream) == {}
    publisher.undo(run_id)


def test_nobody_forks_what_is_theirs(publisher: Publisher, hub: FakeGitHub) -> None:
    hub.state.repository("greenroom-bot/own", {"README.md": b"# Own\n"})
    publisher.done(ACTION, **{**FORKED, "repoUrl": "github.test?owner=greenroom-bot&repo=own"})
    assert forks(hub) == {}
    assert [one.fork for one in hub.facts("greenroom-bot/own").pulls.values()] == [""]


def test_a_plan_has_the_fork_and_asks_nobody(hub: FakeGitHub, effects: Callable[[str], Any]) -> None:
    foresee = ACTIONS[ACTION].foresee
    assert foresee is not None
    found = foresee(None, {"repoUrl": REPO_URL, **FORKED, "targetBranchName": "main"})  # type: ignore[arg-type]
    assert [kind for kind, _ in found.effects] == ["fork", "branch", "pull-request"]
    assert hub.asked == []
