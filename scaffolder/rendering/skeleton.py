"""Looks over a skeleton before anything is rendered: what is in it, that its links stay in it, that it is
not too big.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from core.errors import InputError, TooLarge

from .limits import Limits

Kind: TypeAlias = Literal["file", "folder", "link"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a folder, by its path from there, with slashes."""

    path: str
    kind: Kind
    mode: int
    size: int


def survey(folder: Path, limits: Limits, *, name: str = "skeleton") -> list[Entry]:
    """Everything in a folder, parents first, links last; what is called
    `.git` is no part of it.

    Raises InputError for a link that leaves the folder and for what is neither file, folder nor link;
    TooLarge past a limit. Each message names the path.
    """
    root = os.path.realpath(folder)
    if not os.path.isdir(root):  # noqa: PTH112  the same text is compared with realpath below
        raise InputError(f"{name} folder is not there: check the url of the step")
    found: list[Entry] = []
    total = 0
    for entry in _walk(root, ""):
        if entry.kind == "link":
            _check_link(root, entry.path, name)
        if entry.size > limits.file_bytes:
            raise TooLarge(
                f"{name} file {entry.path!r} has {entry.size} bytes; one file may have at most {limits.file_bytes}"
            )
        found.append(entry)
        total += entry.size
        if len(found) > limits.files:
            raise TooLarge(
                f"{name} has more than {limits.files} files and folders, beginning to count before {entry.path!r}"
            )
        if total > limits.total_bytes:
            raise TooLarge(
                f"{name} has more than {limits.total_bytes} bytes, with {entry.path!r} the limit is passed"
            )
    return sorted(found, key=lambda entry: entry.kind == "link")


def _walk(root: str, below: str) -> Iterator[Entry]:
    with os.scandir(os.path.join(root, below)) as entries:  # noqa: PTH118  paths stay text: no Path per file
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name == ".git":
                continue
            path = f"{below}{entry.name}"
            status = entry.stat(follow_symlinks=False)
            mode = stat.S_IMODE(status.st_mode)
            if stat.S_ISLNK(status.st_mode):
                yield Entry(path, "link", mode, 0)
            elif stat.S_ISDIR(status.st_mode):
                yield Entry(path, "folder", mode, 0)
                yield from _walk(root, f"{path}/")
            elif stat.S_ISREG(status.st_mode):
                yield Entry(path, "file", mode, status.st_size)
            else:
                raise InputError(
                    f"skeleton has {path!r}, which is neither a file, a folder nor a link: take it out"
                )


def _check_link(root: str, path: str, name: str) -> None:
    place = os.path.join(root, path)  # noqa: PTH118
    text = os.readlink(place)  # noqa: PTH115
    lexical = os.path.normpath(os.path.join(os.path.dirname(path), text))  # noqa: PTH118, PTH120
    real = os.path.realpath(place)
    if text.startswith("/") or lexical.startswith("..") or not f"{real}/".startswith(f"{root}/"):
        raise InputError(
            f"{name} link {path!r} points to {text!r}, outside of its folder: replace it by a copy"
        )
