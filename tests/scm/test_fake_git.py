"""The fakes' git: what is pushed over HTTP is a real push to a real repository, behind the host's own refusals."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scm.errors import GitFailed
from scm.fakes.github import FakeGitHub
from scm.fakes.gitlab import FakeGitLab
from scm.fakes.repository import FakeRepository
from scm.git import Credential, git

Fake = FakeGitHub | FakeGitLab


@pytest.fixture(params=[FakeGitHub, FakeGitLab], ids=lambda kind: kind.__name__)
def fake(request: pytest.FixtureRequest) -> Iterator[Fake]:
    with request.param() as made:
        yield made


@pytest.fixture
def repository(fake: Fake) -> FakeRepository:
    return fake.state.repository(
        "acme/payments", {"README.md": b"# Payments\n", "src/run.sh": b"#!/bin/sh\n"}
    )


def address(fake: Fake) -> str:
    return f"{fake.url}/acme/payments.git"


def said(fake: Fake, *arguments: str | Path, secret: str = "", folder: Path | None = None) -> str:
    """What git answers to a token's owner."""
    credential = Credential(fake.url, "x", secret or next(iter(fake.tokens)))
    work = {"work_tree": folder.parent} if folder and folder.name == ".git" else {}
    return git(*arguments, folder=folder, protocols="http", credential=credential, **work).decode()  # type: ignore[arg-type]


def clone(fake: Fake, into: Path) -> Path:
    said(fake, "clone", "--quiet", "--", address(fake), into)
    return into / ".git"


def commit(fake: Fake, folder: Path, name: str, content: bytes) -> str:
    (folder.parent / name).write_bytes(content)
    said(fake, "add", "--all", folder=folder)
    said(fake, "commit", "--quiet", "-m", name, folder=folder)
    return said(fake, "rev-parse", "HEAD", folder=folder).strip()


def test_what_is_there_is_cloned(fake: Fake, repository: FakeRepository, tmp_path: Path) -> None:
    repository.push({"a": b"1"}, "feature/x")
    folder = clone(fake, tmp_path / "clone")
    assert (tmp_path / "clone" / "src" / "run.sh").stat().st_mode & 0o100
    assert said(fake, "rev-parse", "origin/main", folder=folder).strip() == repository.commit("main")
    history = said(fake, "rev-list", "origin/feature/x", folder=folder).split()
    assert history == [repository.commit("feature/x"), repository.commit("main")]
    said(fake, "fsck", "--strict", folder=folder)


def test_what_is_pushed_is_read(fake: Fake, repository: FakeRepository, tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []
    repository.followers.append(lambda _, before: seen.append(before))
    first, at = repository.commit("main"), repository.pushed_at
    folder = clone(fake, tmp_path / "clone")
    large = bytes(range(256)) * 20_000  # over git's postBuffer: it comes in chunks
    made = commit(fake, folder, "large", large)
    said(fake, "push", "--quiet", "origin", "main", "main:refs/heads/new", folder=folder)
    assert repository.heads == {"main": made, "new": made}
    assert repository.branches["new"]["large"] == large
    assert repository.files_at(first) == {"README.md": b"# Payments\n", "src/run.sh": b"#!/bin/sh\n"}
    assert repository.pushed_at != at
    assert seen == [{"main": first}]
    assert repository.bare.contains(made, first)
    assert repository.archive("main")


def test_who_may_not_is_refused_in_the_host_s_words(
    fake: Fake, repository: FakeRepository, tmp_path: Path
) -> None:
    with pytest.raises(GitFailed, match=r"Authentication failed|401|could not read"):
        said(fake, "ls-remote", "--", address(fake), secret="wrong")
    with pytest.raises(GitFailed, match=r"not found|could not be found"):
        said(fake, "ls-remote", "--", f"{fake.url}/acme/absent.git")
    fake.readers = set(fake.tokens)
    folder = clone(fake, tmp_path / "clone")
    before = repository.heads
    commit(fake, folder, "a", b"1")
    with pytest.raises(GitFailed, match="403"):
        said(fake, "push", "--quiet", "origin", "main", folder=folder)
    fake.readers = set()
    repository.refuse_pushes("main", "GH006: Protected branch update failed.")
    with pytest.raises(GitFailed, match="GH006"):
        said(fake, "push", "--quiet", "origin", "main", folder=folder)
    assert repository.heads == before
    repository.refuse_pushes("main", None)
    said(fake, "push", "--quiet", "origin", "main", folder=folder)
    assert repository.heads != before


def test_faults_reach_git_too(fake: Fake, repository: FakeRepository, tmp_path: Path) -> None:
    folder = clone(fake, tmp_path / "clone")
    made = commit(fake, folder, "a", b"1")
    fake.fail("/git-receive-pack", 503)
    with pytest.raises(GitFailed, match="503"):
        said(fake, "push", "--quiet", "origin", "main", folder=folder)
    fake.lose("POST", "/git-receive-pack")
    with pytest.raises(GitFailed):
        said(fake, "push", "--quiet", "origin", "main", folder=folder)
    assert repository.heads["main"] == made
    fake.down = True
    with pytest.raises(GitFailed, match="Empty reply"):
        said(fake, "ls-remote", "--", address(fake))
