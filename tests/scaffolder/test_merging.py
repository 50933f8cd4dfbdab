"""Three trees into one: what is kept, what is taken, what is left to a person."""

import os
from pathlib import Path

import pytest

from scaffolder.upgrades.merging import Changes, Merged, changes, merge

Tree = dict[str, str | bytes | None]
LINES = "".join(f"line {number}\n" for number in range(20))


def tree(place: Path, files: Tree) -> Path:
    place.mkdir()
    for path, content in files.items():
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str) and content.startswith("-> "):
            target.symlink_to(content[3:])
        elif content is not None:
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
            if path.endswith(".sh"):
                target.chmod(0o755)
    return place


def merged(tmp_path: Path, old: Tree, head: Tree, new: Tree) -> tuple[Merged, Changes]:
    folders = {
        name: tree(tmp_path / name, files) for name, files in {"old": old, "head": head, "new": new}.items()
    }
    found = merge(tmp_path / "scratch", **folders, label="template-2")
    return found, changes(found, folders["head"], tmp_path / "changes")


def test_what_people_wrote_stays_and_what_the_template_changed_comes(tmp_path: Path) -> None:
    found, made = merged(
        tmp_path,
        {"a.txt": LINES, "gone": "x\n", "same": "s\n"},
        {"a.txt": LINES.replace("line 2\n", "mine\n"), "gone": "x\n", "same": "s\n", "own": "o\n"},
        {"a.txt": LINES.replace("line 17\n", "newer\n"), "same": "s\n", "fresh/b": "b\n"},
    )
    assert found.conflicts == ()
    assert (made.changed, made.deleted) == (("a.txt", "fresh/b"), ("gone",))
    text = (made.folder / "a.txt").read_text()
    assert "mine\n" in text
    assert "newer\n" in text


def test_nothing_changes_where_both_versions_are_the_same(tmp_path: Path) -> None:
    _, made = merged(tmp_path, {"a": "1\n"}, {"a": "2\n", "b": "b\n"}, {"a": "1\n"})
    assert made.are_none


def test_conflicts_have_markers_and_are_listed(tmp_path: Path) -> None:
    found, made = merged(
        tmp_path, {"a": "one\n", "b": "b\n"}, {"a": "two\n", "b": "b\n"}, {"a": "three\n", "b": "c\n"}
    )
    assert found.conflicts == ("a",)
    text = (made.folder / "a").read_text()
    assert text == "<<<<<<< repository\ntwo\n=======\nthree\n>>>>>>> template-2\n"
    assert made.changed == ("a", "b")


def test_of_a_binary_file_our_side_stays(tmp_path: Path) -> None:
    found, made = merged(tmp_path, {"i.png": b"\0\1"}, {"i.png": b"\0\2"}, {"i.png": b"\0\3", "t": "t\n"})
    assert found.conflicts == ("i.png",)
    assert made.changed == ("t",)


@pytest.mark.parametrize(
    ("old", "head", "new", "conflicts", "changed"),
    [
        ({"a": "1\n"}, {"a": "2\n"}, {"b": "x\n"}, ("a",), ("b",)),  # the template deleted what was changed
        (
            {"a": "1\n"},
            {"b": "x\n"},
            {"a": "2\n"},
            ("a",),
            ("a",),
        ),  # somebody deleted what the template changed
        ({"a": "1\n"}, {"b": "x\n"}, {"a": "1\n"}, (), ()),  # somebody deleted it, the template did not care
    ],
    ids=["theirs-deleted", "ours-deleted", "ours-deleted-alone"],
)
def test_deleted_files(
    tmp_path: Path, old: Tree, head: Tree, new: Tree, conflicts: tuple[str, ...], changed: tuple[str, ...]
) -> None:
    found, made = merged(tmp_path, old, head, new)
    assert (found.conflicts, made.changed) == (conflicts, changed)


def test_a_change_follows_a_file_that_was_moved(tmp_path: Path) -> None:
    found, made = merged(
        tmp_path, {"a": LINES}, {"moved/a": LINES}, {"a": LINES.replace("line 9\n", "nine\n")}
    )
    assert found.conflicts == ()
    assert (made.changed, made.deleted) == (("moved/a",), ())
    assert "nine\n" in (made.folder / "moved/a").read_text()


def test_modes_and_links_come_along(tmp_path: Path) -> None:
    _, made = merged(
        tmp_path,
        {"run": "#!/bin/sh\n", "link": "-> run", "x": "x\n"},
        {"run": "#!/bin/sh\n", "link": "-> run", "x": "x\n"},
        {"run": "#!/bin/sh\n", "run.sh": "#!/bin/sh\n", "link": "-> run.sh", "x": "x\n"},
    )
    assert made.changed == ("link", "run.sh")
    assert (made.folder / "link").readlink() == Path("run.sh")
    assert os.access(made.folder / "run.sh", os.X_OK)


def test_what_is_tracked_and_ignored_is_not_lost(tmp_path: Path) -> None:
    _, made = merged(
        tmp_path,
        {".gitignore": "build\n", "a": "1\n"},
        {".gitignore": "build\n", "a": "1\n", "build/kept": "tracked all the same\n"},
        {".gitignore": "build\n", "a": "2\n", "build/new": "never published\n"},
    )
    assert (made.changed, made.deleted) == (("a",), ())


def test_attributes_of_a_stranger_start_nothing(tmp_path: Path) -> None:
    attributes = "* merge=evil filter=evil diff=evil\n"
    found, made = merged(
        tmp_path,
        {".gitattributes": attributes, "a": LINES},
        {".gitattributes": attributes, "a": LINES.replace("line 2\n", "mine\n")},
        {".gitattributes": attributes, "a": LINES.replace("line 17\n", "newer\n")},
    )
    assert found.conflicts == ()
    assert made.changed == ("a",)
