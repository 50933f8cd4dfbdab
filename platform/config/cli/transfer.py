"""`greenroom catalog export` and `import`: the whole catalog as a file, over REST."""

import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import click

from core.errors import InputError

from .client import client_from_environment
from .output import json_option, say, show_json

FORMS = {".ndjson": "ndjson", ".jsonl": "ndjson", ".yaml": "yaml", ".yml": "yaml"}
MEDIA = {"ndjson": "application/x-ndjson", "yaml": "application/yaml"}

form_option = click.option(
    "--format",
    "form",
    type=click.Choice(list(MEDIA)),
    help="Otherwise told by FILE's name, ndjson for a pipe.",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@form_option
@click.option("--with-history", is_flag=True, help="Every kept change too.")
def export(file: Path | None, form: str | None, with_history: bool) -> None:
    """Write the whole catalog to FILE, or to standard output."""
    form = form or _form_of(file)
    chunks = client_from_environment().download(
        "v1/catalog/export", format=form, history="true" if with_history else "false"
    )
    if file is None:
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        return
    draft = file.with_name(f".{file.name}.part")
    try:
        with draft.open("wb") as out:
            for chunk in chunks:
                out.write(chunk)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    say(f"Exported the catalog to {file} ({file.stat().st_size:,} bytes).")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True))
@form_option
@json_option
def import_(file: Path, form: str | None, as_json: bool) -> None:
    """Restore the catalog from FILE (`-`: standard input) into an empty one: all of it, or nothing."""
    piped = str(file) == "-"
    form = form or _form_of(None if piped else file)
    with ExitStack() as stack:
        content: IO[bytes]
        if piped:  # its length has to be known before it is sent
            content = stack.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(sys.stdin.buffer, content)
            content.seek(0)
        else:
            content = stack.enter_context(file.open("rb"))
        came = client_from_environment().upload("v1/catalog/import", content, MEDIA[form])
    if as_json:
        show_json(came)
        return
    say(
        f"Imported {came['entities']} entities, {came['locations']} locations and {came['revisions']} changes."
    )
    if came["changed"]:
        say(f"{came['changed']} entities say something else than in the catalog that they come from.")


def _form_of(file: Path | None) -> str:
    if file is None:
        return "ndjson"
    if file.suffix.lower() not in FORMS:
        raise InputError(f"{file}: name it .ndjson or .yaml, or say --format")
    return FORMS[file.suffix.lower()]
