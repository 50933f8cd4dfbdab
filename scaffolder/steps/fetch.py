"""fetch:template, fetch:plain, fetch:cookiecutter: bring a folder into the workspace, rendered or as it is."""

import json
from pathlib import Path
from typing import Any

from catalog.reading import read_tree, resolve
from catalog.refs import LocationRef
from core.errors import InputError
from core.names import confined
from scaffolder.language import repository_hosts
from scaffolder.registry.copies import copy_kept
from scaffolder.registry.pins import kept_place
from scaffolder.rendering.cookiecutter import CookiecutterOptions
from scaffolder.rendering.fetching import fetch_cookiecutter, fetch_template
from scaffolder.rendering.landing import land, remove
from scaffolder.rendering.limits import Limits
from scaffolder.rendering.tree import TemplateOptions
from scaffolder.steps.port import Action, Example, StepContext, flag, object_schema, text, texts

LIMITS = Limits()


def template(ctx: StepContext, given: dict[str, Any]) -> None:
    """Render a skeleton: contents and paths."""
    options = TemplateOptions(
        values=given.get("values") or {},
        copy_without_templating=tuple(given.get("copyWithoutTemplating") or ()),
        template_file_extension=given.get("templateFileExtension") or False,
        replace=bool(given.get("replace")),
        cookiecutter_compat=bool(given.get("cookiecutterCompat")),
        trim_blocks=bool(given.get("trimBlocks")),
        lstrip_blocks=bool(given.get("lstripBlocks")),
    )
    target = confined(ctx.workspace, given.get("targetPath") or ".")
    ctx.log("Fetching template content from remote URL")
    skeleton = _fetched(ctx, given["url"])
    shown = json.dumps(given.get("values") or {}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    ctx.log(f"Processing template files/directories with input values {shown}")
    hosts = repository_hosts()
    written = fetch_template(skeleton, target, options, hosts=hosts, limits=LIMITS, cancel=ctx.cancelled)
    ctx.log(f"Template result written to {_shown(ctx, target)}: {len(written)} files")


def plain(ctx: StepContext, given: dict[str, Any]) -> None:
    """Copy a folder as it is; files that are there are replaced."""
    target = confined(ctx.workspace, given.get("targetPath") or ".")
    fetched = _fetched(ctx, given["url"])
    written = land(fetched, target, replace=True, limits=LIMITS)
    ctx.log(f"Copied {len(written)} files to {target}")


def cookiecutter(ctx: StepContext, given: dict[str, Any]) -> None:
    """Render a cookiecutter behind its guards; its project folder's contents land in the target."""
    options = CookiecutterOptions(
        values=given["values"],
        copy_without_render=tuple(given.get("copyWithoutRender") or ()),
        extensions=tuple(given.get("extensions") or ()),
    )
    target = confined(ctx.workspace, given.get("targetPath") or ".")
    skeleton = _fetched(ctx, given["url"])
    written, notes = fetch_cookiecutter(skeleton, target, options, limits=LIMITS, cancel=ctx.cancelled)
    for note in notes:
        ctx.log(note)
    ctx.log(f"Cookiecutter result written to {_shown(ctx, target)}: {len(written)} files")


def _shown(ctx: StepContext, target: Path) -> str:
    """A folder of the workspace as its template names it: where it lies on this machine is nobody's business."""
    return f"./{target.relative_to(ctx.workspace)}" if target != ctx.workspace else "./"


def _fetched(ctx: StepContext, url: str) -> Path:
    """A copy of the folder that `url` names, as the template means it, outside of the workspace."""
    file_base = ctx.base_url.startswith("file://")
    base = LocationRef("file" if file_base else "url", ctx.base_url.removeprefix("file://"))
    location = resolve(url, base)
    if location.type == "file" and not file_base:
        raise InputError(
            f"url {url!r} names a file of this machine; the template lies elsewhere: use a web address"
        )
    remove(ctx.scratch)
    ctx.check_cancelled()
    kept = kept_place(ctx.base_url, ctx.kept, location.target) if location.type == "file" else None
    if kept is not None:
        copy_kept(kept, ctx.scratch)
        return ctx.scratch
    read_tree(f"file:{location.target}" if location.type == "file" else location.target, ctx.scratch)
    ctx.check_cancelled()
    return ctx.scratch


_URL = text("Where the folder lies: relative to the template, or an address on a code host.", minLength=1)
_TARGET = text("Folder of the workspace to write to. Default: the workspace itself.")
_TOKEN = text("Accepted and not used: code hosts have their own credentials.")
_VALUES = {"type": "object", "description": "What the files may use."}

ACTIONS = (
    Action(
        id="fetch:template",
        description="Renders a skeleton folder into the workspace: the contents of its files, and their paths.",
        input=object_schema(
            ("url",),
            url=_URL,
            targetPath=_TARGET,
            values=_VALUES,
            copyWithoutRender=texts(
                "Accepted and not used, as in Backstage since 2.0; see copyWithoutTemplating."
            ),
            copyWithoutTemplating=texts("Globs of files whose contents are copied as they are."),
            cookiecutterCompat=flag("Whether the skeleton is written as for cookiecutter."),
            templateFileExtension={
                "type": ["string", "boolean"],
                "description": "Render only files with this extension, and take it off; true means .njk.",
            },
            replace=flag("Whether files that are there are replaced. Default: no."),
            trimBlocks=flag("Whether the new line behind a block tag is taken off."),
            lstripBlocks=flag("Whether blanks before a block tag are taken off."),
            token=_TOKEN,
        ),
        run=template,
        dry_run=True,
        examples=(
            Example(
                "Render the folder beside the template",
                "steps:\n  - action: fetch:template\n    input:\n      url: ./skeleton\n"
                "      values:\n        name: ${{ parameters.name }}\n",
            ),
        ),
    ),
    Action(
        id="fetch:plain",
        description="Copies a folder into the workspace as it is.",
        input=object_schema(("url",), url=_URL, targetPath=_TARGET, token=_TOKEN),
        run=plain,
        dry_run=True,
        examples=(
            Example(
                "Copy the docs",
                "steps:\n  - action: fetch:plain\n    input: {url: ./docs, targetPath: docs}\n",
            ),
        ),
    ),
    Action(
        id="fetch:cookiecutter",
        description="Renders a cookiecutter into the workspace, confined: no hooks, no foreign extensions.",
        input=object_schema(
            ("url", "values"),
            url=_URL,
            targetPath=_TARGET,
            values=_VALUES,
            copyWithoutRender=texts("Globs of files that are copied as they are."),
            extensions=texts("Jinja2 extensions to load, of those that are allowed."),
            imageName=text("Accepted and not used: no container is needed."),
        ),
        run=cookiecutter,
        dry_run=True,
        examples=(
            Example(
                "Render a cookiecutter",
                "steps:\n  - action: fetch:cookiecutter\n    input:\n      url: ./cookiecutter\n"
                "      values:\n        slug: ${{ parameters.name }}\n",
            ),
        ),
    ),
)
