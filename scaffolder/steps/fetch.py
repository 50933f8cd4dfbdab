"""fetch:template, fetch:plain, fetch:cookiecutter: bring a folder into the workspace, rendered or as it is."""

from typing import Any

from core.names import confined
from scaffolder.language import repository_hosts
from scaffolder.rendering.cookiecutter import CookiecutterOptions
from scaffolder.rendering.fetching import fetch_cookiecutter, fetch_template
from scaffolder.rendering.landing import land
from scaffolder.rendering.limits import Limits
from scaffolder.steps.fetched import TOKEN, fetched_folder
from scaffolder.steps.port import Action, Example, StepContext, object_schema, text, texts
from scaffolder.steps.skeletons import FOLDER_OPTIONS, VALUES, shown_place, shown_values, template_options

LIMITS = Limits()


def template(ctx: StepContext, given: dict[str, Any]) -> None:
    """Render a skeleton: contents and paths."""
    options = template_options(given)
    target = confined(ctx.workspace, given.get("targetPath") or ".")
    ctx.log("Fetching template content from remote URL")
    skeleton = fetched_folder(ctx, given["url"], given.get("token"))
    ctx.log(f"Processing template files/directories with input values {shown_values(given)}")
    hosts = repository_hosts()
    written = fetch_template(skeleton, target, options, hosts=hosts, limits=LIMITS, cancel=ctx.cancelled)
    ctx.log(f"Template result written to {shown_place(ctx, target)}: {len(written)} files")


def plain(ctx: StepContext, given: dict[str, Any]) -> None:
    """Copy a folder as it is; files that are there are replaced."""
    target = confined(ctx.workspace, given.get("targetPath") or ".")
    fetched = fetched_folder(ctx, given["url"], given.get("token"), own=True)
    written = land(fetched, target, replace=True, limits=LIMITS)
    ctx.log(f"Copied {len(written)} files to {shown_place(ctx, target)}")


def cookiecutter(ctx: StepContext, given: dict[str, Any]) -> None:
    """Render a cookiecutter behind its guards; its project folder's contents land in the target."""
    options = CookiecutterOptions(
        values=given["values"],
        copy_without_render=tuple(given.get("copyWithoutRender") or ()),
        extensions=tuple(given.get("extensions") or ()),
    )
    target = confined(ctx.workspace, given.get("targetPath") or ".")
    skeleton = fetched_folder(ctx, given["url"])
    written, notes = fetch_cookiecutter(skeleton, target, options, limits=LIMITS, cancel=ctx.cancelled)
    for note in notes:
        ctx.log(note)
    ctx.log(f"Cookiecutter result written to {shown_place(ctx, target)}: {len(written)} files")


_URL = text("Where the folder lies: relative to the template, or an address on a code host.", minLength=1)
_TARGET = text("Folder of the workspace to write to. Default: the workspace itself.")

ACTIONS = (
    Action(
        id="fetch:template",
        description="Renders a skeleton folder into the workspace: the contents of its files, and their paths.",
        input=object_schema(
            ("url",),
            url=_URL,
            targetPath=_TARGET,
            copyWithoutRender=texts(
                "Accepted and not used, as in Backstage since 2.0; see copyWithoutTemplating."
            ),
            **FOLDER_OPTIONS,
            token=TOKEN,
        ),
        run=template,
        dry_run=True,
        examples=(
            Example(
                "Render the folder beside the template",
                "steps:\n  - action: fetch:template\n    input:\n      url: ./skeleton\n"
                "      values:\n        name: ${{ parameters.name }}\n",
            ),
            Example(
                "Render into a folder, but leave workflows of GitHub Actions as they are",
                "steps:\n  - action: fetch:template\n    input:\n      url: ./skeleton\n      targetPath: service\n"
                "      copyWithoutTemplating: ['.github/workflows/*']\n      values:\n        name: ${{ parameters.name }}\n",
            ),
        ),
    ),
    Action(
        id="fetch:plain",
        description="Copies a folder into the workspace as it is.",
        input=object_schema(("url",), url=_URL, targetPath=_TARGET, token=TOKEN),
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
            values=VALUES,
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
