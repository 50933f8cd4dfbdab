"""Commits made of folders and folders made of commits, against the real git."""

import os
from pathlib import Path

import pytest

from core.errors import Conflict, InputError, NotFound, TooLarge
from scm.bare import BareRepository
from scm.commits import commit_folder, merge_commit
from scm.export import export_tree
from scm.folders import Limits, check_folder
from scm.git import git
from scm.values import Author

ANA = Author("Ana Ruiz", "ana@example.org")


@pytest.fixture
def repository(tmp_path: Path) -> BareRepository:
    return BareRepository.make(tmp_path / "r.git", "main")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    (made / "README.md").write_text("# Payments\n")
    (made / "run.sh").write_text("#!/bin/sh\n")
    (made / "run.sh").chmod(0o755)
    (made / "src").mkdir()
    (made / "src" / "ü b.txt").write_bytes(b"\r\n\x00")
    (made / "link").symlink_to("src/ü b.txt")
    return made


def commit(repository: BareRepository, folder: Path, branch: str = "main") -> str:
    parent = repository.head(branch) or repository.head("main")
    made = commit_folder(repository, folder, parent=parent, message="Change", author=ANA)
    repository.move(branch, to=made, expected=repository.head(branch))
    return made


def test_what_goes_in_comes_out(repository: BareRepository, folder: Path, tmp_path: Path) -> None:
    sha = commit(repository, folder)
    export_tree(repository, "main", "", tmp_path / "out")
    assert (tmp_path / "out" / "src" / "ü b.txt").read_bytes() == b"\r\n\x00"
    assert os.access(tmp_path / "out" / "run.sh", os.X_OK)
    assert not os.access(tmp_path / "out" / "README.md", os.X_OK)
    assert (tmp_path / "out" / "link").readlink() == Path("src/ü b.txt")
    assert [entry.path for entry in repository.entries(sha)] == ["README.md", "link", "run.sh", "src/ü b.txt"]
    (told,) = repository.commits("main", limit=5)
    assert (told.sha, told.parents, told.author, told.message) == (sha, (), ANA, "Change")


def test_the_same_folder_again_is_no_commit(repository: BareRepository, folder: Path) -> None:
    sha = commit(repository, folder)
    assert commit_folder(repository, folder, parent=sha, message="Again", author=ANA) == sha


def test_removed_files_go_and_ignored_ones_stay_out(repository: BareRepository, folder: Path) -> None:
    commit(repository, folder)
    (folder / "run.sh").unlink()
    (folder / ".gitignore").write_text("*.pyc\n")
    (folder / "x.pyc").write_text("x")
    sha = commit(repository, folder)
    assert [entry.path for entry in repository.entries(sha)] == [
        ".gitignore",
        "README.md",
        "link",
        "src/ü b.txt",
    ]


def test_attributes_and_configuration_in_the_folder_run_nothing(
    repository: BareRepository, folder: Path, tmp_path: Path
) -> None:
    (folder / ".gitattributes").write_text(
        "* filter=evil diff=evil merge=evil\nREADME.md export-ignore export-subst\n"
    )
    (folder / ".gitconfig").write_text(f'[filter "evil"]\n clean = touch {tmp_path}/ran\n')
    commit(repository, folder)
    export_tree(repository, "main", "", tmp_path / "out")
    assert (tmp_path / "out" / "README.md").read_text() == "# Payments\n"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", [".git", ".GIT", "src/.git", "src/.Git"])
def test_another_repository_within_is_refused(repository: BareRepository, folder: Path, name: str) -> None:
    (folder / name).mkdir()
    with pytest.raises(InputError, match="belongs to another repository"):
        commit(repository, folder)


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "src/../../outside", "up/../.."])
def test_a_link_that_leaves_the_folder_is_refused(
    repository: BareRepository, folder: Path, target: str
) -> None:
    (folder / "up").symlink_to(".")
    (folder / "bad").symlink_to(target)
    with pytest.raises(InputError, match=r"link 'bad' points to .* outside"):
        commit(repository, folder)
    assert repository.refs() == {}


def test_a_pipe_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(InputError, match="file 'pipe' is a device, socket or pipe"):
        check_folder(folder)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(file_bytes=10), "file 'README.md'|file 'run.sh' has 1. bytes; allowed are 10"),
        (Limits(files=2), "folder is too large at .*: 3 files"),
        (Limits(total_bytes=12), "folder is too large"),
    ],
)
def test_too_much_is_refused_by_name(
    repository: BareRepository, folder: Path, tmp_path: Path, limits: Limits, words: str
) -> None:
    (folder / "src" / "ü b.txt").write_text("x")
    with pytest.raises(TooLarge, match=words):
        check_folder(folder, limits)
    commit(repository, folder)
    with pytest.raises(TooLarge, match=words):
        export_tree(repository, "main", "", tmp_path / "out", limits=limits)
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_and_an_empty_message_are_refused(
    repository: BareRepository, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="at least one file"):
        commit(repository, tmp_path / "empty")
    with pytest.raises(InputError, match="message"):
        commit_folder(repository, folder, parent=None, message=" \n", author=ANA)


def test_a_branch_moves_only_from_where_it_was_seen(repository: BareRepository, folder: Path) -> None:
    first = commit(repository, folder)
    with pytest.raises(Conflict, match="changed by someone else"):
        repository.move("main", to=first, expected=None)
    (folder / "new").write_text("x")
    second = commit_folder(repository, folder, parent=first, message="b", author=ANA)
    repository.move("main", to=second, expected=first)
    with pytest.raises(Conflict, match="changed by someone else"):
        repository.move("main", to=second, expected=first)
    with pytest.raises(Conflict, match="its name is taken"):
        repository.move("main/sub", to=second, expected=None)


def test_reading_names_what_is_not_there(repository: BareRepository, folder: Path) -> None:
    with pytest.raises(NotFound, match="ref 'HEAD'"):
        repository.read_file("HEAD", "README.md")
    sha = commit(repository, folder)
    for ref in ("HEAD", "main", sha, sha[:8]):
        assert repository.read_file(ref, "README.md") == b"# Payments\n"
    with pytest.raises(NotFound, match="path 'absent' is not there at 'main'"):
        repository.read_file("main", "absent")
    with pytest.raises(NotFound, match="path 'src' is a folder"):
        repository.read_file("main", "src")
    with pytest.raises(NotFound, match="ref 'other'"):
        repository.read_file("other", "README.md")
    with pytest.raises(TooLarge, match="clone instead"):
        repository.read_file("main", "README.md", limit=3)
    with pytest.raises(InputError, match="ref"):
        repository.read_file("main:src", "README.md")


def test_a_tag_named_like_a_branch_does_not_stand_in_for_it(repository: BareRepository, folder: Path) -> None:
    first = commit(repository, folder)
    git("update-ref", "refs/tags/main", first, folder=repository.folder)
    (folder / "README.md").write_text("new")
    commit(repository, folder)
    assert repository.read_file("main", "README.md") == b"new"


def test_exporting_a_part_and_refusing_the_rest(
    repository: BareRepository, folder: Path, tmp_path: Path
) -> None:
    (folder / "src" / "out").symlink_to("../README.md")
    commit(repository, folder)
    with pytest.raises(InputError, match=r"link 'out' points to '\.\./README\.md'"):
        export_tree(repository, "main", "src", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(NotFound, match=r"path .README\.md. is not a folder"):
        export_tree(repository, "main", "README.md", tmp_path / "out")
    with pytest.raises(InputError, match="not empty"):
        export_tree(repository, "main", "", folder)


@pytest.mark.parametrize("name", ["..", ".git", "%2e%2e"])
def test_a_hostile_name_in_a_tree_is_not_written(
    repository: BareRepository, tmp_path: Path, name: str
) -> None:
    blob = git("hash-object", "-w", "--stdin", folder=repository.folder, stdin=b"x").decode().strip()
    tree = bytes.fromhex(blob)
    inner = git(
        "hash-object",
        "-t",
        "tree",
        "-w",
        "--stdin",
        "--literally",
        folder=repository.folder,
        stdin=b"100644 x\0" + tree,
    )
    outer = git(
        "hash-object",
        "-t",
        "tree",
        "-w",
        "--stdin",
        "--literally",
        folder=repository.folder,
        stdin=b"40000 " + name.encode() + b"\0" + bytes.fromhex(inner.decode().strip()),
    )
    sha = git("commit-tree", "-m", "x", outer.decode().strip(), folder=repository.folder).decode().strip()
    repository.move("main", to=sha, expected=None)
    with pytest.raises(InputError, match="must stay inside"):
        export_tree(repository, "main", "", tmp_path / "deep" / "out")
    assert list(tmp_path.rglob("x")) == []


def test_merging_and_not_merging(repository: BareRepository, folder: Path) -> None:
    base = commit(repository, folder)
    (folder / "feature.txt").write_text("f")
    feature = commit(repository, folder, "feature")
    (folder / "feature.txt").unlink()
    (folder / "README.md").write_text("ours\n")
    main = commit(repository, folder)
    merged = merge_commit(repository, target=main, source=feature, message="Merge", author=ANA)
    assert repository.contains(merged, feature)
    assert repository.contains(merged, main)
    assert not repository.contains(base, feature)
    (folder / "README.md").write_text("theirs\n")
    theirs = commit_folder(repository, folder, parent=base, message="x", author=ANA)
    with pytest.raises(Conflict, match=r"README\.md"):
        merge_commit(repository, target=main, source=theirs, message="Merge", author=ANA)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another owner")
def test_a_folder_of_another_owner_works(repository: BareRepository, folder: Path) -> None:
    for place in (repository.folder, *repository.folder.rglob("*"), folder, *folder.rglob("*")):
        os.chown(place, 12345, 12345, follow_symlinks=False)
    commit(repository, folder)
    assert git("upload-pack", "--advertise-refs", "--stateless-rpc", "--strict", repository.folder).count(
        b"refs/heads/main"
    )
