"""What every code host does alike; run against each implementation of the port."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from core.errors import Conflict, InputError, NotFound
from scm import registry
from scm.local import LocalHost
from scm.port import CodeHost, History, PullRequests
from scm.values import Author, PullRequestState, RepositoryName, RepositorySettings

ANA = Author("Ana Ruiz", "ana@example.org")
NAME = RepositoryName("acme", "payments")

pytestmark = pytest.mark.django_db(transaction=True)


def local(data: Path, settings: Settings) -> CodeHost:
    settings.GREENROOM_DATA = data
    return LocalHost()


@pytest.fixture(params=[local], ids=lambda make: make.__name__)
def host(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> CodeHost:
    make: Callable[[Path, Settings], CodeHost] = request.param
    return make(tmp_path / "data", settings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    (made / "src").mkdir(parents=True)
    (made / "README.md").write_text("# Payments\n")
    (made / "src" / "run.sh").write_text("#!/bin/sh\n")
    (made / "src" / "run.sh").chmod(0o755)
    return made


def create(host: CodeHost, made_by: str = "run:1", name: RepositoryName = NAME) -> None:
    host.create_repository(name, description="Pays", default_branch="main", private=True, made_by=made_by)


def push(host: CodeHost, folder: Path, branch: str = "main", message: str = "Change") -> str:
    return host.push_tree(NAME, folder, branch=branch, message=message, author=ANA)


def test_a_repository_that_is_not_there_is_not_found(host: CodeHost, folder: Path) -> None:
    for ask in (
        lambda: host.get_repository(NAME),
        lambda: push(host, folder),
        lambda: host.read_file(NAME, "main", "a"),
        lambda: host.list_files(NAME, "main"),
        lambda: host.branches(NAME),
        lambda: host.open_pull_requests(NAME),
    ):
        with pytest.raises(NotFound, match="acme/payments"):
            ask()


def test_a_new_repository_is_as_it_was_asked_for(host: CodeHost) -> None:
    made = host.create_repository(
        NAME, description="Pays", default_branch="trunk", private=False, made_by="run:1"
    )
    assert made == host.get_repository(NAME)
    assert (made.name, made.description, made.default_branch, made.private) == (NAME, "Pays", "trunk", False)
    assert made.web_url == host.web_url(NAME)
    assert made.clone_url == host.clone_url(NAME)
    assert "@" not in made.clone_url
    assert host.branches(NAME) == []


def test_the_same_maker_again_gets_the_same_and_another_is_refused(host: CodeHost, folder: Path) -> None:
    create(host)
    sha = push(host, folder)
    create(host)
    assert [branch.sha for branch in host.branches(NAME)] == [sha]
    with pytest.raises(Conflict, match="choose another name"):
        create(host, made_by="run:2")
    with pytest.raises(Conflict, match="choose another name"):
        create(host, made_by="run:2", name=RepositoryName("ACME", "Payments"))


def test_a_tree_that_is_pushed_can_be_read(host: CodeHost, folder: Path, tmp_path: Path) -> None:
    create(host)
    sha = push(host, folder)
    assert [(branch.name, branch.sha) for branch in host.branches(NAME)] == [("main", sha)]
    for ref in ("main", "HEAD", sha):
        assert host.list_files(NAME, ref) == ["README.md", "src/run.sh"]
        assert host.read_file(NAME, ref, "README.md") == b"# Payments\n"
    host.export_tree(NAME, "main", "src", tmp_path / "out")
    assert (tmp_path / "out" / "run.sh").stat().st_mode & 0o100


def test_an_unchanged_tree_is_no_new_commit(host: CodeHost, folder: Path) -> None:
    create(host)
    sha = push(host, folder)
    assert push(host, folder, message="Other words") == sha
    (folder / "README.md").write_text("new\n")
    assert push(host, folder) != sha


def test_a_new_branch_starts_at_the_default_branch(host: CodeHost, folder: Path) -> None:
    create(host)
    sha = push(host, folder)
    (folder / "new").write_text("x")
    (folder / "README.md").unlink()
    feature = push(host, folder, branch="feature/new")
    assert host.list_files(NAME, "feature/new") == ["new", "src/run.sh"]
    assert host.list_files(NAME, "main") == ["README.md", "src/run.sh"]
    if isinstance(host, History):
        assert [commit.sha for commit in host.commits(NAME, "feature/new")] == [feature, sha]


def test_a_tree_is_pushed_whole_or_not_at_all(host: CodeHost, folder: Path) -> None:
    create(host)
    sha = push(host, folder)
    (folder / "a").write_text("x")
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="link 'link'"):
        push(host, folder)
    assert [branch.sha for branch in host.branches(NAME)] == [sha]


def test_of_two_pushes_at_once_none_is_lost_silently(host: CodeHost, folder: Path, tmp_path: Path) -> None:
    create(host)
    push(host, folder)
    outcomes: list[str] = []

    def push_one(number: int) -> None:
        mine = tmp_path / f"work{number}"
        mine.mkdir()
        (mine / "file").write_text(str(number))
        try:
            outcomes.append(push(host, mine))
        except Conflict:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=push_one, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [outcome for outcome in outcomes if outcome != "refused"]
    assert made
    assert isinstance(host, History)
    assert {commit.sha for commit in host.commits(NAME, "main")} > set(made)


@pytest.mark.parametrize("branch", ["-x", "a..b", "", "HEAD", "a b"])
def test_a_branch_with_a_hostile_name_is_refused(host: CodeHost, folder: Path, branch: str) -> None:
    create(host)
    with pytest.raises(InputError, match="branch"):
        push(host, folder, branch=branch)


def test_what_is_missing_is_named(host: CodeHost, folder: Path, tmp_path: Path) -> None:
    create(host)
    push(host, folder)
    with pytest.raises(NotFound, match="absent"):
        host.read_file(NAME, "main", "absent")
    with pytest.raises(NotFound, match="other"):
        host.list_files(NAME, "other")
    with pytest.raises(NotFound, match="absent"):
        host.export_tree(NAME, "main", "absent", tmp_path / "out")
    with pytest.raises(InputError, match="stay inside"):
        host.read_file(NAME, "main", "../../etc/passwd")


@pytest.mark.parametrize("path", ["", "catalog-info.yaml", "docs/a b/ü#?.md"])
@pytest.mark.parametrize("branch", ["main", "feature/x y".replace(" ", "_"), "HEAD"])
def test_an_address_leads_back_to_its_place(host: CodeHost, path: str, branch: str) -> None:
    found = host.resolve(host.contents_url(NAME, branch, path))
    assert found is not None
    assert (found.repository, found.ref, found.path) == (NAME, branch, path)


def test_the_repository_s_own_addresses_mean_its_root(host: CodeHost) -> None:
    for url in (host.web_url(NAME), host.clone_url(NAME)):
        found = host.resolve(url)
        assert found is not None
        assert (found.repository, found.ref, found.path) == (NAME, "HEAD", "")


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/acme/payments",
        "file:///git/acme/payments",
        "",
        "not an address",
        "http://[::1",
        "/git/a/b",
    ],
)
def test_a_foreign_address_is_nobody_s(host: CodeHost, url: str) -> None:
    assert host.resolve(url) is None


def test_a_pull_request_follows_its_branch_and_is_merged_once(host: CodeHost, folder: Path) -> None:
    assert isinstance(host, PullRequests)
    create(host)
    push(host, folder)
    (folder / "feature").write_text("1")
    first = push(host, folder, branch="feature")
    pull = host.open_pull_request(
        NAME,
        title="Add a feature",
        body="",
        source_branch="feature",
        target_branch="main",
        author="user:default/ana",
    )
    assert (pull.number, pull.head_sha, pull.state) == (1, first, PullRequestState.OPEN)
    with pytest.raises(Conflict, match="pull request 1 is open"):
        host.open_pull_request(
            NAME,
            title="Again",
            body="",
            source_branch="feature",
            target_branch="main",
            author="user:default/ana",
        )
    (folder / "feature").write_text("2")
    second = push(host, folder, branch="feature")
    assert [seen.head_sha for seen in host.open_pull_requests(NAME)] == [second]
    for _ in range(2):
        merged = host.merge_pull_request(NAME, 1, by=ANA)
        assert (merged.state, merged.head_sha) == (PullRequestState.MERGED, second)
    assert host.open_pull_requests(NAME) == []
    assert host.read_file(NAME, "main", "feature") == b"2"
    assert host.pull_request(NAME, 1).state == PullRequestState.MERGED


def test_a_pull_request_is_closed_once_and_then_not_merged(host: CodeHost, folder: Path) -> None:
    assert isinstance(host, PullRequests)
    create(host)
    push(host, folder)
    (folder / "feature").write_text("1")
    push(host, folder, branch="feature")
    host.open_pull_request(
        NAME, title="t", body="", source_branch="feature", target_branch="main", author="a"
    )
    for _ in range(2):
        assert host.close_pull_request(NAME, 1, by="a").state == PullRequestState.CLOSED
    with pytest.raises(Conflict, match="closed"):
        host.merge_pull_request(NAME, 1, by=ANA)
    again = host.open_pull_request(
        NAME, title="t", body="", source_branch="feature", target_branch="main", author="a"
    )
    assert again.number == 2


def test_a_pull_request_without_ground_is_refused(host: CodeHost, folder: Path) -> None:
    assert isinstance(host, PullRequests)
    create(host)
    push(host, folder)
    push(host, folder, branch="same")
    for source, target, error, words in (
        ("absent", "main", NotFound, "source branch 'absent'"),
        ("main", "absent", NotFound, "target branch 'absent'"),
        ("same", "main", InputError, "nothing that 'main' lacks"),
    ):
        with pytest.raises(error, match=words):
            host.open_pull_request(
                NAME, title="t", body="", source_branch=source, target_branch=target, author="a"
            )
    with pytest.raises(NotFound, match="pull request 7"):
        host.pull_request(NAME, 7)


def test_branches_that_changed_the_same_lines_do_not_merge(host: CodeHost, folder: Path) -> None:
    assert isinstance(host, PullRequests)
    create(host)
    push(host, folder)
    (folder / "README.md").write_text("theirs\n")
    push(host, folder, branch="feature")
    (folder / "README.md").write_text("ours\n")
    main = push(host, folder)
    host.open_pull_request(
        NAME, title="t", body="", source_branch="feature", target_branch="main", author="a"
    )
    with pytest.raises(Conflict, match=r"README\.md"):
        host.merge_pull_request(NAME, 1, by=ANA)
    assert host.pull_request(NAME, 1).state == PullRequestState.OPEN
    assert {branch.name: branch.sha for branch in host.branches(NAME)}["main"] == main


def test_a_host_is_registered_once(host: CodeHost) -> None:
    assert registry.host(host.host).host == host.host
    with pytest.raises(Conflict, match="registered already"):
        registry.register(host)
    with pytest.raises(NotFound, match="known hosts"):
        registry.host("nowhere")


def test_a_new_branch_starts_where_it_is_told_to(host: CodeHost, folder: Path) -> None:
    create(host)
    first = push(host, folder)
    (folder / "second").write_text("2")
    push(host, folder)
    (folder / "second").unlink()
    (folder / "feature").write_text("1")
    made = host.push_tree(NAME, folder, branch="feature", message="m", author=ANA, onto=first)
    assert isinstance(host, History)
    assert [commit.sha for commit in host.commits(NAME, "feature")] == [made, first]
    with pytest.raises(NotFound, match="0123456789"):
        host.push_tree(NAME, folder, branch="other", message="m", author=ANA, onto="0123456789" * 4)


def change(host: CodeHost, folder: Path, **more: object) -> str:
    return host.push_changes(NAME, folder, branch="main", message="Change", author=ANA, **more)  # type: ignore[arg-type]


def test_changes_go_beside_what_is_there(host: CodeHost, folder: Path, tmp_path: Path) -> None:
    create(host)
    sha = push(host, folder)
    some = tmp_path / "some"
    some.mkdir()
    (some / "README.md").write_text("new\n")
    (some / "kept.txt").write_text("x")
    changed = change(host, some)
    assert host.list_files(NAME, "main") == ["README.md", "kept.txt", "src/run.sh"]
    assert host.read_file(NAME, "main", "README.md") == b"new\n"
    assert change(host, some) == changed != sha
    change(host, some, into="docs/deep", delete=["src", "kept.txt", "absent"])
    assert host.list_files(NAME, "main") == ["README.md", "docs/deep/README.md", "docs/deep/kept.txt"]
    (some / "README.md").unlink()
    change(host, some, into="docs/deep")
    assert "docs/deep/README.md" in host.list_files(NAME, "main")
    change(host, some, into="README.md")  # a file makes room for a folder of its name
    assert "README.md/kept.txt" in host.list_files(NAME, "main")
    (some / "kept.txt").rename(some / "docs")
    change(host, some)
    assert host.list_files(NAME, "main") == ["README.md/kept.txt", "docs"]
    (some / "docs").unlink()
    change(host, some, delete=["README.md"])
    assert host.list_files(NAME, "main") == ["docs"]
    with pytest.raises(InputError, match="nothing to commit"):
        change(host, some)
    for more in ({"into": "../x"}, {"into": ".git"}, {"delete": ["a/../../b"]}, {"delete": [""]}):
        with pytest.raises(InputError, match=r"path|inside"):
            change(host, folder, **more)


def test_a_tracked_file_that_is_ignored_now_is_still_changed(host: CodeHost, folder: Path) -> None:
    create(host)
    (folder / "src" / "settings").write_text("1")
    push(host, folder)
    (folder / "src" / ".gitignore").write_text("settings\nsecrets\n")
    (folder / "src" / "settings").write_text("2")
    (folder / "src" / "secrets").write_text("x")
    change(host, folder / "src", into="src")
    assert host.read_file(NAME, "main", "src/settings") == b"2"
    assert host.list_files(NAME, "main") == ["README.md", "src/.gitignore", "src/run.sh", "src/settings"]


def test_a_repository_gets_its_settings(host: CodeHost) -> None:
    create(host)
    for _ in range(2):
        found = host.configure_repository(NAME, RepositorySettings(description="Pays well"))
        assert found.description == "Pays well"
    assert host.get_repository(NAME).description == "Pays well"


def test_a_repository_is_deleted_by_its_id(host: CodeHost, folder: Path) -> None:
    create(host)
    push(host, folder)
    first = host.get_repository(NAME).id
    with pytest.raises(Conflict, match="another one"):
        host.delete_repository(NAME, id=f"{first}0")
    assert host.list_files(NAME, "main")
    for _ in range(2):
        host.delete_repository(NAME, id=first)
        with pytest.raises(NotFound, match="acme/payments"):
            host.get_repository(NAME)
    create(host, made_by="run:2")
    assert host.branches(NAME) == []
    with pytest.raises(Conflict, match="another one"):
        host.delete_repository(NAME, id=first)
    assert host.get_repository(NAME).id != first


def test_a_branch_is_deleted_where_it_was_left(host: CodeHost, folder: Path) -> None:
    create(host)
    main = push(host, folder)
    (folder / "feature").write_text("1")
    sha = push(host, folder, branch="feature")
    with pytest.raises(Conflict, match="moved on"):
        host.delete_branch(NAME, "feature", expected=main)
    for _ in range(2):
        host.delete_branch(NAME, "feature", expected=sha)
        assert [branch.name for branch in host.branches(NAME)] == ["main"]
    with pytest.raises(Conflict, match="default branch"):
        host.delete_branch(NAME, "main", expected=main)


def test_a_draft_is_edited_and_not_merged(host: CodeHost, folder: Path) -> None:
    assert isinstance(host, PullRequests)
    create(host)
    push(host, folder)
    (folder / "feature").write_text("1")
    push(host, folder, branch="feature")
    pull = host.open_pull_request(
        NAME, title="t", body="", source_branch="feature", target_branch="main", author="a", draft=True
    )
    assert pull.draft
    edited = host.edit_pull_request(NAME, pull.number, title="Better", body="words")
    assert (edited.title, edited.body, edited.draft) == ("Better", "words", True)
    assert host.pull_request(NAME, pull.number) == edited
    with pytest.raises(Conflict, match="draft"):
        host.merge_pull_request(NAME, pull.number, by=ANA)
