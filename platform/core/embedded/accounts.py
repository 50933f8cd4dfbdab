"""As whom a server runs that refuses to run as root, and which right it needs to reach its files."""

import os
import pwd
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.supervisor.errors import StartRefused

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """An account of this machine, by its numbers."""

    uid: int
    gid: int

    @property
    def owner(self) -> tuple[int, int]:
        """(uid, gid), as `os.chown` takes them."""
        return self.uid, self.gid


def account_for(folder: Path) -> Account | None:
    """The account a server with its files in `folder` runs as; None means: as ourselves.

    Only root changes the account. Then it is the owner of what is already there, else an unprivileged
    account that the machine has anyway: none is ever created.
    """
    if os.getuid() != 0:
        return None
    if folder.exists() and (found := folder.stat()).st_uid != 0:
        return Account(found.st_uid, found.st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    raise StartRefused(
        "PostgreSQL refuses to run as root, and this machine has neither an account 'postgres' nor 'nobody'. "
        "Run Greenroom as an ordinary user, or set DATABASE_URL."
    )


def capability_needed(account: Account, *, programs: Iterable[Path], folders: Iterable[Path]) -> str | None:
    """Which right of root's `account` keeps to run `programs` and to reach `folders`: the smallest.

    None when the permissions let it pass anyway; `read-search` passes closed folders; only `override` also
    runs a program that is closed itself. Nobody's permissions are changed for our sake.
    """
    programs = list(programs)
    if any(not _may(account, program, 0o1) for program in programs):
        return "override"
    on_the_way = {parent for path in (*programs, *folders) for parent in path.parents}
    return (
        None if all(_may(account, folder, 0o1) for folder in on_the_way if folder.exists()) else "read-search"
    )


def _may(account: Account, path: Path, bit: int) -> bool:
    found = path.stat()
    shift = 6 if found.st_uid == account.uid else 3 if found.st_gid == account.gid else 0
    return bool(stat.S_IMODE(found.st_mode) & (bit << shift))
