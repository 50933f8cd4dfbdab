"""Moves what was rendered to where it belongs, each file at once and a folder that is new with all in it, so that a kill
leaves no torn file.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import InputError
from core.names import Confined

from .limits import Limits
from .skeleton import survey


@contextmanager
def staging_beside(target: Path) -> Iterator[Path]:
    """An empty folder beside the target, on the same disk. It is gone afterwards, and if a kill left one,
    before.
    """
    staging = target.parent / f".{target.name}.rendering"
    remove(staging)
    staging.mkdir(parents=True)
    try:
        yield staging
    finally:
        remove(staging)


def remove(folder: Path) -> None:
    """Take a folder away with all that is in it, also when parts of it may not be written."""
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink()
        return
    for inner, _, _ in os.walk(folder):
        os.chmod(inner, 0o700)  # noqa: PTH101
    shutil.rmtree(folder)


def land(staging: Path, target: Path, *, replace: bool, limits: Limits, whole: bool = False) -> list[str]:
    """Move all of a folder into the target; without replace, files that are there stay. Gives the paths
    moved.

    `whole`: folders that are new move with all in them, also with what `survey` leaves out; for what we rendered
    ourselves, which holds no `.git`.

    Raises InputError for what would leave the target, and when a file and a folder want the same name.
    """
    entries = survey(staging, limits, name="rendered folder")
    target.mkdir(parents=True, exist_ok=True)
    below = Confined(target)
    landed: list[str] = []
    with_all_in_it: tuple[str, ...] = ()
    for entry in entries:
        if entry.path.startswith(with_all_in_it):
            landed += [] if entry.kind == "folder" else [entry.path]
            continue
        goal = below(entry.path)
        if entry.kind == "folder":
            if whole and not os.path.lexists(goal):
                (staging / entry.path).replace(goal)
                with_all_in_it += (f"{entry.path}/",)
                continue
            if os.path.lexists(goal) and not goal.is_dir():
                raise InputError(f"{entry.path!r} is a folder here and a file in the workspace: rename one")
            goal.mkdir(parents=True, exist_ok=True)
            continue
        if goal.is_dir() and not goal.is_symlink():
            raise InputError(f"{entry.path!r} is a file here and a folder in the workspace: rename one")
        if os.path.lexists(goal) and not replace:
            continue
        (staging / entry.path).replace(goal)
        landed.append(entry.path)
    return landed
