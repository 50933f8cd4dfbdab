"""Reading and writing single files of a workspace: where, how big, and in one piece."""

import os
import stat
import tempfile
from pathlib import Path

from core.errors import Conflict, InputError, NotFound, TooLarge
from core.names import confined
from scaffolder.steps.port import StepContext

LARGEST_READ = 1024 * 1024
"""Bytes of a file that become part of a run's record."""
LARGEST_WRITE = 10 * 1024 * 1024
"""Bytes of one file, as in skeletons."""
_LONGEST_NAME = 240
"""Bytes, with room for what a half-written file has in front of it."""


def file_of(ctx: StepContext, path: str) -> Path:
    """The place of a file in the workspace; InputError for one that is none."""
    place = confined(ctx.workspace, path)
    if path.strip("/") in {"", "."} or path.endswith("/"):
        raise InputError(f"path {path!r} names no file; name a file of the workspace")
    if any(len(part.encode(errors="replace")) > _LONGEST_NAME for part in path.split("/")):
        raise InputError(f"path {path[:40]!r}… has a name of more than {_LONGEST_NAME} bytes: shorten it")
    return place


def read_bytes(ctx: StepContext, path: str, limit: int = LARGEST_READ) -> bytes:
    """The bytes of a file; NotFound when it is none, TooLarge past the limit. A pipe or device is not waited for."""
    place = file_of(ctx, path)
    try:
        with open(place, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InputError(f"{path!r} is no file of the workspace")
            content = file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise NotFound(
            f"{path!r} is no file of the workspace; name a file that an earlier step made"
        ) from error
    except OSError as error:
        raise InputError(f"{path!r} could not be read: {error.strerror}") from error
    if len(content) > limit:
        raise TooLarge(f"{path!r} has more than {limit} bytes, which is the most that is read of a file")
    return content


def read_text(ctx: StepContext, path: str, limit: int = LARGEST_READ) -> str:
    """The text of a file; InputError when it is not UTF-8."""
    try:
        return read_bytes(ctx, path, limit).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path!r} is no text: byte {error.start} is not UTF-8") from error


def encoded(content: str) -> bytes:
    """A text as UTF-8; InputError for half a character, which no file can hold."""
    try:
        return content.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"content holds half a character at {error.start}, which is no text") from error


def write_bytes(ctx: StepContext, path: str, content: bytes) -> Path:
    """Write a file in one piece; what was there is replaced, its mode kept, a link followed as far as it stays inside."""
    place = file_of(ctx, path)
    if len(content) > LARGEST_WRITE:
        raise TooLarge(f"{path!r} would have {len(content)} bytes; a file may have {LARGEST_WRITE}")
    place = place.resolve() if place.is_symlink() else place
    if place.is_dir():
        raise Conflict(f"{path!r} is a folder of the workspace; name a file")
    mode = stat.S_IMODE(place.stat().st_mode) if place.exists() else 0o644
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=".w-")
    except OSError as error:
        raise InputError(f"{path!r} cannot be written: {error.strerror}") from error
    coming = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        coming.chmod(mode)
        coming.replace(place)
    except OSError as error:
        raise InputError(f"{path!r} cannot be written: {error.strerror}") from error
    finally:
        coming.unlink(missing_ok=True)
    return place


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
