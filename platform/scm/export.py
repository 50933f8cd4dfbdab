"""A folder of a repository, written out as plain files with nothing that reaches outside."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from core.children import CHUNK
from core.errors import InputError, NotFound
from scm.bare import BareRepository, Entry
from scm.errors import GitFailed
from scm.folders import LIMITS, Limits, Measure, check_link
from scm.git import streaming
from scm.names import checked_path

LINK, SUBMODULE, PROGRAM = "120000", "160000", "100755"
LINK_LIMIT = 4096


def export_tree(
    repository: BareRepository, ref: str, path: str, into: Path, *, limits: Limits = LIMITS
) -> None:
    """Write the files below `path` at `ref` into `into`, which is absent or empty.

    Everything is measured and every path is checked before the first byte is written; what still
    fails later leaves nothing behind. Submodules are left out. `.gitattributes` changes no byte.
    """
    checked_path("path", path, empty=True)
    path = path.strip("/")
    commit = repository.commit_at(ref)
    if path and repository.kind_at(commit, path) != "tree":
        raise NotFound(f"path {path!r} is not a folder at {ref!r}")
    entries = [entry for entry in repository.entries(commit, path) if entry.mode != SUBMODULE]
    measure = Measure(limits)
    for entry in entries:
        checked_path("file", entry.path)
        measure.add(entry.path, entry.size)
    if into.exists() and any(into.iterdir()):
        raise InputError(f"folder {into.name!r} is not empty; give an empty one to export into")
    into.mkdir(parents=True, exist_ok=True)
    whole = False
    try:
        _write(repository, entries, into)
        whole = True
    finally:
        if not whole:
            shutil.rmtree(into)


def _write(repository: BareRepository, entries: list[Entry], into: Path) -> None:
    plain = [entry for entry in entries if entry.mode != LINK]
    links = [entry for entry in entries if entry.mode == LINK]
    with tempfile.TemporaryFile() as wanted:
        wanted.write("".join(f"{entry.oid}\n" for entry in [*plain, *links]).encode())
        wanted.seek(0)
        with streaming("cat-file", "--batch", "--buffer", folder=repository.folder, stdin=wanted) as output:
            for entry in plain:
                _write_file(into / entry.path, entry, _contents(output, entry))
            for entry in links:  # after the files, so that no file can be written through a link
                _write_link(into / entry.path, b"".join(_contents(output, entry)), entry)
    for entry in links:
        check_link(into, into / entry.path)


def _contents(output: IO[bytes], entry: Entry) -> Iterable[bytes]:
    header = output.readline().split()
    if header[1:] != [b"blob", str(entry.size).encode()]:
        raise GitFailed(
            f"git cat-file did not give the file {entry.path!r}; check the repository with `git fsck`"
        )
    left = entry.size
    while left:
        chunk = output.read(min(CHUNK, left))
        if not chunk:
            raise GitFailed(f"git cat-file ended in the middle of the file {entry.path!r}")
        left -= len(chunk)
        yield chunk
    output.read(1)


def _write_file(place: Path, entry: Entry, contents: Iterable[bytes]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o755 if entry.mode == PROGRAM else 0o644
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as file:
        file.writelines(contents)


def _write_link(place: Path, target: bytes, entry: Entry) -> None:
    if not target or len(target) > LINK_LIMIT or b"\0" in target:
        raise InputError(f"link {entry.path!r} has no usable target; remove it from the repository")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(os.fsdecode(target))
