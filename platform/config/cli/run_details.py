"""One run in full on the command line: its steps, what it made outside, and what it waits for or leaves to a person."""

from collections.abc import Mapping
from typing import Any

import click

from core.errors import NotFound

from .client import Client
from .output import show, show_json

WAITING = "waiting"
MADE, LEFT = "made", "left"
ENDED = frozenset({"completed", "failed", "cancelled"})


def shown_run(client: Client, run_id: str) -> dict[str, Any]:
    """The run's document, with the approval that is asked for it under `approval`, else null."""
    run: dict[str, Any] = client.get(f"v1/scaffolder/runs/{run_id}")
    return run | {"approval": _approval(client, run_id)}


def _approval(client: Client, run_id: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = client.get(f"v1/scaffolder/runs/{run_id}/plan")
    except NotFound:  # it needs none
        return None
    return found


def print_run(run: Mapping[str, Any], *, as_json: bool) -> None:
    """The whole document as JSON, or for people: what it is, how far it is, and what is to be done."""
    if as_json:
        show_json(run)
        return
    version = f", version {run['templateVersion']}" if run["templateVersion"] else ""
    click.echo(f"Run       {run['id']}")
    click.echo(f"State     {run['state']}")
    click.echo(f"Template  {run['templateRef']}{version}")
    click.echo(f"Asked by  {run['createdBy']}, {run['createdAt']}")
    if run["rollback"]:
        problem = f": {run['rollback']['problem']}" if run["rollback"]["problem"] else ""
        click.echo(f"Rollback  {run['rollback']['state']}, by {run['rollback']['requestedBy']}{problem}")
    _print_steps(run)
    _print_effects(run)
    for line in advice(run):
        click.echo(f"\n{line}")


def _print_steps(run: Mapping[str, Any]) -> None:
    click.echo("\nSteps:")
    if not run["steps"]:
        click.echo("  none has begun")
        return
    rows = [
        {
            "step": one["id"],
            "state": one["state"],
            "began": one["startedAt"],
            "error": (one["error"] or {}).get("message"),
        }
        for one in run["steps"]
    ]
    show(rows, ["step", "state", "began", "error"], as_json=False, nothing="")


def _print_effects(run: Mapping[str, Any]) -> None:
    if run["effects"]:
        click.echo("\nMade outside:")
        show(run["effects"], ["kind", "key", "state", "step"], as_json=False, nothing="")


def advice(run: Mapping[str, Any]) -> list[str]:
    """What the run waits for, what is left to a person, and which command does what comes next."""
    told = []
    approval = run["approval"]
    if run["state"] == WAITING and approval:
        told.append(f"It waits for an approval: {approval['missing'] or 'its plan is being made'}.")
        if approval["reason"]:
            told.append(approval["reason"])
        if approval["digest"]:
            told.append(f"The plan has the hash {approval['digest']}: greenroom scaffold approve {run['id']}")
    left = [one for one in run["effects"] if one["state"] == LEFT]
    if left:
        lines = "".join(f"\n  {one['kind']} {one['key']}: {one['reason']}" for one in left)
        told.append(f"Left to a person:{lines}")
    if run["state"] == "failed":
        told.append(f"It goes on at the failed step: greenroom scaffold retry {run['id']}")
    if run["state"] in ENDED and any(one["state"] == MADE for one in run["effects"]):
        told.append(f"What it made is taken back by: greenroom scaffold rollback {run['id']}")
    return told
