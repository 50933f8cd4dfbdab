"""Reads a gzipped tar from a file piece by piece: nothing it claims or holds makes us keep or unpack without bound."""

import gzip
import os
import tarfile
import zlib
from collections.abc import Iterator
from typing import IO

from core.errors import ExternalError, TooLarge
from scm.folders import MIB

MOST_UNPACKED = 4096 * MIB
"""Bytes of everything in an archive, also of what nobody wants from it."""
MOST_ENTRIES = 200_000
"""Files, folders and links in an archive, also those that nobody wants."""
_HEADER = MIB
"""Bytes that may describe one entry: long names, links and the like, which Python holds whole."""
_CHUNK = 64 * 1024
_DAMAGED = "the archive of the repository is damaged; try again"


class _Unpacked(gzip.GzipFile):
    """What is in the archive. Before each entry, and for its content, so many bytes may be read and no more."""

    allowance = _HEADER

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= self.allowance:
            raise TooLarge(
                "the archive of the repository has an entry whose description is longer than "
                f"{_HEADER} bytes; read a smaller part"
            )
        self.allowance -= size
        return super().read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        if offset > MOST_UNPACKED:
            raise TooLarge(
                f"the archive of the repository holds more than {MOST_UNPACKED} bytes; read a smaller part"
            )
        if (
            whence == os.SEEK_SET and offset < self.tell()
        ):  # a size below zero would let us read the same again for ever
            raise ExternalError(_DAMAGED)
        return super().seek(offset, whence)


def entries(archive: IO[bytes]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Each entry of the tar with its content (None when it is no file), which is read before the next one is asked for.

    TooLarge past a bound, ExternalError when the archive ends early, is damaged, or goes on behind its end: a part of
    an answer is none.
    """
    archive.seek(0)
    try:
        with _Unpacked(fileobj=archive, mode="rb") as unpacked:
            yield from _of_tar(unpacked)
    except (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, RecursionError) as error:
        raise ExternalError(f"the archive of the repository cannot be read: {error}") from error


def _of_tar(unpacked: _Unpacked) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    with tarfile.open(fileobj=unpacked, mode="r:") as tar:
        for number, entry in enumerate(tar):
            if number >= MOST_ENTRIES:
                raise TooLarge(f"the archive of the repository has more than {MOST_ENTRIES} entries")
            if entry.size < 0:
                raise ExternalError(_DAMAGED)
            unpacked.allowance = entry.size + _HEADER
            yield entry, tar.extractfile(entry) if entry.isreg() else None
            unpacked.allowance = _HEADER
            # it keeps every entry that it has read, and what was said for all that follow
            tar.members.clear()  # type: ignore[attr-defined]
            tar.pax_headers = {}
        _check_end(unpacked)


def _check_end(unpacked: _Unpacked) -> None:
    """Behind the last entry there are zeros alone: Python takes a damaged description for the end, and is silent."""
    while True:
        unpacked.allowance = _CHUNK
        rest = unpacked.read(_CHUNK)
        if rest.strip(b"\0"):
            raise ExternalError(_DAMAGED)
        if not rest:
            return
        if unpacked.tell() > MOST_UNPACKED:
            raise TooLarge(f"the archive of the repository holds more than {MOST_UNPACKED} bytes")
