"""A zip archive of files of the workspace: the same files give the same bytes, and nothing from outside gets in."""

import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from core.errors import InputError, NotFound, TooLarge

MOST_FILES = 10_000
MOST_BYTES = 200 * 1024 * 1024
"""Bytes of all files together, before they are packed."""
LARGEST = 20 * 1024 * 1024
"""Bytes of the archive."""
_PIECE = 1024 * 1024
_THEN = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: the earliest that the format knows."""
_UNIX = 3


class Zipper:
    """Writes one archive. `meanwhile` is called between files and raises when the work is to end."""

    def __init__(self, target: Path, meanwhile: Callable[[], None]) -> None:
        self._target = target
        self._meanwhile = meanwhile
        self._bytes = 0

    def pack(self, source: Path, *, leave_out: Path | None = None) -> int:
        """Pack a file, or what a folder holds, in order of path; the number of entries.

        Modes are kept. A link is kept when it leads to somewhere in the folder, else refused, as is what is neither
        file, folder nor link. InputError names what cannot be packed, TooLarge the limit that was passed.
        """
        count = 0
        with zipfile.ZipFile(self._target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for place in _inside(source):
                if place == leave_out:
                    continue
                self._meanwhile()
                count += 1
                if count > MOST_FILES:
                    raise TooLarge(
                        f"path holds more than {MOST_FILES} files, which is the most for one archive"
                    )
                name = place.relative_to(source).as_posix() if place != source else place.name
                self._add(archive, source, place, _checked(name))
        return count

    def _add(self, archive: zipfile.ZipFile, source: Path, place: Path, name: str) -> None:
        mode = place.lstat().st_mode
        if stat.S_ISLNK(mode):
            archive.writestr(_entry(name, stat.S_IFLNK | 0o777), _aim(source, place, name))
        elif stat.S_ISDIR(mode):
            entry = _entry(f"{name}/", stat.S_IFDIR | stat.S_IMODE(mode) & 0o777)
            entry.external_attr |= 0x10  # as MS-DOS marks folders
            archive.writestr(entry, b"", zipfile.ZIP_STORED)
        elif stat.S_ISREG(mode):
            self._copy(archive, place, name)
        else:
            raise InputError(f"path: {name!r} is neither a file nor a folder; delete it before this step")

    def _copy(self, archive: zipfile.ZipFile, place: Path, name: str) -> None:
        with open(place, "rb", opener=_as_it_is) as file:
            mode = os.fstat(file.fileno()).st_mode
            with archive.open(_entry(name, stat.S_IFREG | stat.S_IMODE(mode) & 0o777), "w") as entry:
                while piece := file.read(_PIECE):
                    self._bytes += len(piece)
                    if self._bytes > MOST_BYTES:
                        raise TooLarge(f"path holds more than {MOST_BYTES // 1024 // 1024} MB of files")
                    entry.write(piece)
                    self._check_size(archive)
        self._check_size(archive)

    def _check_size(self, archive: zipfile.ZipFile) -> None:
        if archive.fp is not None and archive.fp.tell() > LARGEST:
            raise TooLarge(
                f"the archive would have more than {LARGEST // 1024 // 1024} MB; name a smaller folder"
            )


def _as_it_is(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _inside(source: Path) -> Iterator[Path]:
    """The files, links and empty folders below a folder, in order of path; a file is itself."""
    if not source.is_dir():
        if not source.exists():
            raise NotFound(
                f"path {source.name!r} is not in the workspace; name what an earlier step made there"
            )
        yield source
        return
    below = [source]
    found = []
    while below:
        folder = below.pop()
        entries = list(os.scandir(folder))
        if not entries and folder != source:
            found.append(folder)
        for entry in entries:
            place = folder / entry.name
            if entry.is_dir(follow_symlinks=False):
                below.append(place)
            else:
                found.append(place)
        if len(found) + len(below) > 2 * MOST_FILES:
            raise TooLarge(f"path holds more than {MOST_FILES} files, which is the most for one archive")
    yield from sorted(found, key=os.fspath)


def _entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _THEN)
    entry.create_system = _UNIX
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = mode << 16
    return entry


def _checked(name: str) -> str:
    """A name that every program reads alike when it unpacks."""
    if "\\" in name or any("\ud800" <= one <= "\udfff" or ord(one) < 32 for one in name):
        raise InputError(
            f"path: {name!r} has a character that no name in an archive can have; rename it first"
        )
    return name


def _aim(source: Path, place: Path, name: str) -> str:
    """Where a link leads, when that is in the folder."""
    aim = str(place.readlink())
    written = os.path.normpath(os.path.join(os.path.dirname(name), aim))  # noqa: PTH118, PTH120 - texts, not places
    root = source.resolve()
    if os.path.isabs(aim) or written.split("/")[0] == ".." or not place.resolve().is_relative_to(root):  # noqa: PTH117
        raise InputError(
            f"path: the link {name!r} leads out of what is packed; replace it by what it points to"
        )
    return _checked(aim)
