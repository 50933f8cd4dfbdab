"""A run that changes nothing outside of its folder: for template authors, for plans, for upgrades (SCAFFOLDER.md 6).

There is no row and no journal: what the steps say is collected, what they would make outside is foreseen. Actions
that change nothing outside, or know how not to, are done; the others are passed over, with outputs invented from
their schemas. Steps mean here what they mean in a run, since both go through `workflow`.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.api.subjects import Subject
from scaffolder.dry_steps import DryRun, ForeseenEffect, Rehearsal, makes_something_outside

__all__ = ["DryRun", "ForeseenEffect", "dry_run", "makes_something_outside", "render_workspace"]

SECONDS = 60.0


def dry_run(
    spec: Mapping[str, Any],
    *,
    secrets: Mapping[str, Any],
    subject: Subject,
    into: Path,
    files: Path | None = None,
    around: Path | None = None,
    foresee: bool = False,
    seconds: float = SECONDS,
    cancelled: threading.Event | None = None,
    offline: bool = False,
    task_id: str = "",
    kept: str = "",
) -> DryRun:
    """Do the steps of a frozen spec in the empty folder `into`, which is the workspace afterwards.

    `files`: the folder that holds the template; then relative addresses are read from it, and no other file of this
    machine is, but for those of the folder `around` it, such as its repository. With `foresee`, actions tell what they
    would make, and their outputs are what they foresee. It ends after `seconds`, or when the caller sets `cancelled`,
    which it then has to do by itself. `offline`: there is neither a database nor a catalog; what asks them is passed
    over. `task_id` is what expressions see as the run's id, the folder's name without it; `kept` is that of `StepContext`.

    A step that fails makes a `failure`. Raises NotFound before the first step for an action that does not exist.
    """
    rehearsal = Rehearsal(spec, secrets, subject, into, files, foresee, cancelled or threading.Event())
    rehearsal.offline, rehearsal.around = offline, around
    rehearsal.kept = kept
    rehearsal.task_id = rehearsal.workflow.task_id = task_id or rehearsal.task_id
    with rehearsal.reading(), _alarm(rehearsal, None if cancelled else seconds):
        return rehearsal.whole()


def render_workspace(
    spec: Mapping[str, Any],
    *,
    secrets: Mapping[str, Any],
    subject: Subject,
    into: Path,
    files: Path | None = None,
    outputs: Mapping[str, Mapping[str, Any]] | None = None,
    cancelled: threading.Event | None = None,
    seconds: float = 10 * SECONDS,
) -> tuple[dict[str, Any], ...]:
    """Fill `into` with the workspace as it is before the first step that makes something outside; give the log.

    `outputs`: what steps gave in an earlier run, by step id, for those that are not done again. Raises the error of
    a step that fails.
    """
    rehearsal = Rehearsal(spec, secrets, subject, into, files, False, cancelled or threading.Event())
    rehearsal.known = outputs or {}
    rehearsal.until_outside = True
    with rehearsal.reading(), _alarm(rehearsal, None if cancelled else seconds):
        found = rehearsal.whole()
    if found.failure is not None:
        raise found.failure
    return found.log


@contextmanager
def _alarm(rehearsal: Rehearsal, seconds: float | None) -> Iterator[None]:
    """Let the rehearsal end after so many seconds."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, rehearsal.time_is_up, [seconds])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
