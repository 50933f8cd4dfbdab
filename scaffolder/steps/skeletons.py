"""What the actions share that render skeletons: their options as inputs, and how places are shown in the log."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scaffolder.rendering.tree import TemplateOptions
from scaffolder.steps.port import StepContext, flag, texts

VALUES = {"type": "object", "description": "What the files may use."}
FILE_OPTIONS: dict[str, Any] = {
    "values": VALUES,
    "cookiecutterCompat": flag("Whether the skeleton is written as for cookiecutter."),
    "replace": flag("Whether files that are there are replaced. Default: no."),
    "trimBlocks": flag("Whether the new line behind a block tag is taken off."),
    "lstripBlocks": flag("Whether blanks before a block tag are taken off."),
}
FOLDER_OPTIONS: dict[str, Any] = {
    **FILE_OPTIONS,
    "copyWithoutTemplating": texts("Globs of files whose contents are copied as they are."),
    "templateFileExtension": {
        "type": ["string", "boolean"],
        "description": "Render only files with this extension, and take it off; true means .njk.",
    },
}


def template_options(given: Mapping[str, Any]) -> TemplateOptions:
    """The options of a rendering, out of an action's input."""
    return TemplateOptions(
        values=given.get("values") or {},
        copy_without_templating=tuple(given.get("copyWithoutTemplating") or ()),
        template_file_extension=given.get("templateFileExtension") or False,
        replace=bool(given.get("replace")),
        cookiecutter_compat=bool(given.get("cookiecutterCompat")),
        trim_blocks=bool(given.get("trimBlocks")),
        lstrip_blocks=bool(given.get("lstripBlocks")),
    )


def shown_values(given: Mapping[str, Any]) -> str:
    """The values as the log shows them."""
    return json.dumps(given.get("values") or {}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def shown_place(ctx: StepContext, place: Path) -> str:
    """A place in the workspace as its template names it: where it lies on this machine is nobody's business."""
    return f"./{place.relative_to(ctx.workspace)}" if place != ctx.workspace else "./"
