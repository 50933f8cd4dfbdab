"""Copies of templates that lie as files on this machine: what a version was can be read after the files have changed.

A code host keeps every commit; a folder keeps nothing. So the folder of a `file:` template is copied once for each
content it has had when somebody used it, below `<data>/templates/<digest>`.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from catalog.reading import file_roots, read_tree
from core.errors import GreenroomError, NotAllowed, NotFound, TooLarge
from core.names import confined
from scaffolder.rendering.landing import remove
from scm.folders import MIB, Limits, Measure

LIMITS = Limits(files=5_000, file_bytes=8 * MIB, total_bytes=64 * MIB)
"""The largest folder of a template that is kept."""


def copy_of(digest: str) -> Path:
    """Where the copy with that digest lies, or would."""
    folder: Path = settings.GREENROOM_DATA / "templates" / digest
    return folder


def keep(folder: Path) -> str:
    """The digest of a folder's files, after a copy of them is there. GreenroomError when it cannot be kept.

    A content that was never seen is copied before it is looked at again, so that the digest is of what was copied,
    whoever writes meanwhile.
    """
    if not any(folder.resolve().is_relative_to(root.resolve()) for root in file_roots()):
        raise NotAllowed("it lies outside of the folders of GREENROOM_CATALOG_LOCATIONS")
    try:
        _measure(folder)
        digest = digest_of(folder)
        return digest if copy_of(digest).is_dir() else _copy(folder)
    except (OSError, shutil.Error) as error:
        raise GreenroomError(f"the template's folder could not be kept: {error}") from error


def _copy(folder: Path) -> str:
    root = copy_of("")
    root.mkdir(parents=True, exist_ok=True)
    held = Path(tempfile.mkdtemp(dir=root, prefix=".coming-"))
    try:
        read_tree(f"file:{folder}", held)
        digest = digest_of(held)
        place = copy_of(digest)
        if not place.is_dir():
            try:
                held.rename(place)
            except OSError:  # another start has just kept the same
                if not place.is_dir():
                    raise
        return digest
    finally:
        remove(held)


def kept_folder(place: Path) -> Path:
    """A folder of a kept copy, which nobody may change; NotFound when that version had no such folder."""
    if not place.is_dir():
        raise NotFound(f"could not read {place.name}, the template has no such folder")
    return place


def copy_kept(place: Path, into: Path) -> Path:
    """Copy a folder of a kept copy into an absent or empty one; NotFound when that version had no such folder."""
    kept_folder(place)
    for path in place.rglob("*"):
        confined(place, str(path.relative_to(place)))
    shutil.copytree(place, into, symlinks=True, dirs_exist_ok=True)
    return into


def digest_of(folder: Path, *, but: str = "") -> str:
    """SHA-256 over the paths, executable bits, links and contents of a folder; `but` is a file in it to leave out."""
    whole = hashlib.sha256()
    for path, entry in _walked(os.fspath(folder)):
        if path == but:
            continue
        name = os.fsencode(path)
        if entry.is_symlink():
            whole.update(b"l %d %s %s\n" % (len(name), name, os.fsencode(os.readlink(entry.path))))  # noqa: PTH115
        elif entry.is_file():
            with open(entry.path, "rb") as opened:  # noqa: PTH123  no Path per file: each start comes through here
                content = hashlib.sha256(opened.read()).hexdigest().encode()
            executable = b"x" if os.access(entry.path, os.X_OK) else b"f"
            whole.update(b"%s %d %s %s\n" % (executable, len(name), name, content))
    return whole.hexdigest()


def _measure(folder: Path) -> None:
    measure = Measure(LIMITS)
    for path, entry in _walked(os.fspath(folder)):
        measure.add(path, entry.stat(follow_symlinks=False).st_size)
        if not entry.is_symlink() and not entry.is_file():
            raise TooLarge(f"{path} is no file; take it out of the template's folder")


def _walked(folder: str, below: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """All in a folder but the folders themselves, by the path from there, in the order of the parts of these paths."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if entry.is_dir(follow_symlinks=False):
                yield from _walked(entry.path, f"{below}{entry.name}/")
            else:
                yield f"{below}{entry.name}", entry
