"""fs:delete, fs:rename, fs:readdir: what a step does to the files of its workspace."""

import os
from pathlib import Path
from typing import Any

from wcmatch import glob

from core.errors import Conflict, InputError, NotFound
from core.names import confined
from scaffolder.rendering.landing import remove
from scaffolder.steps.port import Action, Example, StepContext, flag, object_schema, text, texts

_GLOB = glob.GLOBSTAR | glob.BRACE | glob.DOTGLOB | glob.EXTGLOB


def delete(ctx: StepContext, given: dict[str, Any]) -> None:
    """Remove what the globs match. What is not there is not missed."""
    for pattern in given["files"]:
        confined(ctx.workspace, pattern)
        for found in glob.glob(pattern, root_dir=str(ctx.workspace), flags=_GLOB):
            path = _within(ctx.workspace, found)
            if path != ctx.workspace:
                remove(path)


def rename(ctx: StepContext, given: dict[str, Any]) -> None:
    """Move files and folders. What an attempt that was killed had moved stays moved."""
    for one in given["files"]:
        source, target = _within(ctx.workspace, one["from"]), _within(ctx.workspace, one["to"])
        there = os.path.lexists(target)
        if not os.path.lexists(source):
            if ctx.again and there:
                continue
            raise NotFound(
                f"fs:rename: {one['from']!r} is not in the workspace; name a file that an earlier step made"
            )
        if there and not one.get("overwrite"):
            raise Conflict(f"fs:rename: {one['to']!r} is there already; set overwrite: true to replace it")
        if there and target.is_dir() and not target.is_symlink():
            remove(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)


def readdir(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """What lies in the folders, and in the folders below when `recursive` says so."""
    listing: dict[str, list[dict[str, str]]] = {"files": [], "folders": []}
    for path in given["paths"]:
        folder = confined(ctx.workspace, path)
        if not folder.is_dir():
            raise NotFound(f"fs:readdir: {path!r} is no folder of the workspace")
        _list(ctx.workspace, folder, listing, recursive=bool(given.get("recursive")))
    return listing


def _list(root: Path, folder: Path, listing: dict[str, list[dict[str, str]]], *, recursive: bool) -> None:
    for entry in sorted(folder.iterdir()):
        into_it = entry.is_dir() and not entry.is_symlink()
        listing["folders" if into_it else "files"].append(
            {
                "name": _shown(entry.name),
                "path": _shown(str(entry.relative_to(root))),
                "fullPath": _shown(str(entry)),
            }
        )
        if into_it and recursive:
            _list(root, entry, listing, recursive=True)


def _shown(name: str) -> str:
    """A file name as text, also one that is not UTF-8."""
    return os.fsencode(name).decode(errors="replace")


def _within(root: Path, path: str) -> Path:
    """The path itself, a link not followed: links may be removed and renamed, wherever they point."""
    folder, _, name = path.rstrip("/").rpartition("/")
    confined(Path("/nowhere"), path)  # the rules for the text alone
    if name in {"", "."}:
        raise InputError(f"path {path!r} names the workspace itself; name something in it")
    return confined(root, folder) / name


_ENTRY = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "path", "fullPath"],
        "properties": {
            "name": text("Its name."),
            "path": text("Its path from the workspace."),
            "fullPath": text("Its path on the worker."),
        },
    },
}

ACTIONS = (
    Action(
        id="fs:delete",
        description="Removes files and folders from the workspace.",
        input=object_schema(("files",), files=texts("Paths or globs of what to remove.")),
        run=delete,
        dry_run=True,
        examples=(
            Example(
                "Remove drafts", "steps:\n  - action: fs:delete\n    input:\n      files: ['**/*.draft']\n"
            ),
        ),
    ),
    Action(
        id="fs:rename",
        description="Renames files and folders of the workspace.",
        input=object_schema(
            ("files",),
            files={
                "type": "array",
                "description": "What to rename.",
                "items": {
                    "type": "object",
                    "required": ["from", "to"],
                    "properties": {
                        "from": text("The path that it has."),
                        "to": text("The path that it gets."),
                        "overwrite": flag("Whether to replace what is there. Default: no."),
                    },
                },
            },
        ),
        run=rename,
        dry_run=True,
        examples=(
            Example(
                "Put the licence into place",
                "steps:\n  - action: fs:rename\n    input:\n      files:\n        - {from: LICENSE.txt, to: LICENSE}\n",
            ),
        ),
    ),
    Action(
        id="fs:readdir",
        description="Lists files and folders of the workspace.",
        input=object_schema(
            ("paths",),
            paths={
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "description": "Folders to list.",
            },
            recursive=flag("Whether to list the folders inside too. Default: no."),
        ),
        output=object_schema(("files", "folders"), files=_ENTRY, folders=_ENTRY),
        run=readdir,
        dry_run=True,
        examples=(Example("List all", "steps:\n  - action: fs:readdir\n    input:\n      paths: ['.']\n"),),
    ),
)
