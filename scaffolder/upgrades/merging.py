"""Three trees → one: what a newer template changes, put onto what people made of the older one."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from scm.bare import BareRepository
from scm.errors import GitFailed
from scm.export import export_tree
from scm.folders import check_folder
from scm.git import call, git

OURS = "repository"
"""The label of the repository's side in conflict markers."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge gave, as commits of the scratch repository it was made in. `conflicts` are paths, in order."""

    scratch: BareRepository
    commit: str
    conflicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """From one tree to another: the files that differ lie in `folder`, the others are deleted."""

    folder: Path
    changed: tuple[str, ...]
    deleted: tuple[str, ...]

    @property
    def are_none(self) -> bool:
        return not self.changed and not self.deleted


def merge(place: Path, *, old: Path, head: Path, new: Path, label: str) -> Merged:
    """Merge the way from `old` to `new` into `head`, in a scratch repository that is made at `place`.

    Where both sides changed the same lines, the files have conflict markers: `repository` on one side, `label` on the
    other. Of a binary file, the repository's side stays. Nothing of the three folders is executed or configured.
    """
    scratch = BareRepository.make(place, "main")
    base = _commit(scratch, _tree(scratch, old))
    # What is tracked in the repository is all there is, whatever its .gitignore says; a rendering is published by it.
    ours = _commit(scratch, _tree(scratch, head, ignored_too=True), base)
    theirs = _commit(scratch, _tree(scratch, new), base)
    for name, commit in ((OURS, ours), (label, theirs)):
        scratch.move(name, to=commit, expected=None)
    ended = call(
        *("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", "--end-of-options"),
        *(OURS, label),
        folder=scratch.folder,
        allowed=frozenset({0, 1}),
    )
    tree, *files = os.fsdecode(ended.stdout).rstrip("\0").split("\0")
    conflicts = sorted({name for name in files if name}) if ended.status == 1 else []
    return Merged(scratch, _commit(scratch, tree, ours), tuple(conflicts))


def changes(merged: Merged, present: Path, into: Path) -> Changes:
    """What makes the tree of the folder `present` the merged one; its files are written into the absent `into`."""
    scratch = merged.scratch
    before = _tree(scratch, present, ignored_too=True)
    listed = git(
        *("diff-tree", "-r", "-z", "--no-renames", "--name-status", "--end-of-options"),
        *(before, merged.commit),
        folder=scratch.folder,
    )
    words = os.fsdecode(listed).split("\0")[:-1]
    pairs = list(zip(words[::2], words[1::2], strict=True))
    changed = tuple(path for status, path in pairs if status != "D")
    into.mkdir(parents=True)
    if changed:
        _write(scratch, merged.commit, changed, into)
    return Changes(into, changed, tuple(path for status, path in pairs if status == "D"))


def _write(scratch: BareRepository, commit: str, paths: Sequence[str], into: Path) -> None:
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".whole-") as place:
        whole = Path(place) / "tree"
        export_tree(scratch, commit, "", whole)
        for path in paths:
            goal = into / path
            goal.parent.mkdir(parents=True, exist_ok=True)
            (whole / path).rename(goal)


def _tree(scratch: BareRepository, folder: Path, *, ignored_too: bool = False) -> str:
    """The tree of a folder's files, which are checked as any that are published."""
    check_folder(folder)
    with tempfile.TemporaryDirectory(prefix="greenroom-index-") as place:
        variables = {"GIT_INDEX_FILE": str(Path(place) / "index")}
        force = ["--force"] if ignored_too else []
        try:
            git(
                *("add", "--all", *force, "--", "."),
                folder=scratch.folder,
                work_tree=folder.resolve(),
                variables=variables,
            )
        except GitFailed as error:
            raise InputError(f"the folder {folder.name} cannot become a commit: {error}") from error
        return git("write-tree", folder=scratch.folder, variables=variables).decode().strip()


def _commit(scratch: BareRepository, tree: str, parent: str = "") -> str:
    onto = ["-p", parent] if parent else []
    made = git("commit-tree", "-F", "-", *onto, tree, folder=scratch.folder, stdin=b"rendered\n")
    return made.decode().strip()
