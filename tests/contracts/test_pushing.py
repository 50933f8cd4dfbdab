"""What every code host does alike when files are pushed to it."""

from pathlib import Path

import pytest

from core.errors import Conflict, InputError, NotFound
from scm.port import History
from tests.contracts.writing import ANA, WritingWorld

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_repository_that_is_not_there_is_not_found(writing: WritingWorld, folder: Path) -> None:
    for ask in (
        lambda: writing.host.get_repository(writing.name),
        lambda: writing.push(folder),
        lambda: writing.change(folder),
        lambda: writing.host.read_file(writing.name, "main", "a"),
        lambda: writing.host.branches(writing.name),
    ):
        with pytest.raises(NotFound, match=r"payments|no such repository"):
            ask()


def test_a_tree_that_is_pushed_can_be_read(writing: WritingWorld, folder: Path) -> None:
    writing.create()
    assert writing.heads() == {}
    sha = writing.push(folder)
    assert writing.heads() == {"main": sha}
    assert writing.host.get_repository(writing.name).default_branch == "main"
    for ref in ("main", "HEAD", sha):
        assert writing.host.list_files(writing.name, ref) == ["README.md", "src/run.sh"]
        assert writing.host.read_file(writing.name, ref, "README.md") == b"# Payments\n"
    if isinstance(writing.host, History):
        assert [commit.author for commit in writing.host.commits(writing.name, "main")] == [ANA]


def test_a_program_is_one_for_whoever_takes_the_folder_out(
    writing: WritingWorld, folder: Path, tmp_path: Path
) -> None:
    writing.needs("archives")
    writing.create()
    writing.push(folder)
    writing.host.export_tree(writing.name, "main", "src", tmp_path / "out")
    assert (tmp_path / "out" / "run.sh").stat().st_mode & 0o100


def test_the_first_branch_may_have_another_name(writing: WritingWorld, folder: Path) -> None:
    writing.create(default_branch="trunk")
    sha = writing.push(folder, "trunk")
    assert writing.heads() == {"trunk": sha}
    assert writing.host.get_repository(writing.name).default_branch == "trunk"


def test_an_unchanged_tree_is_no_new_commit(writing: WritingWorld, folder: Path) -> None:
    writing.create()
    sha = writing.push(folder)
    assert writing.push(folder) == sha
    (folder / "README.md").write_text("new\n")
    assert writing.push(folder) != sha


def test_a_new_branch_starts_at_the_default_branch(writing: WritingWorld, folder: Path) -> None:
    writing.create()
    sha = writing.push(folder)
    (folder / "new").write_text("x")
    (folder / "README.md").unlink()
    feature = writing.push(folder, "feature/new")
    assert writing.heads() == {"main": sha, "feature/new": feature}
    assert writing.host.list_files(writing.name, "feature/new") == ["new", "src/run.sh"]
    assert writing.host.list_files(writing.name, "main") == ["README.md", "src/run.sh"]
    if isinstance(writing.host, History):
        found = writing.host.commits(writing.name, "feature/new")
        assert [commit.sha for commit in found] == [feature, sha]


def test_a_new_branch_starts_where_it_is_told_to(writing: WritingWorld, folder: Path) -> None:
    writing.create()
    first = writing.push(folder)
    (folder / "second").write_text("2")
    writing.push(folder)
    (folder / "second").unlink()
    assert writing.push(folder, "feature", onto=first) == first  # nothing differs from there
    with pytest.raises(NotFound, match="0123456789"):
        writing.push(folder, "other", onto="0123456789" * 4)
    assert writing.heads().keys() == {"main", "feature"}


def test_changes_go_beside_what_is_there(writing: WritingWorld, folder: Path, tmp_path: Path) -> None:
    writing.create()
    sha = writing.push(folder)
    some = tmp_path / "some"
    some.mkdir()
    (some / "README.md").write_text("new\n")
    (some / "kept.txt").write_text("x")
    changed = writing.change(some)
    assert writing.host.list_files(writing.name, "main") == ["README.md", "kept.txt", "src/run.sh"]
    assert writing.host.read_file(writing.name, "main", "README.md") == b"new\n"
    assert writing.change(some) == changed != sha
    writing.change(some, into="docs/deep", delete=["src", "kept.txt", "absent"])
    expected = ["README.md", "docs/deep/README.md", "docs/deep/kept.txt"]
    assert writing.host.list_files(writing.name, "main") == expected
    (some / "README.md").unlink()
    writing.change(some, into="docs/deep")
    assert writing.host.list_files(writing.name, "main") == expected


def test_files_and_folders_make_room_for_each_other(
    writing: WritingWorld, folder: Path, tmp_path: Path
) -> None:
    writing.create()
    writing.push(folder)
    some = tmp_path / "some"
    some.mkdir()
    (some / "kept.txt").write_text("x")
    writing.change(some, into="README.md")
    assert writing.host.list_files(writing.name, "main") == ["README.md/kept.txt", "src/run.sh"]
    (some / "kept.txt").rename(some / "src")
    writing.change(some)
    assert writing.host.list_files(writing.name, "main") == ["README.md/kept.txt", "src"]
    (some / "src").unlink()
    writing.change(some, delete=["README.md"])
    assert writing.host.list_files(writing.name, "main") == ["src"]
    with pytest.raises(InputError, match="nothing to commit"):
        writing.change(some)


def test_a_tracked_file_that_is_ignored_now_is_still_changed(writing: WritingWorld, folder: Path) -> None:
    writing.create()
    (folder / "src" / "settings").write_text("1")
    writing.push(folder)
    (folder / "src" / ".gitignore").write_text("settings\nsecrets\n")
    (folder / "src" / "settings").write_text("2")
    (folder / "src" / "secrets").write_text("x")
    writing.change(folder / "src", into="src")
    assert writing.host.read_file(writing.name, "main", "src/settings") == b"2"
    files = ["README.md", "src/.gitignore", "src/run.sh", "src/settings"]
    assert writing.host.list_files(writing.name, "main") == files


def test_a_tree_is_pushed_whole_or_not_at_all(writing: WritingWorld, folder: Path) -> None:
    writing.create()
    sha = writing.push(folder)
    (folder / "a").write_text("x")
    (folder / "link").symlink_to("/etc/passwd")
    for attempt in (lambda: writing.push(folder), lambda: writing.change(folder, into="a")):
        with pytest.raises(InputError, match="link 'link'"):
            attempt()
    (folder / "link").unlink()
    for more in ({"into": "../x"}, {"into": ".git"}, {"delete": ["a/../../b"]}, {"delete": [""]}):
        with pytest.raises(InputError, match=r"path|inside"):
            writing.change(folder, **more)  # type: ignore[arg-type]
    assert writing.heads() == {"main": sha}


@pytest.mark.parametrize("branch", ["-x", "a..b", "", "HEAD", "a b"])
def test_a_branch_with_a_hostile_name_is_refused(writing: WritingWorld, folder: Path, branch: str) -> None:
    writing.create()
    for attempt in (
        lambda: writing.push(folder, branch),
        lambda: writing.change(folder, branch),
        lambda: writing.host.delete_branch(writing.name, branch, expected="0" * 40),
    ):
        with pytest.raises(InputError, match="branch"):
            attempt()
    assert writing.heads() == {}


def test_a_branch_that_somebody_moved_meanwhile_is_left_to_them(writing: WritingWorld, folder: Path) -> None:
    writing.create()
    first = writing.push(folder)
    (folder / "README.md").write_text("two\n")
    writing.push(folder)
    (folder / "README.md").write_text("ours\n")
    writing.meanwhile(lambda: writing.point("main", first))  # the default branch is rewound under our hands
    with pytest.raises(Conflict, match=r"changed by someone else.*try again"):
        writing.push(folder)
    assert writing.heads() == {"main": first}
    made = writing.push(folder)  # which looks anew
    assert writing.heads() == {"main": made}


def test_a_branch_is_deleted_where_it_was_left(writing: WritingWorld, folder: Path) -> None:
    writing.create()
    main = writing.push(folder)
    (folder / "feature").write_text("1")
    sha = writing.push(folder, "feature")
    with pytest.raises(Conflict, match="moved on"):
        writing.host.delete_branch(writing.name, "feature", expected=main)
    for _ in range(2):
        writing.host.delete_branch(writing.name, "feature", expected=sha)
        assert writing.heads() == {"main": main}
    with pytest.raises(Conflict, match="default branch"):
        writing.host.delete_branch(writing.name, "main", expected=main)
    assert writing.heads() == {"main": main}
