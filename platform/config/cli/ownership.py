"""Whose things are, what is wrong with that, and who breaks if something goes: from the command line, over REST."""

from collections.abc import Iterable, Mapping
from typing import Any

import click

from .client import client_from_environment, entity_path
from .output import json_option, say, show, show_json


@click.command()
@click.argument("entity", required=False)
@click.option("--finding", "findings", multiple=True, help="Only these findings, such as owner-missing.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 500))
@json_option
def ownership(entity: str | None, findings: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Show who owns an ENTITY and why; without one, what is wrong with owners in the whole catalog."""
    client = client_from_environment()
    if entity is None:
        report = client.get("v1/catalog/reports/ownership", finding=findings, limit=limit)
        _report(report, as_json)
        return
    found = client.get(f"v1/catalog/ownership/{entity_path(entity, kind='component')}")
    if as_json:
        show_json(found)
        return
    rows = [{**one, "way": _way(found["entity"]["ref"], one["path"])} for one in found["owners"]]
    show(rows, ["ref", "why", "way"], as_json=False, nothing="Nobody owns it.")
    _say_truncated(found)


@click.command()
@click.argument("entity")
@json_option
def impact(entity: str, as_json: bool) -> None:
    """Show who breaks if an ENTITY goes, by which way, and whom to tell."""
    kind, namespace, name = entity_path(entity, kind="component").split("/")
    found = client_from_environment().get("v1/catalog/impact", root=f"{kind}:{namespace}/{name}")
    if as_json:
        show_json(found)
        return
    rows = [{**one, "way": _way(found["roots"][0]["ref"], one["path"])} for one in found["items"]]
    show(rows, ["ref", "owner", "way"], as_json=False, nothing="Nothing.")
    for one in found["owners"]:
        who = one["owner"]["ref"] if one["owner"] else "nobody"
        say(f"{who} owns {one['count']} of {found['total']}, the nearest {one['nearest']} steps away.")
    _say_truncated(found)


def _report(report: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(report)
        return
    show(
        report["items"], ["finding", "ref", "owner", "members"], as_json=False, nothing="Every owner is well."
    )
    counted = [f"{number} {finding}" for finding, number in report["counts"].items() if number]
    if counted:
        say(f"In all: {', '.join(counted)}.")
    if "nextCursor" in report["pageInfo"]:
        say(f"{len(report['items'])} of {report['totalItems']}: --limit shows more, --finding less.")


def _way(start: str, path: Iterable[Mapping[str, str]]) -> str:
    """The relations from a start, each in the direction in which it is walked."""
    words, here = [], start
    for step in path:
        forward = step["source"] == here
        here = step["target"] if forward else step["source"]
        words.append(f"{'-' if forward else '<-'} {step['type']} {'->' if forward else '-'} {here}")
    return " ".join(words)


def _say_truncated(found: Mapping[str, Any]) -> None:
    if found["truncated"]:
        say(found["truncated"]["message"])
