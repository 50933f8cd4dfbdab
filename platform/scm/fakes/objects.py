"""Git objects and refs written straight to disk: a fake host with a thousand repositories starts no process for them."""

import hashlib
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

from scm.errors import GitFailed
from scm.git import git

FILE, FOLDER = "100644", "40000"
_BY = "Fake <fake@example.com>"
_CONFIG = """[core]
\trepositoryformatversion = 0
\tbare = true
\tlogallrefupdates = false
[gc]
\tauto = 0
[receive]
\tautogc = false
[uploadpack]
\tallowFilter = true
\tallowReachableSHA1InWant = true
[http]
\treceivepack = true
"""

Tree = dict[str, tuple[str, bytes]]
"""Path → mode and content."""


def sha(content: bytes, kind: str = "blob") -> str:
    """The id that git gives an object."""
    return hashlib.sha1(_framed(kind, content), usedforsecurity=False).hexdigest()


def make_repository(folder: Path, default_branch: str) -> None:
    """An empty bare repository; one that is there stays. Refs are never packed, so that `heads` can read them."""
    if (folder / "HEAD").exists():
        return
    for part in ("objects", "refs/heads", "refs/tags"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "config").write_text(_CONFIG)
    (folder / "HEAD").write_text(f"ref: refs/heads/{default_branch}\n")


def share(one: Path, other: Path) -> None:
    """Let two repositories find each other's objects, as a repository and its forks do."""
    for place, lent in ((one, other), (other, one)):
        known = place / "objects" / "info" / "alternates"
        known.parent.mkdir(exist_ok=True)
        with known.open("a") as kept:
            kept.write(f"{lent / 'objects'}\n")


def heads(folder: Path) -> dict[str, str]:
    """Branch → commit, by name."""
    start = folder / "refs" / "heads"
    found = {
        path.relative_to(start).as_posix(): path.read_text().strip()
        for path in start.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }
    return dict(sorted(found.items()))


def write_head(folder: Path, branch: str, commit: str) -> None:
    """Point a branch at a commit, whatever it pointed to."""
    place = folder / "refs" / "heads" / branch
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.with_name(f"{place.name}.lock")
    aside.write_text(f"{commit}\n")
    aside.replace(place)


def write_commit(folder: Path, tree: Tree, parents: Sequence[str], when: int) -> str:
    """A commit of exactly these files; `when` is Unix time."""
    lines = [f"tree {_write_tree(folder, tree)}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {_BY} {when} +0000", f"committer {_BY} {when} +0000", "", "Change", ""]
    return _write(folder, "commit", "\n".join(lines).encode())


def read_blobs(folder: Path, oids: Sequence[str]) -> list[bytes]:
    """The contents of blobs, in order."""
    if not oids:
        return []
    asked = "".join(f"{oid}\n" for oid in oids).encode()
    said, found, at = git("cat-file", "--batch", folder=folder, stdin=asked), [], 0
    for oid in oids:
        end = said.index(b"\n", at)
        facts = said[at:end].split()
        if facts[1:2] != [b"blob"]:
            raise GitFailed(f"{oid} is not a blob of {folder.name}")
        size = int(facts[2])
        found.append(said[end + 1 : end + 1 + size])
        at = end + size + 2
    return found


def _write_tree(folder: Path, tree: Tree) -> str:
    entries: list[tuple[bytes, str, str]] = []
    below: dict[str, Tree] = {}
    for path, (mode, content) in tree.items():
        top, slash, rest = path.partition("/")
        if slash:
            below.setdefault(top, {})[rest] = (mode, content)
        else:
            entries.append((os.fsencode(top), mode, _write(folder, "blob", content)))
    entries += [
        (os.fsencode(name) + b"/", FOLDER, _write_tree(folder, inner)) for name, inner in below.items()
    ]
    lines = [
        mode.encode() + b" " + name.removesuffix(b"/") + b"\0" + bytes.fromhex(oid)
        for name, mode, oid in sorted(entries)  # git sorts a folder as if its name ended with a slash
    ]
    return _write(folder, "tree", b"".join(lines))


def _write(folder: Path, kind: str, content: bytes) -> str:
    oid = sha(content, kind)
    place = folder / "objects" / oid[:2] / oid[2:]
    if not place.exists():
        place.parent.mkdir(exist_ok=True)
        aside = place.with_name(f"{place.name}.{os.urandom(4).hex()}")
        aside.write_bytes(zlib.compress(_framed(kind, content), 1))
        aside.replace(place)
    return oid


def _framed(kind: str, content: bytes) -> bytes:
    return b"%s %d\0" % (kind.encode(), len(content)) + content
