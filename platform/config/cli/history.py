"""`greenroom catalog history`: what happened to an entity, over REST."""

from typing import Any

import click

from .client import client_from_environment, entity_path
from .output import json_option, say, show, show_json


@click.command()
@click.argument("entity")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500))
@json_option
def history(entity: str, limit: int, as_json: bool) -> None:
    """Show what happened to an ENTITY, such as component:payments, newest first."""
    path = f"v1/catalog/entities/{entity_path(entity, kind='component')}/history"
    found = client_from_environment().get(path, limit=limit)
    if as_json:
        show_json(found)
        return
    rows = [_row(revision) for revision in found["items"]]
    show(rows, ["number", "at", "what", "by", "fields"], as_json=False, nothing="Nothing.")
    if found["totalItems"] > len(rows):
        say(f"{len(rows)} of {found['totalItems']}: --limit shows more.")


def _row(revision: dict[str, Any]) -> dict[str, Any]:
    fields = [change["path"] for change in revision["changes"]]
    more = [f"and {revision['moreChanges']} more"] if revision["moreChanges"] else []
    return {
        "number": revision["number"],
        "at": revision["at"][:19] + "Z",
        "what": revision["verb"],
        "by": _cause(revision["cause"]),
        "fields": [*fields, *more],
    }


def _cause(cause: dict[str, str]) -> str:
    match cause["kind"]:
        case "location":
            return cause.get("location", f"location {cause['id']}")
        case "actor":
            return cause["ref"]
    return "a related entity"
