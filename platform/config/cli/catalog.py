"""The catalog from the command line: over REST, but for `reindex`, which acts on the database."""

from typing import Any

import click
import yaml

from core.errors import Conflict

from .client import client_from_environment, entity_path, ref_of
from .database import connected
from .output import console, json_option, say, show, show_json, table


@click.group()
def catalog() -> None:
    """Look at the catalog, and add to it."""


@catalog.command()
@click.argument("url")
@json_option
def register(url: str, as_json: bool) -> None:
    """Add the catalog file at URL, and everything that it names."""
    client = client_from_environment()
    try:
        made = client.post("catalog/locations", {"type": "url", "target": url})
    except Conflict as conflict:
        raise Conflict(f"{conflict}; `greenroom catalog refresh` reads an entity's file again") from conflict
    if as_json:
        show_json(made)
        return
    say(f"Registered {url} (location {made['location']['id']}); it is read now.")
    for entity in made.get("entities", []):
        click.echo(ref_of(entity))


@catalog.command("list")
@click.option("--kind", help="Only this kind: component, api, group, template …")
@click.option("--owner", help="Only what this owner owns: group:default/payments.")
@click.option("--search", metavar="TEXT", help="Only what holds this text.")
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="KEY=VALUE",
    help="Any filter of the API, such as spec.type=service.",
)
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 500))
@json_option
def list_(
    kind: str | None,
    owner: str | None,
    search: str | None,
    filters: tuple[str, ...],
    limit: int,
    as_json: bool,
) -> None:
    """Show what is in the catalog."""
    wanted = [
        *filters,
        *([f"kind={kind}"] if kind else []),
        *([f"relations.ownedBy={owner}"] if owner else []),
    ]
    query: dict[str, Any] = {"limit": limit, "orderField": ["kind,asc", "metadata.name,asc"]}
    query |= {"filter": ",".join(wanted)} if wanted else {}
    query |= {"fullTextFilterTerm": search} if search else {}
    page = client_from_environment().get("catalog/entities/by-query", **query)
    items = page["items"]
    if as_json:
        show_json(items)
        return
    show(
        [_row(entity) for entity in items],
        ["entity", "type", "owner", "title"],
        as_json=False,
        nothing="Nothing.",
    )
    if page["totalItems"] > len(items):
        say(f"{len(items)} of {page['totalItems']}: --limit shows more.")


@catalog.command()
@click.argument("entity")
@json_option
def get(entity: str, as_json: bool) -> None:
    """Show one ENTITY, such as component:payments."""
    found = client_from_environment().get(f"catalog/entities/by-name/{entity_path(entity, kind='component')}")
    if as_json:
        show_json(found)
        return
    relations = found.pop("relations", [])
    click.echo(yaml.safe_dump(found, sort_keys=False, allow_unicode=True).rstrip())
    if relations:
        click.echo()
        console().print(table(["relation", "entity"], [(r["type"], r["targetRef"]) for r in relations]))


@catalog.command()
@click.argument("entity")
def refresh(entity: str) -> None:
    """Have the file of an ENTITY read again now."""
    kind, namespace, name = entity_path(entity, kind="component").split("/")
    ref = f"{kind}:{namespace}/{name}"
    client_from_environment().post("catalog/refresh", {"entityRef": ref})
    say(f"The file of {ref} is read again.")


@catalog.command()
@click.argument("term")
@click.option("--kind", help="Only this kind: component, api, group, template …")
@click.option("--limit", default=25, show_default=True, type=click.IntRange(1, 100))
@json_option
def search(term: str, kind: str | None, limit: int, as_json: bool) -> None:
    """Find what is called like TERM or speaks of it, best first. Beginnings of words do."""
    query: dict[str, Any] = {"term": term, "pageLimit": limit}
    query |= {"filters[kind]": kind} if kind else {}
    answer = client_from_environment().get("search/query", **query)
    documents = [one["document"] for one in answer["results"]]
    columns = ["location", "title", "kind", "type", "owner", "text"]
    rows = [{column: one.get(column) for column in columns} for one in documents]
    show(rows, columns, as_json=as_json, nothing="Nothing is found.")
    if not as_json and answer["numberOfResults"] > len(rows):
        say(f"{len(rows)} of {answer['numberOfResults']}: --limit shows more.")


@catalog.command()
def reindex() -> None:
    """Make the search index anew. It works on the database itself, while everything else goes on.

    Never needed in daily life: the index changes with the catalog. For after an upgrade that says so.
    """
    with connected():
        from catalog.search.reindex import everything  # needs Django set up

        count = everything()
    say(f"{count} entities are indexed anew.")


def _row(entity: dict[str, Any]) -> dict[str, Any]:
    owners = [r["targetRef"] for r in entity.get("relations", []) if r["type"] == "ownedBy"]
    return {
        "entity": ref_of(entity),
        "type": entity.get("spec", {}).get("type"),
        "owner": owners,
        "title": entity["metadata"].get("title"),
    }
