"""Where the embedded servers keep their files: the data folder, and a short private folder for sockets."""

import errno
import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Never

from core.supervisor.errors import StartRefused

FREE_NEEDED = 200 * 1024 * 1024  # bytes: a first start takes about 60 MB, the rest is room to work

# A socket's path lies in a fixed field of 108 bytes on Linux and 104 on macOS, with its closing zero.
LONGEST_SOCKET_PATH = 103
LONGEST_SOCKET_NAME = "postgres/.s.PGSQL.5432"


def whole(data: Path) -> Path:
    """The data folder as one absolute path: addresses and locks hang on it, so it has one spelling."""
    return Path(os.path.realpath(data))


def run_folder(data: Path) -> Path:
    """What only lives while Greenroom runs: the lock and the list of processes."""
    return whole(data) / "run"


def socket_folder(data: Path) -> Path:
    """The folder of the sockets: inside the data folder, or beneath the temporary one.

    A socket's path must be short, and its folder a single host in the eyes of PostgreSQL's clients.
    It depends on nothing but the data folder and the account, so that every process finds the same.
    """
    inside = run_folder(data)
    # A comma separates hosts for PostgreSQL's clients, even within a folder's name.
    if len(os.fsencode(inside / LONGEST_SOCKET_NAME)) <= LONGEST_SOCKET_PATH and "," not in str(inside):
        return inside
    mark = hashlib.sha256(os.fsencode(whole(data)) + str(os.getuid()).encode()).hexdigest()[:16]
    # Not TMPDIR at first: two terminals may differ in it, and on macOS it is itself half of a socket's path.
    short = Path("/tmp")  # noqa: S108  # `private` below refuses a folder that a stranger made
    top = short if os.access(short, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
    return top / f"greenroom-{mark}"


def prepare_data(data: Path) -> None:
    """Make the data folder and the folders for what runs; `StartRefused` names the way out."""
    folder = whole(data)
    # As root, PostgreSQL runs as another account, which has to pass on its way to its own folders.
    passable = 0o711 if os.getuid() == 0 else 0o700
    way_out = "Choose another data folder with GREENROOM_DATA, or mend this one."
    try:
        if not folder.exists():
            folder.mkdir(mode=passable, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            _refuse(folder, "it can not be written by this account", way_out)
        private(run_folder(folder), mode=passable)
        private(socket_folder(folder), mode=passable)
    except OSError as error:
        _refuse(folder, reason(error), way_out)
    free = shutil.disk_usage(folder).free
    if free < FREE_NEEDED:
        raise StartRefused(
            f"The disk of the data folder {folder} is nearly full: {free // 2**20} MB free, "
            f"{FREE_NEEDED // 2**20} MB needed. Free some, or choose another folder with GREENROOM_DATA.",
            folder=str(folder),
        )


def private(folder: Path, *, mode: int = 0o700, owner: tuple[int, int] | None = None) -> None:
    """Make `folder` ours alone, or `owner`'s (uid, gid); refuse one that a stranger has put there."""
    uid, gid = owner or (os.getuid(), os.getgid())
    folder.mkdir(mode=mode, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {uid, os.getuid()}:
        raise StartRefused(
            f"{folder} is not a folder of this account (it belongs to account {found.st_uid}). "
            "Remove it, or choose another data folder with GREENROOM_DATA.",
            folder=str(folder),
        )
    if (found.st_uid, found.st_gid) != (uid, gid) and os.getuid() == 0:
        os.chown(folder, uid, gid)
    if stat.S_IMODE(found.st_mode) != mode and os.getuid() in {0, found.st_uid}:
        folder.chmod(mode)


def tidy(data: Path) -> None:
    """Remove the socket folder if it lies outside the data folder; for when no server runs any more."""
    folder = socket_folder(data)
    if folder != run_folder(data):
        shutil.rmtree(folder, ignore_errors=True)  # what stays is empty, and used again


def reason(error: OSError) -> str:
    """An operating system's error in the words of somebody who has to mend it."""
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"it can not be written by this account ({error.strerror})"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"the disk is full ({error.strerror})"
    return error.strerror or str(error)


def _refuse(folder: Path, why: str, way_out: str) -> Never:
    raise StartRefused(f"The data folder {folder} can not be used: {why}. {way_out}", folder=str(folder))
