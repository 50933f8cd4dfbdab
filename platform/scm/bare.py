"""A bare repository on disk, as git sees it: refs, files, history. Knows no database."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.errors import Conflict, NotFound, TooLarge
from scm.errors import GitFailed
from scm.folders import LIMITS
from scm.git import call, git
from scm.names import checked_path, checked_ref
from scm.values import Author, Branch, Commit

ABSENT = "0" * 40
"""What git writes for a ref that is not there."""

_ABBREVIATED = re.compile(r"[0-9a-f]{7,64}")
_COMMIT_FORMAT = "%H%x00%P%x00%an%x00%ae%x00%at%x00%B%x00%x00"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a tree: git's mode ("100755"), the object, its size (submodules: 0), the path."""

    mode: str
    oid: str
    size: int
    path: str


@dataclass(frozen=True, slots=True)
class BareRepository:
    """A folder that `git init --bare` made."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, default_branch: str) -> "BareRepository":
        """A new one without hooks or samples, its HEAD on a branch that is still to be born."""
        git("init", "--bare", "--quiet", "--template=", f"--initial-branch={default_branch}", "--", folder)
        return cls(folder)

    @property
    def exists(self) -> bool:
        return (self.folder / "HEAD").is_file()

    def refs(self) -> dict[str, str]:
        """Branches and tags, "refs/heads/main" → object id."""
        lines = git(
            "for-each-ref",
            "--format=%(objectname) %(refname)",
            "refs/heads/",
            "refs/tags/",
            folder=self.folder,
        )
        pairs = (os.fsdecode(line).split(" ", 1) for line in lines.splitlines())
        return {name: sha for sha, name in pairs}

    def branches(self) -> list[Branch]:
        prefix = "refs/heads/"
        return [
            Branch(name.removeprefix(prefix), sha)
            for name, sha in self.refs().items()
            if name.startswith(prefix)
        ]

    def head(self, branch: str) -> str | None:
        """The commit a branch points to; None when there is no such branch."""
        return self.refs().get(f"refs/heads/{branch}")

    def commit_at(self, ref: str) -> str:
        """The commit that a branch, a tag, a commit id or "HEAD" means, in this order; or NotFound.

        The full names are asked for, so that a tag pushed as "main" cannot stand in for the branch.
        """
        checked_ref("ref", ref)
        wanted = [f"refs/heads/{ref}", f"refs/tags/{ref}"] if ref != "HEAD" else ["HEAD"]
        if _ABBREVIATED.fullmatch(ref):
            wanted.append(ref)
        answers = self._look_up([f"{name}^{{commit}}" for name in wanted])
        found = next((oid for oid, kind, _ in answers if kind == "commit"), None)
        if found is None:
            raise NotFound(f"ref {ref!r} is not a branch, tag or commit of this repository")
        return found

    def kind_at(self, commit: str, path: str) -> str:
        """ "blob", "tree" or "missing"."""
        return self._look_up([f"{commit}:{path}"])[0][1]

    def read_file(self, ref: str, path: str, *, limit: int = LIMITS.file_bytes) -> bytes:
        """A file's bytes; TooLarge over `limit`."""
        return self.read_blob(self.blob_at(ref, path, limit=limit), limit=limit)

    def blob_at(self, ref: str, path: str, *, limit: int = LIMITS.file_bytes) -> str:
        """The id of a file's content: the same as long as the bytes are. As `read_file`, without reading."""
        checked_path("path", path)
        commit = self.commit_at(ref)
        oid, kind, size = self._look_up([f"{commit}:{path}"])[0]
        if kind != "blob":
            raise NotFound(f"path {path!r} is {'a folder' if kind == 'tree' else 'not there'} at {ref!r}")
        if size > limit:
            raise TooLarge(
                f"path {path!r} has {size} bytes, more than the {limit} that are read; clone instead"
            )
        return oid

    def read_blob(self, oid: str, *, limit: int = LIMITS.file_bytes) -> bytes:
        """The bytes of a blob that is there."""
        return git("cat-file", "blob", oid, folder=self.folder, limit=limit)

    def entries(self, commit: str, path: str = "", *, deep: bool = True) -> list[Entry]:
        """Files below a folder of a commit; with `deep` false its direct children, folders among them."""
        options = ["-r"] if deep else []
        text = git("ls-tree", "-z", "-l", "--full-tree", *options, f"{commit}:{path}", folder=self.folder)
        entries = []
        for line in text.split(b"\0")[:-1]:
            facts, _, name = line.partition(b"\t")
            mode, _, oid, size = facts.decode().split()
            entries.append(Entry(mode, oid, 0 if size == "-" else int(size), os.fsdecode(name)))
        return entries

    def commits(self, ref: str, *, limit: int) -> Iterator[Commit]:
        """Commits reachable from a ref, newest first."""
        start = self.commit_at(ref)
        text = git(
            "log",
            "--no-show-signature",
            f"--max-count={limit}",
            f"--format=tformat:{_COMMIT_FORMAT}",
            start,
            folder=self.folder,
        )
        for record in text.decode(errors="replace").split("\0\0\n")[:-1]:
            sha, parents, name, email, at, message = record.split("\0")
            author = Author(_plain(name) or "unknown", _plain(email) or "unknown")
            yield Commit(
                sha,
                tuple(parents.split()),
                author,
                datetime.fromtimestamp(int(at), UTC),
                message.rstrip("\n"),
            )

    def contains(self, commit: str, other: str) -> bool:
        """Is `other` reachable from `commit`?"""
        return self._asked("merge-base", "--is-ancestor", other, commit)

    def related(self, one: str, other: str) -> bool:
        """Do two commits have any history in common?"""
        return self._asked("merge-base", one, other)

    def move(self, branch: str, *, to: str, expected: str | None) -> None:
        """Point a branch somewhere, if it still points to `expected` (None: is not there); else Conflict."""
        self._update(branch, f"refs/heads/{branch}", to, expected or ABSENT, expected=expected)

    def drop(self, branch: str, *, expected: str) -> None:
        """Remove a branch, if it still points to `expected`; else Conflict."""
        self._update(branch, "-d", f"refs/heads/{branch}", expected, expected=expected)

    def _update(self, branch: str, *change: str, expected: str | None) -> None:
        try:
            git("update-ref", "--no-deref", *change, folder=self.folder)
        except GitFailed as error:
            if self.head(branch) == expected and "cannot lock ref" not in str(error):
                raise
            raise Conflict(
                f"branch {branch!r} was changed by someone else, or its name is taken; look and try again"
            ) from error

    def _look_up(self, names: Sequence[str]) -> list[tuple[str, str, int]]:
        lines = "".join(f"{name}\n" for name in names)
        answers = git("cat-file", "--batch-check", folder=self.folder, stdin=os.fsencode(lines)).splitlines()
        found = []
        for answer in answers:
            oid, _, rest = os.fsdecode(answer).partition(" ")
            kind, _, size = rest.partition(" ")
            known = size.isdecimal() and kind in {"blob", "tree", "commit", "tag"}
            found.append((oid, kind, int(size)) if known else ("", "missing", 0))
        return found

    def _asked(self, *question: str) -> bool:
        return call(*question, folder=self.folder, allowed=frozenset({0, 1})).status == 0


def _plain(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f<>]", "", text).strip()[:200]
