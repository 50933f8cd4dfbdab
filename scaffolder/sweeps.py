"""What nobody rings for: runs whose call was lost or whose worker died, and folders that nobody needs."""

import time
import uuid
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from core.sweeps import sweep
from scaffolder import jobs, workspace
from scaffolder.models import Run
from scaffolder.rendering.landing import remove
from scaffolder.states import FINISHED, RunState

UNHEARD = timedelta(seconds=5)
"""After this long without a worker, a run is called for again."""
MOST_AT_ONCE = 50
LONGEST_DRY_RUN = 3600.0
"""Seconds after which the folders of a dry run are nobody's: its process was killed."""


@sweep("scaffolder.abandoned_runs", every=timedelta(seconds=5))
def reclaim_abandoned() -> None:
    """Call again for runs that no worker took, and for those whose worker's lease ran out."""
    now = timezone.now()
    left = Run.objects.unclaimed(now, now - UNHEARD).order_by("rung_at")
    for pk in list(left.values_list("pk", flat=True)[:MOST_AT_ONCE]):
        Run.objects.filter(pk=pk).update(rung_at=now)
        jobs.EXECUTE_RUN.now(str(pk))


@sweep("scaffolder.workspaces", every=timedelta(minutes=5))
def remove_workspaces() -> None:
    """Remove workspaces that nobody needs: of runs that ended well or are gone, and of failed ones after a time.

    A worker that died after the last step leaves one; a retry of a failed run goes on with what is in its.
    """
    if not workspace.root().is_dir():
        return
    for folder in workspace.root().iterdir():
        try:
            run_id = uuid.UUID(folder.name.strip(".").partition(".")[0])
        except ValueError:
            continue  # not ours
        if not _needed(run_id):
            workspace.discard(run_id)


def _needed(run_id: uuid.UUID) -> bool:
    run = Run.objects.filter(pk=run_id).first()
    if run is None or run.state in (RunState.COMPLETED, RunState.CANCELLED):
        return False
    kept = timedelta(minutes=settings.GREENROOM_WORKSPACE_KEEP_MINUTES)
    ended = run.last_heartbeat_at or run.created_at
    return run.state not in FINISHED or timezone.now() < ended + kept


@sweep("scaffolder.dry_runs", every=timedelta(minutes=15))
def remove_dry_runs() -> None:
    """Remove the folders of dry runs whose web process was killed under them."""
    if not workspace.root().is_dir():
        return
    for folder in workspace.root().iterdir():
        with suppress(FileNotFoundError):  # it ended this very moment
            old = time.time() - folder.stat().st_mtime > LONGEST_DRY_RUN
            if old and folder.name.strip(".").startswith(f"{workspace.DRY_RUN}-"):
                remove(folder)
