"""Renders skeletons into a workspace: `fetch:template`, `fetch:template:file` and `fetch:cookiecutter`.

Each renders in a child process into a folder beside the target and then moves file by file, so that nothing
half made stays: after an error the target is as it was, after a kill the same call makes the rest.
"""

import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from core.errors import InputError
from scaffolder.expressions.extensions import LOADED

from .child import run_child
from .cookiecutter import CookiecutterOptions
from .landing import land, remove, staging_beside
from .limits import Limits
from .skeleton import survey
from .tree import TemplateOptions

LIMITS = Limits()


def fetch_template(
    skeleton: Path,
    target: Path,
    options: TemplateOptions,
    *,
    hosts: Mapping[str, str],
    limits: Limits = LIMITS,
    cancel: threading.Event | None = None,
) -> list[str]:
    """Render a skeleton folder into the target; gives the paths of the files that it wrote.

    `hosts`: configured host → integration type, for parseRepoUrl. Raises InputError, TooLarge,
    RenderingCancelled.
    """
    _keep_apart(skeleton, target)
    with staging_beside(target) as staging:
        run_child(
            "scaffolder.rendering.template_child",
            {
                "mode": "folder",
                "skeleton": str(skeleton),
                "staging": str(staging),
                "target": str(target),
                "options": asdict(options),
                "hosts": dict(hosts),
                "extensions": list(LOADED.modules),
            },
            limits=limits,
            cancel=cancel,
        )
        return land(staging, target, replace=options.replace, limits=limits, whole=True)


def fetch_template_file(
    source: Path,
    target: Path,
    options: TemplateOptions,
    *,
    hosts: Mapping[str, str],
    limits: Limits = LIMITS,
    cancel: threading.Event | None = None,
) -> bool:
    """Render one file to the target file; False when that is there already and `replace` is off."""
    if target.is_dir():
        raise InputError(f"targetPath {target.name!r} is a folder: name a file")
    if target.exists() and not options.replace:
        return False
    with staging_beside(target) as staging:
        run_child(
            "scaffolder.rendering.template_child",
            {
                "mode": "file",
                "skeleton": str(source),
                "staging": str(staging),
                "options": asdict(options),
                "hosts": dict(hosts),
                "extensions": list(LOADED.modules),
            },
            limits=limits,
            cancel=cancel,
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        (staging / source.name).replace(target)
        return True


def fetch_cookiecutter(
    skeleton: Path,
    target: Path,
    options: CookiecutterOptions,
    *,
    limits: Limits = LIMITS,
    cancel: threading.Event | None = None,
) -> tuple[list[str], list[str]]:
    """Render a cookiecutter; gives the paths written below the target, and notes for the run's log.

    The contents of the project folder land in the target, as Backstage does it; files that are there are
    replaced.
    """
    _keep_apart(skeleton, target)
    survey(skeleton, limits)
    with staging_beside(target) as staging:
        reply = run_child(
            "scaffolder.rendering.cookiecutter_child",
            {"skeleton": str(skeleton), "staging": str(staging), "options": asdict(options)},
            limits=limits,
            cancel=cancel,
        )
        made = [entry for entry in staging.iterdir() if entry.name != reply["project"]]
        for stray in made:
            remove(stray)
        if made:
            raise InputError(
                f"the cookiecutter writes {made[0].name!r} beside its project folder: mend its paths"
            )
        return land(staging / reply["project"], target, replace=True, limits=limits), reply["notes"]


def _keep_apart(skeleton: Path, target: Path) -> None:
    """A target inside the skeleton would be part of what is rendered into it."""
    source, goal = skeleton.resolve(), target.resolve()
    if goal == source or source in goal.parents:
        raise InputError("targetPath is inside the template folder: choose a folder of the workspace")
