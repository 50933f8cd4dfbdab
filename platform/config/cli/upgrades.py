"""What was made from templates, and its upgrades, from the command line, over REST."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from core.errors import NotFound

from .answers import answers_of, values_option
from .client import client_from_environment, entity_path
from .output import json_option, say, show, show_json
from .scaffold import follow_run


@click.command()
@click.argument("template")
@click.option("--behind", is_flag=True, help="Only those that are not of the newest version.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 500))
@json_option
def instances(template: str, behind: bool, limit: int, as_json: bool) -> None:
    """Show what was made from TEMPLATE, and how many versions each is behind."""
    _, namespace, name = entity_path(template, kind="template").split("/")
    path = f"v1/scaffolder/templates/{namespace}/{name}/instances"
    page = client_from_environment().get(path, limit=limit)
    found = [one for one in page["items"] if not behind or one["drift"] != 0]
    columns = ["entityRef", "repository", "version", "newestVersion", "drift", "id"]
    show(found, columns, as_json=as_json, nothing="Nothing.")
    if page["pageInfo"] and not as_json:
        say(f"{len(page['items'])} of {page['totalItems']} were looked at: --limit shows more.")


@click.command()
@click.argument("entity")
@click.option("--to", type=click.IntRange(1), help="The version. Default: the template as it is now.")
@values_option
@click.option("--follow", is_flag=True, help="Show the log until the run has ended; exit 1 when it failed.")
@json_option
def upgrade(entity: str, to: int | None, file: Path | None, follow: bool, as_json: bool) -> None:
    """Have the repository of ENTITY upgraded to a newer version of its template, by a pull request."""
    client = client_from_environment()
    kind, namespace, name = entity_path(entity, kind="component").split("/")
    ref = f"{kind}:{namespace}/{name}"
    found = client.get("v1/scaffolder/instances", entity=ref)["items"]
    if not found:
        raise NotFound(
            f"{ref} was not made from a template here; `greenroom scaffold instances TEMPLATE` lists what was"
        )
    body: dict[str, Any] = {"version": to} if to is not None else {}
    body |= {"values": answers_of(file)} if file else {}
    made = client.post(f"v1/scaffolder/instances/{quote(str(found[0]['id']))}/upgrade", body)
    if as_json and not follow:
        show_json(made)
        return
    say(f"{ref} goes from version {made['fromVersion']} to {made['toVersion']} by this run:")
    click.echo(made["run"])
    if follow:
        follow_run(client, made["run"], as_json=as_json)
