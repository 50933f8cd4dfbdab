"""debug:log and debug:wait: see what a template does, and let it wait."""

import json
import os
from pathlib import Path
from typing import Any

from core.errors import InputError
from scaffolder.steps.port import Action, Example, StepContext, object_schema, text

LONGEST_WAIT = 600.0
MOST_SHOWN = 64 * 1024
"""Bytes of the workspace's files that one log line shows."""


def log(ctx: StepContext, given: dict[str, Any]) -> None:
    """Say the input, the message, and what the workspace holds."""
    ctx.log(json.dumps(given, indent=2, ensure_ascii=False))
    if "message" in given:
        ctx.log(given["message"])
    wanted = given.get("listWorkspace")
    if wanted:
        paths = _files(ctx.workspace)
        shown = (
            _with_contents(ctx.workspace, paths)
            if wanted == "with-contents"
            else [f" - {one}" for one in paths]
        )
        ctx.log("Workspace:\n" + "\n".join(shown))


def wait(ctx: StepContext, given: dict[str, Any]) -> None:
    """Wait, ten minutes at the most, or until the run is cancelled."""
    seconds = given.get("minutes", 0) * 60 + given.get("seconds", 0) + given.get("milliseconds", 0) / 1000
    if not 0 <= seconds <= LONGEST_WAIT:
        raise InputError(
            f"Waiting duration of {seconds:g} seconds is not possible: wait 0 to {LONGEST_WAIT:g} seconds"
        )
    ctx.pause(seconds)


def _files(folder: Path) -> list[str]:
    found = []
    for inner, _, names in os.walk(folder):
        found += [os.fsencode(os.path.relpath(os.path.join(inner, name), folder)) for name in names]  # noqa: PTH118
    return sorted(name.decode(errors="replace") for name in found)


def _with_contents(folder: Path, paths: list[str]) -> list[str]:
    shown, left = [], MOST_SHOWN
    for path in paths:
        file = folder / path
        if left <= 0 or file.is_symlink() or not file.is_file():
            shown.append(f" - {path}")
            continue
        with file.open("rb") as source:
            content = source.read(left)
        left -= len(content)
        shown.append(f" - {path}:\n\n  {content.decode(errors='replace')}")
    return shown


ACTIONS = (
    Action(
        id="debug:log",
        description="Writes a message to the run's log, and what the workspace holds when asked.",
        input=object_schema(
            message=text("What to write."),
            listWorkspace={
                "description": "Whether to list the workspace's files, with their names or also their contents.",
                "anyOf": [
                    {"type": "boolean"},
                    {"type": "string", "enum": ["with-filenames", "with-contents"]},
                ],
            },
        ),
        run=log,
        dry_run=True,
        examples=(
            Example(
                "Say who is greeted",
                "steps:\n  - action: debug:log\n    input:\n      message: Hello ${{ parameters.name }}\n",
            ),
        ),
    ),
    Action(
        id="debug:wait",
        description="Waits, ten minutes at the most.",
        input=object_schema(
            minutes={"type": "number", "description": "Minutes to wait."},
            seconds={"type": "number", "description": "Seconds to wait."},
            milliseconds={"type": "number", "description": "Milliseconds to wait."},
        ),
        run=wait,
        examples=(
            Example("Wait half a minute", "steps:\n  - action: debug:wait\n    input:\n      seconds: 30\n"),
        ),
    ),
)
