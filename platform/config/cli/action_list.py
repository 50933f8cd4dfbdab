"""`greenroom scaffold actions`: what steps may name, by this installation's own registry; no server is needed."""

import click

from .authoring import workbench
from .output import json_option, show


@click.command()
@click.option(
    "--markdown", "as_page", is_flag=True, help="The whole reference, as docs/reference/actions.md."
)
@json_option
def actions(as_page: bool, as_json: bool) -> None:
    """List the actions that a template's steps may name."""
    with workbench():
        from scaffolder.steps import ACTIONS
        from scaffolder.steps.reference import markdown

        if as_page:
            click.echo(markdown(), nl=False)
            return
        rows = [
            {
                "action": one.id,
                "description": " ".join(one.description.split()),
                "runsDry": one.dry_run,
                "foreseen": one.foresee is not None,
                "takenBack": one.undo is not None,
            }
            for one in ACTIONS.values()
        ]
    show(rows, ["action", "description"], as_json=as_json, nothing="There is none.")
