"""What every code host that protects branches does alike."""

from pathlib import Path

import pytest

from core.errors import NotFound
from scm.errors import PushRefused
from scm.port import Protecting, PullRequests
from scm.values import BranchRules
from tests.contracts.writing import ANA, WritingWorld

pytestmark = pytest.mark.django_db(transaction=True)

REVIEWED = BranchRules(approvals=1)


@pytest.fixture
def protected(writing: WritingWorld, folder: Path) -> WritingWorld:
    """A repository whose main branch asks for one approval."""
    if not isinstance(writing.host, Protecting):
        pytest.skip("protects nothing")
    writing.create()
    writing.push(folder)
    for _ in range(2):
        writing.host.protect_branch(writing.name, "main", REVIEWED)
    return writing


def test_rules_are_told_and_replaced(protected: WritingWorld) -> None:
    host = protected.host
    assert isinstance(host, Protecting)
    found = host.branch_rules(protected.name, "main")
    assert found is not None
    if protected.tells_approvals:
        assert found.approvals == 1
        host.protect_branch(protected.name, "main", BranchRules(approvals=2, checks=("ci",)))
        found = host.branch_rules(protected.name, "main")
        assert found is not None
        assert found.approvals == 2
    with pytest.raises(NotFound, match="absent"):
        host.protect_branch(protected.name, "absent", REVIEWED)


def test_rules_are_taken_away(protected: WritingWorld) -> None:
    protected.needs("words for an unprotected branch")
    host = protected.host
    assert isinstance(host, Protecting)
    for _ in range(2):
        host.unprotect_branch(protected.name, "main")
        assert host.branch_rules(protected.name, "main") is None


def test_nothing_is_pushed_past_the_rules(protected: WritingWorld, folder: Path) -> None:
    host, before = protected.host, protected.heads()
    assert isinstance(host, Protecting)
    (folder / "new").write_text("1")
    for attempt in (lambda: protected.push(folder), lambda: protected.change(folder, into="x")):
        with pytest.raises(PushRefused, match="protected"):
            attempt()
    assert protected.heads() == before
    protected.push(folder, "feature")  # another branch is not held
    host.unprotect_branch(protected.name, "main")
    protected.push(folder)
    assert protected.heads() != before


def test_what_is_agreed_on_still_gets_in_by_a_pull_request(protected: WritingWorld, folder: Path) -> None:
    if not isinstance(protected.host, PullRequests) or protected.fake is not None:
        pytest.skip("whether somebody agreed is the host's affair")
    (folder / "new").write_text("1")
    protected.push(folder, "feature")
    pull = protected.host.open_pull_request(
        protected.name, title="t", body="", source_branch="feature", target_branch="main", author="a"
    )
    assert protected.host.merge_pull_request(protected.name, pull.number, by=ANA).state == "merged"
    assert "new" in protected.host.list_files(protected.name, "main")


def test_a_protected_branch_is_not_deleted(protected: WritingWorld, folder: Path) -> None:
    host = protected.host
    assert isinstance(host, Protecting)
    (folder / "new").write_text("1")
    sha = protected.push(folder, "release")
    host.protect_branch(protected.name, "release", BranchRules())
    with pytest.raises(PushRefused, match="protected"):
        host.delete_branch(protected.name, "release", expected=sha)
    assert protected.heads()["release"] == sha
