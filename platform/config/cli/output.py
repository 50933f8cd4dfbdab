"""What a command says on standard output: a table for people, JSON for programs."""

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

json_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for programs."
)


def console(*, stderr: bool = False) -> Console:
    """Where people read: coloured on a terminal, without line breaks of its own elsewhere."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, highlight=False, soft_wrap=not stream.isatty(), emoji=False, markup=False)


def show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, nothing: str) -> None:
    """Print the rows: whole as JSON, or these columns as a table; `nothing` when there is none."""
    if as_json:
        show_json(list(rows))
    elif not rows:
        click.echo(nothing, err=True)
    elif sys.stdout.isatty():
        console().print(table(columns, ([row.get(column) for column in columns] for row in rows)))
    else:
        lines = [
            [column.upper() for column in columns],
            *([text(row.get(c)) for c in columns] for row in rows),
        ]
        widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
        for line in lines:
            click.echo(
                "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
            )


def show_json(data: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """A table without a frame."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(text(cell) for cell in row))
    return made


def text(value: Any) -> str:
    """A value as a person reads it in a table."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(text(item) for item in value)
    return str(value)


def say(sentence: str) -> None:
    """Tell the person, not the program that reads our output."""
    click.echo(sentence, err=True)


def say_error(sentence: str) -> None:
    """One sentence on standard error, red on a terminal unless NO_COLOR is set."""
    text = f"greenroom: {sentence}"
    say(text if os.environ.get("NO_COLOR") else click.style(text, fg="red"))


def command() -> str:
    """How `greenroom` is called from here."""
    program = Path(sys.prefix) / "bin" / "greenroom"
    return shlex.quote(short(program)) if program.exists() else "greenroom"


def short(path: Path) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
