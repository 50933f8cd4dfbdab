"""A repository of a fake code host: its facts, and a real bare git repository behind them.

    made = state.repository("acme/payments", {"README.md": b"# Payments\\n"})
    made.push({"README.md": b"new"}, "feature/x")        # as if somebody had pushed; answers the commit
    made.heads                                           # {"main": "<commit>", "feature/x": "<commit>"}
    made.bare                                            # scm.bare.BareRepository: move, drop, contains, commits …
    made.refuse_pushes("main", "GH006: Protected …")     # what git says to who pushes there; None lifts it

`scm.fakes.git` serves the same folder to git over HTTP, so what was pushed there is read here and the other way round.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from scm.bare import BareRepository
from scm.export import PROGRAM, SUBMODULE
from scm.fakes import objects
from scm.git import git
from scm.names import SHA

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_REFUSED = "refused-pushes"
_HOOK = f"""#!/bin/sh
while read -r old new ref; do
  while IFS="$(printf '\\t')" read -r name words; do
    if [ "$name" = "$ref" ]; then echo "$words" >&2; exit 1; fi
  done < {_REFUSED}
done
"""

Files = dict[str, bytes]


@dataclass
class FakeRepository:
    """What the host knows of it. `pushes` counts them; the folder is made when something is pushed or asked by git."""

    id: int
    owner: str
    name: str
    place: Path
    """Where the bare repository lies, or will."""
    description: str = ""
    default_branch: str = "main"
    visibility: str = "private"
    archived: bool = False
    fork: bool = False
    parent: int = 0
    """The number of the repository that it is a fork of."""
    topics: list[str] = field(default_factory=list)
    pushes: int = 0
    followers: list[Callable[["FakeRepository", dict[str, str]], None]] = field(default_factory=list)
    """Called after each push with the heads that were there before it."""
    _read: dict[str, dict[str, tuple[str, bytes]]] = field(default_factory=dict)
    """Commit → its files, which never change."""

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def pushed_at(self) -> str:
        return (_BEGIN + timedelta(seconds=self.pushes)).strftime("%Y-%m-%dT%H:%M:%SZ")

    @cached_property
    def bare(self) -> BareRepository:
        """The repository on disk, which is made now if it was not there."""
        objects.make_repository(self.place, self.default_branch)
        return BareRepository(self.place)

    @property
    def heads(self) -> dict[str, str]:
        """Branch → commit, by name."""
        return objects.heads(self.bare.folder)

    @property
    def branches(self) -> dict[str, Files]:
        """Branch → its files. A copy: `push` changes a branch."""
        return {branch: self._files(commit) for branch, commit in self.heads.items()}

    def push(self, files: Files, branch: str = "") -> str:
        """Make a branch hold exactly these files, as somebody at a shell would; answer its commit.

        A new branch starts at the default branch. What ends with ".sh" is a program.
        """
        name, before = branch or self.default_branch, self.heads
        parent = before.get(name) or before.get(self.default_branch)
        modes = {path: PROGRAM if path.endswith(".sh") else objects.FILE for path in files}
        tree = {path: (modes[path], content) for path, content in files.items()}
        when = int((_BEGIN + timedelta(seconds=self.pushes)).timestamp())
        made = objects.write_commit(self.bare.folder, tree, [parent] if parent else [], when)
        self._read[made] = tree
        objects.write_head(self.bare.folder, name, made)
        self.follow(before)
        return made

    def follow(self, before: dict[str, str]) -> None:
        """Take note of a push."""
        self.pushes += 1
        for told in self.followers:
            told(self, before)

    def commit(self, branch: str) -> str:
        """The id of a branch's commit."""
        return self.heads[branch]

    def commit_at(self, ref: str) -> str | None:
        """The commit that a branch, "HEAD" or a commit's id means."""
        found = self.heads.get(self.default_branch if ref == "HEAD" else ref)
        if (
            found is None
            and SHA.fullmatch(ref)
            and (ref in self._read or self.bare.kind_at(ref, "") == "tree")
        ):
            return ref
        return found

    def files_at(self, ref: str) -> Files | None:
        """The files at a branch, at "HEAD" or at a commit; None when there is no such thing."""
        commit = self.commit_at(ref)
        return None if commit is None else self._files(commit)

    def refuse_pushes(self, branch: str, words: str | None) -> None:
        """Let git refuse whoever pushes to a branch, with these words; None lets them in again."""
        kept = self.bare.folder / _REFUSED
        lines = dict(line.split("\t", 1) for line in kept.read_text().splitlines()) if kept.exists() else {}
        lines.pop(f"refs/heads/{branch}", None)
        if words is not None:
            lines[f"refs/heads/{branch}"] = words.replace("\n", " ")
        kept.write_text("".join(f"{ref}\t{said}\n" for ref, said in lines.items()))
        hook = self.bare.folder / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_HOOK)
        hook.chmod(0o755)

    def archive(self, ref: str) -> bytes | None:
        """A gzipped tar of all files below one folder, as hosts make them: without those that are `export-ignore`."""
        commit = self.commit_at(ref)
        if commit is None:
            return None
        prefix = f"--prefix={self.name}-{ref.replace('/', '-')}/"
        return git("archive", "--format=tar.gz", prefix, commit, folder=self.bare.folder)

    def _files(self, commit: str) -> Files:
        return {path: content for path, (_, content) in self._tree(commit).items()}

    def _tree(self, commit: str) -> dict[str, tuple[str, bytes]]:
        if commit not in self._read:
            entries = [entry for entry in self.bare.entries(commit) if entry.mode != SUBMODULE]
            contents = objects.read_blobs(self.bare.folder, [entry.oid for entry in entries])
            self._read[commit] = {
                entry.path: (entry.mode, content) for entry, content in zip(entries, contents, strict=True)
            }
        return self._read[commit]
