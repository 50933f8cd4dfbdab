"""fetch:plain:file, fetch:template:file: bring one file into the workspace, rendered or as it is."""

from typing import Any

from core.errors import InputError
from core.names import confined
from scaffolder.language import repository_hosts
from scaffolder.rendering.fetching import fetch_template_file
from scaffolder.rendering.landing import remove
from scaffolder.rendering.limits import Limits
from scaffolder.steps.fetched import TOKEN, fetched_file
from scaffolder.steps.files import write_bytes
from scaffolder.steps.port import Action, Example, StepContext, object_schema, text
from scaffolder.steps.skeletons import FILE_OPTIONS, shown_place, shown_values, template_options

LIMITS = Limits()


def plain(ctx: StepContext, given: dict[str, Any]) -> None:
    """Copy a file as it is; one that is there is replaced."""
    write_bytes(ctx, given["targetPath"], fetched_file(ctx, given["url"], given.get("token")))
    ctx.log(f"Copied {given['url']} to {given['targetPath']}")


def template(ctx: StepContext, given: dict[str, Any]) -> None:
    """Render a file."""
    target = confined(ctx.workspace, given["targetPath"])
    if target == ctx.workspace:
        raise InputError("targetPath names the workspace itself; name a file in it")
    options = template_options(given)
    ctx.log("Fetching template file content from remote URL")
    content = fetched_file(ctx, given["url"], given.get("token"))
    ctx.log(f"Processing template file with input values {shown_values(given)}")
    remove(ctx.scratch)
    ctx.scratch.mkdir(parents=True)
    source = ctx.scratch / "template"
    source.write_bytes(content)
    made = fetch_template_file(
        source, target, options, hosts=repository_hosts(), limits=LIMITS, cancel=ctx.cancelled
    )
    shown = shown_place(ctx, target)
    ctx.log(f"Template result written to {shown}" if made else f"{shown} is there already; it stays as it is")


_URL = text("Where the file lies: relative to the template, or an address on a code host.", minLength=1)
_TARGET = text("The file of the workspace to write.", minLength=1)

ACTIONS = (
    Action(
        id="fetch:plain:file",
        description="Copies one file into the workspace as it is.",
        input=object_schema(("url", "targetPath"), url=_URL, targetPath=_TARGET, token=TOKEN),
        run=plain,
        dry_run=True,
        examples=(
            Example(
                "Copy the licence that lies beside the template",
                "steps:\n  - action: fetch:plain:file\n    input: {url: ./LICENSE, targetPath: LICENSE}\n",
            ),
            Example(
                "Copy a file of another repository",
                "steps:\n  - action: fetch:plain:file\n    input:\n"
                "      url: https://github.com/acme/shared/blob/main/.editorconfig\n      targetPath: .editorconfig\n",
            ),
        ),
    ),
    Action(
        id="fetch:template:file",
        description="Renders one file into the workspace.",
        input=object_schema(("url", "targetPath"), url=_URL, targetPath=_TARGET, **FILE_OPTIONS, token=TOKEN),
        run=template,
        dry_run=True,
        examples=(
            Example(
                "Render a catalog file",
                "steps:\n  - action: fetch:template:file\n    input:\n      url: ./catalog-info.njk.yaml\n"
                "      targetPath: catalog-info.yaml\n      values:\n        name: ${{ parameters.name }}\n",
            ),
            Example(
                "Render it anew, also when an earlier step made one",
                "steps:\n  - action: fetch:template:file\n    input:\n      url: ./README.njk.md\n"
                "      targetPath: README.md\n      replace: true\n      values:\n        title: ${{ parameters.title }}\n",
            ),
        ),
    ),
)
