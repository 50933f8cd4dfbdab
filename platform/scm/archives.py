"""A folder out of an archive that a code host made of a repository, with nothing in it that reaches outside."""

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from core.errors import ExternalError, InputError, NotFound
from scm.folders import LIMITS, Limits, Measure, check_link
from scm.names import checked_path
from scm.unpacking import entries

LINK_LIMIT = 4096


@contextmanager
def archive_for(into: Path) -> Iterator[IO[bytes]]:
    """A file without a name for the archive that is to be written into `into`, on the same disk; gone with the block."""
    near = next(folder for folder in into.absolute().parents if folder.is_dir())
    with tempfile.TemporaryFile(dir=near) as file:
        yield file


def export_archive(archive: IO[bytes], path: str, into: Path, *, what: str, limits: Limits = LIMITS) -> None:
    """Write the files below `path` ("": all) of a gzipped tar into `into`, which is absent or empty.

    The archive's single top folder is left away. All is measured and checked before anything is written, so that it is
    read twice and never held; `what` is the sentence for a path that is no folder.
    """
    if into.exists() and any(into.iterdir()):
        raise InputError(f"folder {into.name!r} is not empty; give an empty one to export into")
    measure, found = Measure(limits), False
    for relative, entry, _ in _below(archive, path):
        found = True
        measure.add(checked_path("file", relative), 0 if entry.issym() else entry.size)
        if entry.issym() and (not 0 < len(entry.linkname) <= LINK_LIMIT or "\0" in entry.linkname):
            raise InputError(f"link {relative!r} has no usable target; remove it from the repository")
    if path and not found:
        raise NotFound(what)
    try:
        _write(archive, path, into)
    except OSError as error:
        said = error.strerror or type(error).__name__  # without our own paths
        raise ExternalError(f"the archive of the repository cannot be written out: {said}") from error


def _write(archive: IO[bytes], path: str, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    links: list[tuple[Path, str]] = []
    whole = False
    try:
        for relative, entry, content in _below(archive, path):
            place = into / relative
            place.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                links.append((place, entry.linkname))
                continue
            mode = 0o755 if entry.mode & 0o100 else 0o644
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(place, flags, mode), "wb") as file:
                shutil.copyfileobj(content, file)
        for place, target in links:  # after the files, so that no file can be written through a link
            place.symlink_to(target)
        for place, _ in links:
            check_link(into, place)
        whole = True
    finally:
        if not whole:
            shutil.rmtree(into)


def _below(archive: IO[bytes], path: str) -> Iterator[tuple[str, tarfile.TarInfo, IO[bytes] | None]]:
    """Files and links below a path, in the archive's order; anything else but folders is refused."""
    start = f"{path}/" if path else ""
    for entry, content in entries(archive):
        inner = entry.name.partition("/")[2]
        if entry.isdir() or not inner.startswith(start):
            continue
        if not (entry.isreg() or entry.issym()):
            raise InputError(
                f"file {inner!r} is a device, pipe or hard link; publish files, folders and links"
            )
        yield inner[len(start) :], entry, content
