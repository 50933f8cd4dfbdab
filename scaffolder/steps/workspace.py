"""workspace:template, workspace:template:file: render what already lies in the workspace."""

from pathlib import Path
from typing import Any

from core.errors import InputError, NotFound
from core.names import confined
from scaffolder.language import repository_hosts
from scaffolder.rendering.fetching import fetch_template, fetch_template_file
from scaffolder.rendering.limits import Limits
from scaffolder.steps.port import Action, Example, StepContext, object_schema, text
from scaffolder.steps.skeletons import FILE_OPTIONS, FOLDER_OPTIONS, shown_place, template_options

LIMITS = Limits()


def template(ctx: StepContext, given: dict[str, Any]) -> None:
    """Render a folder of the workspace to another place in it."""
    source, target = _places(ctx, given)
    if not source.is_dir():
        raise NotFound(f"sourcePath {given['sourcePath']!r} is no folder of the workspace")
    written = fetch_template(
        source, target, template_options(given), hosts=repository_hosts(), limits=LIMITS, cancel=ctx.cancelled
    )
    ctx.log(f"Template result written to {shown_place(ctx, target)}: {len(written)} files")


def template_file(ctx: StepContext, given: dict[str, Any]) -> None:
    """Render a file of the workspace to another place in it."""
    source, target = _places(ctx, given)
    if not source.is_file() or source.is_symlink():
        raise NotFound(f"sourcePath {given['sourcePath']!r} is no file of the workspace")
    made = fetch_template_file(
        source, target, template_options(given), hosts=repository_hosts(), limits=LIMITS, cancel=ctx.cancelled
    )
    shown = shown_place(ctx, target)
    ctx.log(f"Template result written to {shown}" if made else f"{shown} is there already; it stays as it is")


def _places(ctx: StepContext, given: dict[str, Any]) -> tuple[Path, Path]:
    source, target = (
        confined(ctx.workspace, given["sourcePath"]),
        confined(ctx.workspace, given["targetPath"]),
    )
    one, other = source.resolve(), target.resolve()
    if one.is_relative_to(other) or other.is_relative_to(one):
        raise InputError("sourcePath and targetPath lie in each other: choose two separate places")
    return source, target


_SOURCE = text("What to render, by its path in the workspace.", minLength=1)
_TARGET = text("Where the result goes, by its path in the workspace; apart from sourcePath.", minLength=1)

ACTIONS = (
    Action(
        id="workspace:template",
        description="Renders a folder of the workspace to another folder of it: contents of files, and their paths.",
        input=object_schema(
            ("sourcePath", "targetPath"), sourcePath=_SOURCE, targetPath=_TARGET, **FOLDER_OPTIONS
        ),
        run=template,
        dry_run=True,
        examples=(
            Example(
                "Render what another step fetched",
                "steps:\n  - action: fetch:plain\n    input: {url: ./skeletons, targetPath: skeletons}\n"
                "  - action: workspace:template\n    input:\n      sourcePath: skeletons/${{ parameters.language }}\n"
                "      targetPath: service\n      values:\n        name: ${{ parameters.name }}\n",
            ),
        ),
    ),
    Action(
        id="workspace:template:file",
        description="Renders a file of the workspace to another file of it.",
        input=object_schema(
            ("sourcePath", "targetPath"), sourcePath=_SOURCE, targetPath=_TARGET, **FILE_OPTIONS
        ),
        run=template_file,
        dry_run=True,
        examples=(
            Example(
                "Render one file",
                "steps:\n  - action: workspace:template:file\n    input:\n      sourcePath: README.njk\n"
                "      targetPath: README.md\n      values:\n        name: ${{ parameters.name }}\n",
            ),
        ),
    ),
)
