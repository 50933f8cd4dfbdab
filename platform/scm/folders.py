"""What a folder of files may hold on its way into a repository or out of one."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError, TooLarge

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest tree we move in one go."""

    files: int = 20_000
    file_bytes: int = 32 * MIB
    total_bytes: int = 256 * MIB


LIMITS = Limits()


class Measure:
    """Adds up files and refuses the one that is too much, by name."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self.files = 0
        self.bytes = 0

    def add(self, path: str, size: int) -> None:
        self.files += 1
        self.bytes += size
        limits = self.limits
        if size > limits.file_bytes:
            raise TooLarge(
                f"file {path!r} has {size} bytes; allowed are {limits.file_bytes}: leave it out"
                " or keep it elsewhere"
            )
        if self.files > limits.files or self.bytes > limits.total_bytes:
            raise TooLarge(
                f"folder is too large at {path!r}: {self.files} files and {self.bytes} bytes, "
                f"allowed are {limits.files} files and {limits.total_bytes} bytes; leave generated files out"
            )


def check_folder(folder: Path, limits: Limits = LIMITS) -> int:
    """Refuse a folder that must not become a commit, naming the first offender; answer its number of files.

    Refused: `.git` entries, links that leave the folder, devices, sockets and pipes, too much of it.
    """
    if not folder.is_dir() or folder.is_symlink():
        raise InputError(
            f"folder {folder.name!r} is not a folder; give the folder whose files are to be published"
        )
    measure, waiting = Measure(limits), [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                path = Path(entry.path)
                relative = path.relative_to(folder).as_posix()
                if entry.name.lower() == ".git":
                    raise InputError(
                        f"file {relative!r} belongs to another repository; remove it from the folder"
                    )
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    waiting.append(path)
                elif stat.S_ISLNK(mode):
                    check_link(folder, path)
                    measure.add(relative, 0)
                elif stat.S_ISREG(mode):
                    measure.add(relative, entry.stat(follow_symlinks=False).st_size)
                else:
                    raise InputError(
                        f"file {relative!r} is a device, socket or pipe; publish files, folders and links"
                    )
    return measure.files


def check_link(folder: Path, link: Path) -> None:
    """Refuse a symbolic link that is absolute or ends outside of `folder` once every link is followed."""
    target = str(link.readlink())
    real = Path(os.path.realpath(link))
    if target.startswith("/") or not real.is_relative_to(os.path.realpath(folder)):
        raise InputError(
            f"link {link.relative_to(folder).as_posix()!r} points to {target!r}, outside of its folder; "
            "replace it by a relative link within, or by the file"
        )
