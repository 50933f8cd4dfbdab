"""What a person decides about a run, from the command line: again, stop, take back, yes, no."""

import sys
import time
from pathlib import Path
from typing import Any

import click

from core.errors import Conflict, InputError

from .answers import answers_of
from .client import Client, client_from_environment
from .output import json_option, say, say_error, show_json
from .run_details import ENDED, LEFT, print_run, shown_run
from .scaffold import follow_run

LIVE = frozenset({"requested", "working"})
PAUSE = 0.5
"""Seconds between two looks at a rollback."""
run_argument = click.argument("run_id", metavar="RUN")


@click.command()
@run_argument
@json_option
def show(run_id: str, as_json: bool) -> None:
    """Show a RUN: its steps, what it made outside, what it waits for and what is left to a person."""
    print_run(shown_run(client_from_environment(), run_id), as_json=as_json)


@click.command()
@run_argument
@click.option(
    "--secrets",
    "secrets_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Secrets from YAML: those of the first time are gone since the run ended.",
)
@click.option("--follow", is_flag=True, help="Show the log until the run has ended; exit 1 when it failed.")
def retry(run_id: str, secrets_file: Path | None, follow: bool) -> None:
    """Do a RUN that has ended again, from the step that failed; what it made before is found again."""
    client = client_from_environment()
    secrets = answers_of(secrets_file, "--secrets") if secrets_file else {}
    known = client.get(f"scaffolder/v2/tasks/{run_id}/events") if follow else []
    client.post(f"scaffolder/v2/tasks/{run_id}/retry", {"secrets": secrets} if secrets else {})
    say(f"Run {run_id} is asked to go on.")
    if follow:
        follow_run(client, run_id, as_json=False, after=max((one["id"] for one in known), default=0))


@click.command()
@run_argument
def cancel(run_id: str) -> None:
    """Stop a RUN; one that has ended stays as it is."""
    client = client_from_environment()
    state = client.get(f"scaffolder/v2/tasks/{run_id}")["status"]
    client.post(f"scaffolder/v2/tasks/{run_id}/cancel", {})
    ended = state in ENDED
    say(f"Run {run_id} has ended already: {state}." if ended else f"Run {run_id} is asked to stop.")


@click.command()
@run_argument
@click.option(
    "--follow",
    is_flag=True,
    help="Wait until all is taken back; exit 1 when something is left or did not answer.",
)
@json_option
def rollback(run_id: str, follow: bool, as_json: bool) -> None:
    """Take back what a RUN made outside, the newest first; only what it can prove to be its own."""
    client = client_from_environment()
    run = client.post(f"v1/scaffolder/runs/{run_id}/rollback", {})
    if follow:
        run = _taken_back(client, run)
    if as_json:
        show_json(run)
    elif run["rollback"] is None:
        say(f"Run {run_id} made nothing outside: there is nothing to take back.")
    elif not follow:
        say(f"Run {run_id} is being taken back: greenroom scaffold show {run_id} tells how far it is.")
    else:
        print_run(run | {"approval": None}, as_json=False)
    if follow and not _is_settled(run):
        say_error(f"run {run_id} is not taken back whole")
        raise click.exceptions.Exit(1)


def _taken_back(client: Client, run: dict[str, Any]) -> dict[str, Any]:
    while run["rollback"] and run["rollback"]["state"] in LIVE:
        time.sleep(PAUSE)
        run = client.get(f"v1/scaffolder/runs/{run['id']}")
    return run


def _is_settled(run: dict[str, Any]) -> bool:
    if run["rollback"] is None:
        return True
    return run["rollback"]["state"] == "done" and not any(one["state"] == LEFT for one in run["effects"])


@click.command()
@run_argument
@click.option("--hash", "digest", help="Of the plan that was looked at: nobody is asked then.")
def approve(run_id: str, digest: str | None) -> None:
    """Say yes to exactly the plan of a RUN: it is shown first, unless its hash is given."""
    client = client_from_environment()
    if digest is None:
        digest = _looked_at(client, run_id)
    shown = client.post(f"v1/scaffolder/runs/{run_id}/approve", {"hash": digest})
    missing = f"it waits for {shown['missing']}" if shown["missing"] else "it begins"
    say(f"Run {run_id} is approved; {missing}.")


def _looked_at(client: Client, run_id: str) -> str:
    """The hash of the plan, once a person has seen it and said yes."""
    shown = client.get(f"v1/scaffolder/runs/{run_id}/plan")
    if not shown["digest"]:
        raise Conflict(f"run {run_id} has no plan yet: look again in a moment")
    if not sys.stdin.isatty():
        raise InputError(
            f"nobody can be asked here: look at `greenroom scaffold show {run_id} --json`, "
            f"then give --hash with the digest of its plan"
        )
    show_json(shown["plan"])
    say(f"Asked for by {shown['askedBy']}. The plan has the hash {shown['digest']}.")
    if not click.confirm("Approve exactly this?", err=True):
        raise click.Abort
    return str(shown["digest"])


@click.command()
@run_argument
@click.option("--reason", required=True, help="Why; whoever asked for the run reads it.")
def reject(run_id: str, reason: str) -> None:
    """Say no to a RUN that waits for an approval: it is cancelled."""
    client_from_environment().post(f"v1/scaffolder/runs/{run_id}/reject", {"reason": reason})
    say(f"Run {run_id} is rejected.")
