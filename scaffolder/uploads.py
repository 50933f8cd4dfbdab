"""Folders that come and go as JSON: a list of paths with contents in base64 (SCAFFOLDER.md 6)."""

import base64
import binascii
import os
from pathlib import Path
from typing import Any

from core.errors import InputError, TooLarge
from core.names import confined
from scaffolder.rendering.limits import Limits
from scaffolder.rendering.skeleton import survey

MOST_FILES = 2_000
LONGEST_PATH = 1_000
MOST_SHOWN = 10 * 1024 * 1024
"""Bytes of all files in an answer."""
LIMITS = Limits(files=MOST_FILES, total_bytes=MOST_SHOWN)


def unpack(contents: Any, into: Path) -> None:
    """Write what was sent into an empty folder. InputError names the entry that cannot be: a path that leaves the
    folder, that comes twice or is a folder of another, contents that are no base64.
    """
    if not isinstance(contents, list):
        raise InputError("request/body/directoryContents must be array")
    if len(contents) > MOST_FILES:
        raise TooLarge(f"directoryContents has {len(contents)} files, {MOST_FILES} at the most")
    for index, entry in enumerate(contents):
        place = f"request/body/directoryContents/{index}"
        if not isinstance(entry, dict):
            raise InputError(f"{place} must be object")
        for name in ("path", "base64Content"):
            if not isinstance(entry.get(name), str):
                raise InputError(f"{place}/{name} must be string")
        _write(into, entry["path"], _decoded(entry["base64Content"], place), place)


def _write(into: Path, path: str, content: bytes, place: str) -> None:
    if len(path) > LONGEST_PATH or not path.isprintable():
        raise InputError(f"{place}/path must be printable text of {LONGEST_PATH} characters at the most")
    if any(part in {"", ".", ".git"} for part in path.split("/")):
        raise InputError(f"{place}/path {path!r} must name a file: no empty part, no '.', no '.git'")
    target = confined(into, path)
    if os.path.lexists(target):
        raise InputError(f"{place}/path {path!r} is there already: send each path once")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise InputError(f"{place}/path {path!r} cannot be written: {error.strerror}") from error


def _decoded(text: str, place: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"{place}/base64Content must be base64: {error}") from error


def packed(folder: Path) -> list[dict[str, Any]]:
    """The files of a folder, in order of their paths; links are left out. TooLarge past 2,000 files or 10 MB."""
    return [
        {
            "path": os.fsencode(entry.path).decode(errors="replace"),
            "executable": bool(entry.mode & 0o111),
            "base64Content": base64.b64encode((folder / entry.path).read_bytes()).decode(),
        }
        for entry in sorted(survey(folder, LIMITS, name="result"), key=lambda entry: entry.path)
        if entry.kind == "file"
    ]
