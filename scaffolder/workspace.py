"""The folder in which a run works: made before its first step, gone after its last."""

from pathlib import Path

from django.conf import settings

from scaffolder.rendering.landing import remove

DRY_RUN = "dry-run"
"""How the names of folders of dry runs begin."""


def root() -> Path:
    """The folder of all workspaces."""
    folder: Path = settings.GREENROOM_DATA / "workspaces"
    return folder


def folder_of(run_id: object) -> Path:
    return root() / str(run_id)


def prepare(run_id: object) -> bool:
    """Have the folder there; False when it was not there yet, so holds nothing of what was done before."""
    folder = folder_of(run_id)
    if folder.is_dir():
        return True
    folder.mkdir(parents=True)
    return False


def discard(run_id: object) -> None:
    """Remove the folder, and what a kill may have left beside it."""
    remove(folder_of(run_id))
    remove(root() / f".{run_id}.rendering")
    remove(scratch_of(run_id))
    remove(rehearsal_of(run_id))
    remove(root() / f".{rehearsal_of(run_id).name}.fetched")


def rehearsal_of(run_id: object) -> Path:
    """Where a run that has to be approved is rehearsed, to plan it."""
    return root() / f".{run_id}.rehearsal"


def scratch_of(run_id: object) -> Path:
    """A place outside of the workspace for what is fetched and then rendered; a step empties it before use."""
    return root() / f".{run_id}.fetched"
