"""Where the local host's repositories lie on disk, and how a folder comes to be there."""

import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from core.errors import Conflict
from scm.bare import BareRepository
from scm.names import checked_local_name
from scm.values import RepositoryName

LEFTOVER_SECONDS = 3600
_MAKING, _SET_ASIDE, _REMOVED = ".making", ".set-aside", ".removed"


def root() -> Path:
    """The folder of all repositories, made on first use."""
    place = Path(settings.GREENROOM_DATA) / "repositories"
    place.mkdir(parents=True, exist_ok=True)
    return place


def folder_of(name: RepositoryName) -> Path:
    """The repository's folder. In lower case, so that two names that differ in case cannot be two folders."""
    owner = checked_local_name("owner", name.owner).lower()
    return root() / owner / f"{checked_local_name('repository', name.name).lower()}.git"


def bare(name: RepositoryName) -> BareRepository:
    """The repository on disk; Conflict when its row is there and its folder is not."""
    repository = BareRepository(folder_of(name))
    if not repository.exists:
        raise Conflict(
            f"the folder of repository '{name}' is gone; restore 'repositories' of the data folder"
        )
    return repository


def workplace() -> Path:
    """Where repositories are made that are to be elsewhere, or nowhere, in a moment; leftovers are swept away."""
    place = root() / _MAKING
    place.mkdir(exist_ok=True)
    return place


def prepare(default_branch: str) -> Path:
    """A finished empty repository, not yet in its place."""
    place = workplace() / uuid.uuid4().hex
    BareRepository.make(place, default_branch)
    return place


def put_in_place(prepared: Path, name: RepositoryName) -> None:
    """Rename a prepared repository to its place; the caller's uncommitted row keeps others away.

    A folder that is there has no row: its creation was cut off, or the database is a new one. An empty
    one is removed; one that holds commits is set aside and never deleted.
    """
    place = folder_of(name)
    place.parent.mkdir(exist_ok=True)
    if place.exists():
        if BareRepository(place).exists and BareRepository(place).refs():
            aside = root() / _SET_ASIDE
            aside.mkdir(exist_ok=True)
            place.rename(aside / f"{name.owner}-{name.name}-{uuid.uuid4().hex}.git")
        else:
            shutil.rmtree(place)
    prepared.rename(place)


def discard(prepared: Path) -> None:
    """Remove a prepared repository that found no place; nothing happens when it did."""
    if prepared.exists():
        shutil.rmtree(prepared)


def set_aside_for_removal(name: RepositoryName, pk: int) -> Path | None:
    """Take a repository's folder out of its place while its row is locked; where it lies now, if it was there."""
    place = folder_of(name)
    if not place.exists():
        return None
    aside = root() / _REMOVED / f"{pk}-{uuid.uuid4().hex}.git"
    aside.parent.mkdir(exist_ok=True)
    place.rename(aside)
    return aside


def remove(aside: Path | None) -> None:
    """Remove a folder that was set aside, once its row is gone."""
    if aside is not None:
        shutil.rmtree(aside, ignore_errors=True)  # what stays is taken by `removals`


def removals() -> Iterator[tuple[int, Path]]:
    """Folders that were set aside for removal and are still there, with the number of their row."""
    folder = root() / _REMOVED
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield int(place.name.partition("-")[0]), place


def put_back(aside: Path, name: RepositoryName) -> None:
    """Return a folder whose row stayed, because who wanted to remove both was killed in the middle."""
    if not folder_of(name).exists():
        aside.rename(folder_of(name))


def remove_leftovers() -> None:
    """Remove prepared repositories and lock files whose process was killed long ago."""
    old = time.time() - LEFTOVER_SECONDS
    making = root() / _MAKING
    for place in making.iterdir() if making.is_dir() else ():
        if place.stat().st_mtime < old:
            shutil.rmtree(place)
    for pattern in ("*/*.git/*.lock", "*/*.git/refs/**/*.lock"):
        for lock in root().glob(pattern):
            if lock.stat().st_mtime < old:
                lock.unlink()
