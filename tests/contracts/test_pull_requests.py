"""What every code host with pull requests does alike: opened, followed, edited, closed, merged once."""

from pathlib import Path

import pytest

from core.errors import Conflict, InputError, NotFound
from scm.port import PullRequests
from scm.values import PullRequest, PullRequestState
from tests.contracts.writing import ANA, WritingWorld

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def branched(writing: WritingWorld, folder: Path) -> WritingWorld:
    """A repository with a commit on main and one more on the branch `feature`."""
    assert isinstance(writing.host, PullRequests)
    writing.create()
    writing.push(folder)
    (folder / "feature").write_text("1")
    writing.push(folder, "feature")
    return writing


def opened(
    writing: WritingWorld, source: str = "feature", target: str = "main", **more: object
) -> PullRequest:
    asked = {"title": "Add a feature", "body": "Words.", "author": "user:default/ana", **more}
    return writing.host.open_pull_request(  # type: ignore[attr-defined, no-any-return]
        writing.name, source_branch=source, target_branch=target, **asked
    )


def shown(writing: WritingWorld, number: int) -> PullRequest:
    return writing.host.pull_request(writing.name, number)  # type: ignore[attr-defined, no-any-return]


def everything_open(writing: WritingWorld) -> list[PullRequest]:
    return writing.host.open_pull_requests(writing.name)  # type: ignore[attr-defined, no-any-return]


def merged(writing: WritingWorld, number: int) -> PullRequest:
    return writing.host.merge_pull_request(writing.name, number, by=ANA)  # type: ignore[attr-defined, no-any-return]


def test_one_is_opened_once_and_merged_once(branched: WritingWorld, folder: Path) -> None:
    pull = opened(branched)
    assert (pull.repository, pull.title, pull.body) == (branched.name, "Add a feature", "Words.")
    assert (pull.source_branch, pull.target_branch, pull.draft) == ("feature", "main", False)
    assert (pull.head_sha, pull.state) == (branched.heads()["feature"], PullRequestState.OPEN)
    assert pull.web_url.startswith(branched.host.web_url(branched.name))
    with pytest.raises(Conflict, match=f"{pull.number}.*open"):
        opened(branched)
    assert everything_open(branched) == [pull]
    for _ in range(2):
        done = merged(branched, pull.number)
        assert (done.state, done.head_sha) == (PullRequestState.MERGED, pull.head_sha)
        merge = branched.heads()["main"]
    assert everything_open(branched) == []
    assert branched.host.read_file(branched.name, "main", "feature") == b"1"
    assert shown(branched, pull.number).state == PullRequestState.MERGED
    assert branched.push(folder) == merge  # git finds the merge there too
    (folder / "more").write_text("x")
    assert branched.push(folder) == branched.heads()["main"] != merge


def test_one_follows_its_branch_until_it_is_merged(branched: WritingWorld, folder: Path) -> None:
    branched.needs("pull requests that follow")
    pull = opened(branched)
    (folder / "feature").write_text("2")
    second = branched.push(folder, "feature")
    assert [(seen.number, seen.head_sha) for seen in everything_open(branched)] == [(pull.number, second)]
    assert merged(branched, pull.number).head_sha == second
    assert branched.host.read_file(branched.name, "main", "feature") == b"2"


def test_one_is_closed_once_and_then_not_merged(branched: WritingWorld) -> None:
    pull = opened(branched)
    for _ in range(2):
        closed = branched.host.close_pull_request(branched.name, pull.number, by="a")  # type: ignore[attr-defined]
        assert closed.state == PullRequestState.CLOSED
    with pytest.raises(Conflict, match="closed"):
        merged(branched, pull.number)
    again = opened(branched)
    assert again.number != pull.number
    assert [one.number for one in everything_open(branched)] == [again.number]


def test_a_draft_is_edited_and_not_merged(branched: WritingWorld) -> None:
    pull = opened(branched, draft=True)
    assert (pull.draft, pull.title) == (True, "Add a feature")
    edited = branched.host.edit_pull_request(  # type: ignore[attr-defined]
        branched.name, pull.number, title="Better", body="Other words."
    )
    assert (edited.title, edited.body, edited.draft) == ("Better", "Other words.", True)
    assert shown(branched, pull.number) == edited
    before = branched.heads()
    with pytest.raises(Conflict, match="draft"):
        merged(branched, pull.number)
    assert branched.heads() == before


def test_one_between_branches_that_are_not_there_is_refused(branched: WritingWorld) -> None:
    branched.needs("absent branches")
    for source, target in (("absent", "main"), ("feature", "absent")):
        with pytest.raises((NotFound, InputError), match="absent"):
            opened(branched, source, target)
    assert everything_open(branched) == []


def test_one_without_ground_is_refused(branched: WritingWorld) -> None:
    branched.point("same", branched.heads()["main"])
    if branched.refuses_empty:
        with pytest.raises(InputError, match="main"):
            opened(branched, "same")
    with pytest.raises(InputError, match="title"):
        opened(branched, title=" ")
    assert everything_open(branched) == []
    with pytest.raises(NotFound, match="7"):
        shown(branched, 7)


def test_branches_that_changed_the_same_lines_do_not_merge(branched: WritingWorld, folder: Path) -> None:
    branched.needs("merge conflicts")
    (folder / "README.md").write_text("theirs\n")
    branched.push(folder, "feature")
    (folder / "README.md").write_text("ours\n")
    main = branched.push(folder)
    pull = opened(branched)
    with pytest.raises(Conflict, match=r"README\.md" if branched.names_conflicts else "merge"):
        merged(branched, pull.number)
    assert shown(branched, pull.number).state == PullRequestState.OPEN
    assert branched.heads()["main"] == main
