"""The scaffolder from the command line, over REST."""

import json
from pathlib import Path
from typing import Any

import click

from . import runs
from .answers import answers_of, parameters_option, values_option, with_words
from .client import Client, client_from_environment, entity_path
from .output import json_option, say_error, show, show_json


@click.group()
def scaffold() -> None:
    """Make something from a golden path, and look at the runs."""


@scaffold.command()
@click.argument("template")
@parameters_option
@values_option
@click.option("--follow", is_flag=True, help="Show the log until the run has ended; exit 1 when it failed.")
@json_option
def run(template: str, given: tuple[str, ...], file: Path | None, follow: bool, as_json: bool) -> None:
    """Start a run of TEMPLATE, such as python-service; its id is printed on standard output."""
    client = client_from_environment()
    path = entity_path(template, kind="template")
    kind, namespace, name = path.split("/")
    form = client.get(f"scaffolder/v2/templates/{namespace}/{kind}/{name}/parameter-schema")
    answers = with_words(answers_of(file) if file else {}, given, form["steps"])
    body = {"templateRef": f"{kind}:{namespace}/{name}", "values": answers}
    made = client.post("scaffolder/v2/tasks", body)
    if as_json and not follow:
        show_json(made)
        return
    click.echo(made["id"])
    if follow:
        follow_run(client, made["id"], as_json=as_json)


@scaffold.command("list")
@click.option("--status", help="Only runs that are open, processing, completed, failed or cancelled.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500))
@json_option
def list_(status: str | None, limit: int, as_json: bool) -> None:
    """Show the latest runs."""
    query = {"limit": limit, **({"status": status} if status else {})}
    found = client_from_environment().get("scaffolder/v2/tasks", **query)["tasks"]
    rows = found if as_json else [_row(task) for task in found]
    columns = ["id", "status", "template", "created_by", "created_at"]
    show(rows, columns, as_json=as_json, nothing="There is no run: greenroom scaffold run TEMPLATE")


@scaffold.command()
@click.argument("run_id", metavar="RUN")
@click.option("--follow", is_flag=True, help="Go on until the run has ended; exit 1 when it failed.")
@json_option
def logs(run_id: str, follow: bool, as_json: bool) -> None:
    """Show the log of a RUN."""
    client = client_from_environment()
    client.get(f"scaffolder/v2/tasks/{run_id}")  # a run that is unknown is said before anything else
    if follow:
        follow_run(client, run_id, as_json=as_json)
        return
    for event in client.get(f"scaffolder/v2/tasks/{run_id}/events"):
        if as_json:
            click.echo(json.dumps(event))
        else:
            _line(event["body"].get("stepId"), runs.COLOUR_CODES.sub("", event["body"].get("message", "")))


def follow_run(client: Client, run_id: str, *, as_json: bool, after: int = 0) -> None:
    """Show a run's log, behind the event `after`, until it has ended; the command exits with 1 when it failed."""
    found = runs.events(client, run_id, after)
    if as_json:
        failed = False
        for event in found:
            click.echo(json.dumps(event.data))
            failed = event.name == "completion" and bool(event.data["body"].get("error"))
    else:
        ended = runs.follow(found, line=_line)
        failed = not ended.completed
        if failed:
            say_error(ended.error or "the run did not complete")
        for link in ended.output.get("links", []):
            click.echo(f"{link.get('title', 'Link')}: {link.get('url') or link.get('entityRef')}")
    if failed:
        raise click.exceptions.Exit(1)


def _line(step: str | None, message: str) -> None:
    click.echo(f"{step:<12} {message}" if step else message)


def _row(task: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": task["id"],
        "status": task["status"],
        "template": task.get("spec", {}).get("templateInfo", {}).get("entityRef"),
        "created_by": task.get("createdBy"),
        "created_at": task["createdAt"],
    }
