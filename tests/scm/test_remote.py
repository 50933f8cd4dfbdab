"""Writing to a host outside by git: what is pushed, what is refused and in which words, what never leaks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import scm.git
from core.errors import Conflict, ExternalError, InputError, NotFound, RateLimited, TooLarge, Unavailable
from scm import remote
from scm.errors import CredentialRefused, PushRefused, RepositoryNotFound
from scm.fakes.github import FakeGitHub
from scm.fakes.repository import FakeRepository
from scm.git import Credential
from scm.remote import Remote
from scm.values import Author

ANA = Author("Ana Ruiz", "ana@example.org")
TOKEN = "ghp_fake"


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    with FakeGitHub() as made:
        yield made


@pytest.fixture
def repository(hub: FakeGitHub) -> FakeRepository:
    return hub.state.repository("acme/payments", {"README.md": b"# Payments\n", "src/run.sh": b"#!/bin/sh\n"})


@pytest.fixture
def there(hub: FakeGitHub, repository: FakeRepository) -> Remote:
    return to(hub)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    (made / "new.txt").write_text("new\n")
    return made


def to(hub: FakeGitHub, name: str = "acme/payments", secret: str = TOKEN) -> Remote:
    return Remote(f"{hub.url}/{name}.git", Credential(hub.url, "x-access-token", secret), "github.test")


def push(there: Remote, folder: Path, branch: str = "main", onto: str = "") -> str:
    return remote.push_tree(there, folder, branch=branch, message="Change", author=ANA, onto=onto)


def change(there: Remote, folder: Path, branch: str = "main", **more: object) -> str:
    return remote.push_changes(there, folder, branch=branch, message="m", author=ANA, **more)  # type: ignore[arg-type]


def test_the_first_push_begins_a_repository(hub: FakeGitHub, folder: Path) -> None:
    empty = hub.state.repository("acme/new")
    made = push(to(hub, "acme/new"), folder)
    assert empty.heads == {"main": made}
    assert empty.branches["main"] == {"new.txt": b"new\n"}
    assert [commit.author for commit in empty.bare.commits("main", limit=5)] == [ANA]


def test_a_branch_holds_exactly_the_folder(there: Remote, repository: FakeRepository, folder: Path) -> None:
    first = repository.heads["main"]
    made = push(there, folder)
    assert repository.branches == {"main": {"new.txt": b"new\n"}}
    assert repository.bare.contains(made, first)
    before = repository.pushes
    assert push(there, folder) == made
    assert repository.pushes == before


def test_changes_leave_the_rest_unread(there: Remote, repository: FakeRepository, folder: Path) -> None:
    large = os.urandom(300_000)
    repository.push({"large": large, "old/a": b"1", "keep": b"2"})
    change(there, folder, branch="feature", into="docs", delete=["old"])
    assert repository.branches["feature"] == {"large": large, "keep": b"2", "docs/new.txt": b"new\n"}
    assert repository.heads.keys() == {"main", "feature"}


def test_contents_that_stay_are_neither_fetched_nor_sent(
    hub: FakeGitHub, there: Remote, repository: FakeRepository, folder: Path
) -> None:
    large = os.urandom(500_000)
    repository.push({"large": large, "gone": b"1"})
    for attempt in (lambda: change(there, folder, "one"), lambda: push(there, folder, "two")):
        hub.carried.clear()
        attempt()
        assert sum(hub.carried) < 20_000
    assert repository.branches["one"]["large"] == large


def test_attributes_links_and_line_ends_of_the_branch_are_looked_at(
    hub: FakeGitHub, there: Remote, repository: FakeRepository, folder: Path, tmp_path: Path
) -> None:
    repository.push(
        {
            ".gitattributes": b"*.txt text=auto\n*.md text\n",
            "sub/.gitattributes": b"*.md -text\n",
            "a.txt": b"1\n",
        }
    )
    (folder / "link").symlink_to("new.txt")
    change(there, folder)
    some = tmp_path / "some"
    (some / "sub").mkdir(parents=True)
    for name in ("a.txt", "b.md", "sub/b.md"):
        (some / name).write_bytes(b"2\r\n")
    (some / "link").symlink_to("a.txt")
    change(there, some)
    files = repository.branches["main"]
    assert (files["a.txt"], files["b.md"], files["sub/b.md"]) == (b"2\n", b"2\n", b"2\r\n")
    assert files["link"] == b"a.txt"
    (some / "b.md").write_bytes(b"3\r\n")
    change(there, some, into="sub")
    assert repository.branches["main"]["sub/b.md"] == b"3\r\n"
    hub.meanwhile("GET", "/info/refs", lambda: None)
    hub.meanwhile("GET", "/info/refs", lambda: None)
    hub.meanwhile("GET", "/info/refs", lambda: setattr(hub, "down", True))
    (some / "link").unlink()
    (some / "link").symlink_to("b.md")
    with pytest.raises(Unavailable):
        change(there, some)


def test_a_new_branch_starts_where_it_is_told_to(
    there: Remote, repository: FakeRepository, folder: Path
) -> None:
    first = repository.heads["main"]
    repository.push({"second": b"2"})
    repository.push({"other": b"3"}, "other")
    made = push(there, folder, branch="feature", onto=first)
    assert [one.sha for one in repository.bare.commits("feature", limit=5)] == [made, first]
    made = push(there, folder, branch="beside", onto="other")
    assert [one.sha for one in repository.bare.commits("beside", limit=2)] == [
        made,
        repository.heads["other"],
    ]
    for nowhere in ("0123456789" * 4, "absent"):
        with pytest.raises(NotFound, match=nowhere):
            push(there, folder, branch="x", onto=nowhere)


@pytest.mark.parametrize(("method", "path"), [("GET", "/info/refs"), ("POST", "/git-receive-pack")])
def test_a_branch_that_moved_meanwhile_is_a_conflict(
    hub: FakeGitHub, there: Remote, repository: FakeRepository, folder: Path, method: str, path: str
) -> None:
    asked_first = [("GET", "/info/refs")] if method == "GET" else []
    for one in asked_first:  # our own look, before the push looks
        hub.meanwhile(*one, lambda: None)
    hub.meanwhile(method, path, lambda: repository.push({"theirs": b"1"}))
    with pytest.raises(Conflict, match="changed by someone else"):
        push(there, folder)
    assert repository.branches == {"main": {"theirs": b"1"}}


def test_a_branch_is_deleted_where_it_was_left(there: Remote, repository: FakeRepository) -> None:
    sha = repository.push({"a": b"1"}, "feature")
    with pytest.raises(Conflict, match="moved on"):
        remote.delete_branch(there, "feature", expected=repository.heads["main"])
    for _ in range(2):
        remote.delete_branch(there, "feature", expected=sha)
        assert list(repository.heads) == ["main"]
    with pytest.raises(Conflict, match="default branch"):
        remote.delete_branch(there, "main", expected=repository.heads["main"])


def test_a_protected_branch_says_so(there: Remote, repository: FakeRepository, folder: Path) -> None:
    before = repository.heads
    for words in (
        "error: GH006: Protected branch update failed for refs/heads/main.",
        "GitLab: You are not allowed to push code to protected branches on this project.",
    ):
        repository.refuse_pushes("main", words)
        with pytest.raises(PushRefused, match="protected") as caught:
            push(there, folder)
        assert words in caught.value.message
    repository.refuse_pushes("main", "GH009: Secrets detected!")
    with pytest.raises(PushRefused, match="Secrets detected"):
        push(there, folder)
    assert repository.heads == before


def test_who_may_not_hears_why_and_no_token(
    hub: FakeGitHub, there: Remote, repository: FakeRepository, folder: Path
) -> None:
    with pytest.raises(CredentialRefused, match=r"github\.test does not know") as caught:
        push(to(hub, secret="s3cret-canary"), folder)
    assert "canary" not in f"{caught.value} {caught.value.__cause__!r}"
    with pytest.raises(RepositoryNotFound, match="Repository not found"):
        push(to(hub, "acme/absent"), folder)
    hub.readers = {TOKEN}
    with pytest.raises(CredentialRefused, match="Write access to repository not granted"):
        push(there, folder)
    for status, error in ((301, NotFound), (413, TooLarge), (429, RateLimited), (418, ExternalError)):
        hub.fail("info/refs", status)
        with pytest.raises(error, match=r"github\.test"):
            push(there, folder)


def test_a_host_that_is_away_changes_nothing(
    hub: FakeGitHub, there: Remote, repository: FakeRepository, folder: Path
) -> None:
    hub.fail("info/refs", 503)  # the first look is repeated
    made = push(there, folder)
    (folder / "new.txt").write_text("newer\n")
    hub.fail("git-receive-pack", 502)
    with pytest.raises(Unavailable, match="502"):
        push(there, folder)
    assert repository.heads["main"] == made
    hub.down = True
    with pytest.raises(Unavailable, match=r"github\.test does not answer"):
        push(there, folder)
    gone = Remote("http://127.0.0.1:9/a/b.git", Credential("http://127.0.0.1:9", "x", "y"), "nowhere.test")
    with pytest.raises(Unavailable, match=r"nowhere\.test does not answer"):
        push(gone, folder)


def test_an_answer_that_was_lost_is_looked_up(
    hub: FakeGitHub, there: Remote, repository: FakeRepository, folder: Path
) -> None:
    hub.lose("POST", "/git-receive-pack")
    made = push(there, folder)
    assert repository.heads["main"] == made
    assert push(there, folder) == made


def test_the_connection_s_proxy_is_used_and_the_environment_s_is_not(
    hub: FakeGitHub, repository: FakeRepository, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    assert push(to(hub), folder) == repository.heads["main"]
    (folder / "more").write_text("1")
    url = "http://hub.invalid"  # which nobody but the proxy knows
    behind = Remote(f"{url}/acme/payments.git", Credential(url, "x", TOKEN), "hub", proxy=hub.url)
    assert push(behind, folder) == repository.heads["main"]


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/x",
        "--upload-pack=touch",
        "file:///etc",
        "git@host:a/b",
        "https://u:p@host/a",
        "",
    ],
)
def test_a_hostile_address_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        Remote(url, Credential("https://host", "x", "y"), "host")


def test_a_credential_stays_on_its_host() -> None:
    for url in ("https://other.example/a/b.git", "https://host.example.evil/a", "https://host.examples/a/b"):
        with pytest.raises(InputError, match="credential stays"):
            Remote(url, Credential("https://host.example", "x", "y"), "host")


@pytest.mark.parametrize("branch", ["-x", "a..b", "", "HEAD", "a b", "--force", "x:y"])
def test_a_hostile_branch_is_refused(there: Remote, folder: Path, branch: str) -> None:
    for call in (
        lambda: push(there, folder, branch=branch),
        lambda: change(there, folder, branch=branch),
        lambda: remote.delete_branch(there, branch, expected="0" * 40),
    ):
        with pytest.raises(InputError, match="branch"):
            call()


def test_a_hostile_folder_is_refused(there: Remote, repository: FakeRepository, folder: Path) -> None:
    before = repository.heads
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="link"):
        push(there, folder)
    (folder / "link").unlink()
    (folder / "sub" / ".git").mkdir(parents=True)
    with pytest.raises(InputError, match="another repository"):
        change(there, folder)
    (folder / "sub" / ".git").rmdir()
    (folder / "-rf").write_text("a leading dash is a name like another")
    (folder / "git~1").mkdir()
    (folder / "git~1" / "config").write_text("[core]")
    with pytest.raises(InputError):
        push(there, folder)
    assert repository.heads == before


def test_no_secret_is_in_argv_or_on_disk(
    there: Remote, repository: FakeRepository, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    real = scm.git.call

    def watched(*arguments: object, **options: object) -> object:
        seen.extend(map(str, arguments))
        answer = real(*arguments, **options)  # type: ignore[arg-type]
        place = options.get("folder")
        if isinstance(place, Path):
            seen.extend(path.read_text() for path in place.rglob("config"))
        return answer

    monkeypatch.setattr("scm.remote.call", watched)
    push(there, folder)
    assert any("push" in word for word in seen)
    assert TOKEN not in " ".join(seen)


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="reads the peak of memory from Linux's /proc"
)
def test_two_thousand_files_cost_no_memory_here(
    hub: FakeGitHub, repository: FakeRepository, folder: Path, tmp_path: Path
) -> None:
    for number in range(2000):
        place = folder / f"d{number % 50}" / f"f{number}"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(os.urandom(10_000))
    small = tmp_path / "small"
    small.mkdir()
    (small / "a").write_text("1")
    program = """
import re, sys
from pathlib import Path
def peak():  # not by getrusage, which begins with the parent's
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
from scm.git import Credential
from scm.remote import Remote, push_tree
from scm.values import Author
url, small, folder = sys.argv[1:]
there = Remote(url + "/acme/payments.git", Credential(url, "x", "ghp_fake"), "github.test")
push = lambda folder: push_tree(there, Path(folder), branch="main", message="m", author=Author("a", "a@b"))
push(small)
before = peak()
push(folder)
print(peak() - before)
"""
    paths = os.pathsep.join(path for path in sys.path if path)
    ran = subprocess.run(
        [sys.executable, "-c", program, hub.url, str(small), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths, "DJANGO_SETTINGS_MODULE": "tests.settings"},
    )
    assert ran.returncode == 0, ran.stderr
    assert len(repository.branches["main"]) == 2001
    assert int(ran.stdout) < 8 * 1024  # KiB
