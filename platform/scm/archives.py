"""A folder out of an archive that a code host made of a repository, with nothing in it that reaches outside."""

import io
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

from core.errors import ExternalError, InputError, NotFound
from scm.folders import LIMITS, Limits, Measure, check_link
from scm.names import checked_path


def export_archive(archive: bytes, path: str, into: Path, *, what: str, limits: Limits = LIMITS) -> None:
    """Write the files below `path` ("": all) of a gzipped tar into `into`, which is absent or empty.

    The archive's single top folder is left away. All is measured and checked before anything is written; `what`
    is the sentence for a path that is no folder.
    """
    if into.exists() and any(into.iterdir()):
        raise InputError(f"folder {into.name!r} is not empty; give an empty one to export into")
    try:
        measure, found = Measure(limits), False
        for relative, entry, _ in _entries(archive, path):
            found = True
            measure.add(checked_path("file", relative), 0 if entry.issym() else entry.size)
        if path and not found:
            raise NotFound(what)
        _write(archive, path, into)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ExternalError(f"the archive of the repository cannot be read: {error}") from error


def _write(archive: bytes, path: str, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    links: list[tuple[Path, str]] = []
    whole = False
    try:
        for relative, entry, content in _entries(archive, path):
            place = into / relative
            place.parent.mkdir(parents=True, exist_ok=True)
            if entry.issym():
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


def _entries(
    archive: bytes, path: str
) -> Iterator[tuple[str, tarfile.TarInfo, io.BufferedReader | io.BytesIO]]:
    """Files and links below a path, in the archive's order; anything else but folders is refused."""
    start = f"{path}/" if path else ""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for entry in tar:
            inner = entry.name.partition("/")[2]
            if entry.isdir() or not inner.startswith(start):
                continue
            if not (entry.isreg() or entry.issym()):
                raise InputError(
                    f"file {inner!r} is a device, pipe or hard link; publish files, folders and links"
                )
            content = tar.extractfile(entry) if entry.isreg() else None
            yield inner[len(start) :], entry, content or io.BytesIO()  # type: ignore[misc]
