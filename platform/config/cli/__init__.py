"""The command `greenroom`: ours where we have one of that name, Django's otherwise."""

import difflib
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack

import click
import requests
from django.core.exceptions import ImproperlyConfigured

from core.errors import GreenroomError

from . import (
    action_list,
    authoring,
    catalog,
    deciding,
    demo,
    doctor,
    history,
    ownership,
    scaffold,
    serve,
    tokens,
    transfer,
    upgrades,
)
from .database import attached
from .output import say_error

WITHOUT_DATABASE = {
    "help",
    "version",
    "check",
    "makemessages",
    "diffsettings",
    "collectstatic",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show where an error came from; GREENROOM_DEBUG=1 does the same.")
def greenroom(debug: bool) -> None:
    """Greenroom, an internal developer platform.

    `up` serves it, `demo` shows it. The other commands talk to a running one: GREENROOM_URL says where it is,
    GREENROOM_TOKEN who asks. Django's commands (`migrate`, `shell`, …) are here too: `greenroom help`.
    """


for command in (ownership.ownership, ownership.impact, history.history, transfer.export, transfer.import_):
    catalog.catalog.add_command(command)

for command in (
    *(deciding.show, deciding.retry, deciding.cancel, deciding.rollback, deciding.approve, deciding.reject),
    *(action_list.actions, authoring.dry_run, authoring.lint, authoring.test),
    *(upgrades.instances, upgrades.upgrade),
):
    scaffold.scaffold.add_command(command)

for command in (
    *(serve.up, demo.demo, doctor.doctor),
    *(tokens.token, tokens.createadmin),
    *(catalog.catalog, scaffold.scaffold),
):
    greenroom.add_command(command)


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 with a sentence that says why not, 2 for a wrong call."""
    words = list(sys.argv[1:] if argv is None else argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        sys.exit(_run(words))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:  # `greenroom catalog list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (GreenroomError, ImproperlyConfigured, requests.RequestException, OSError) as error:
        if "--debug" in words or os.environ.get("GREENROOM_DEBUG", "").lower() in {"1", "true"}:
            raise
        say_error(str(error))
        sys.exit(1)


def _run(words: list[str]) -> int:
    first = next((word for word in words if not word.startswith("-")), None)
    if first is None or first in greenroom.commands:
        return int(greenroom.main(words, prog_name="greenroom", standalone_mode=False) or 0)
    if near := difflib.get_close_matches(first, greenroom.commands, n=1, cutoff=0.75):
        raise click.UsageError(f"There is no command {first!r}. Did you mean {near[0]!r}?")
    # Here, because it is slow and only Django's own commands need it.
    from django.core.management import execute_from_command_line

    with ExitStack() as stack:
        if first not in WITHOUT_DATABASE and "--help" not in words:
            stack.enter_context(attached())
        execute_from_command_line(["greenroom", *words])
    return 0
