"""`greenroom scaffold dry-run`, `lint` and `test`: for those who write templates; no server and no database is needed.

The scaffolder is imported inside of the functions: it needs Django set up, and most commands do not need either.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from core.errors import InputError, ValidationErrors

from .answers import answers_of, parameters_option, values_option, with_words
from .database import set_up
from .output import json_option, say, say_error, show_json
from .runs import COLOUR_CODES

template_argument = click.argument("path", type=click.Path(path_type=Path))
root_option = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder of the repository: nothing outside of it is read. Otherwise told by its .git.",
)
name_option = click.option("--name", help="Which template, when the file holds several.")


@contextmanager
def workbench() -> Iterator[Path]:
    """Django set up, and a folder for what is made; nothing is left behind, not even where one stands."""
    with tempfile.TemporaryDirectory(prefix="greenroom-author-") as folder:
        if "GREENROOM_DATA" not in os.environ:
            os.environ["GREENROOM_DATA"] = str(Path(folder) / "data")
        set_up()
        yield Path(folder)


@click.command("dry-run")
@template_argument
@name_option
@root_option
@parameters_option
@values_option
@click.option(
    "--secrets",
    "secrets_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Secrets from YAML; they are masked in all that is printed.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Leave the workspace in this folder, which must be empty or absent.",
)
@json_option
def dry_run(
    path: Path,
    name: str | None,
    root: Path | None,
    given: tuple[str, ...],
    file: Path | None,
    secrets_file: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Try the template at PATH out: print its log and what it makes; nothing outside changes. Exit 1 when it fails."""
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"--out {out} is not empty: name a folder that is empty or absent")
    with workbench() as folder:
        from scaffolder.authoring.source import read_template
        from scaffolder.authoring.trial import tried
        from scaffolder.template import parameter_schema

        source = read_template(path, name, root)
        values = with_words(answers_of(file) if file else {}, given, parameter_schema(source.entity)["steps"])
        secrets = answers_of(secrets_file, "--secrets") if secrets_file else {}
        try:
            found = tried(source, values=values, secrets=secrets, into=folder / "workspace")
        except ValidationErrors as error:
            raise InputError(_faults(error)) from error
        files = _files(folder / "workspace")
        if out is not None:
            shutil.copytree(folder / "workspace", out, symlinks=True, dirs_exist_ok=True)
    if as_json:
        show_json(
            {
                "log": list(found.log),
                "files": files,
                "output": found.output,
                "effects": [
                    {"step": e.step_id, "action": e.action, "kind": e.kind, "key": e.key}
                    for e in found.effects
                ],
                "unforeseen": [{"step": step, "action": action} for step, action in found.unforeseen],
                "error": found.failure.as_error() if found.failure else None,
            }
        )
    else:
        _print(found, files, out)
    if found.failure is not None:
        say_error(found.failure.message)
        raise click.exceptions.Exit(1)


def _print(found: Any, files: list[str], out: Path | None) -> None:
    for line in found.log:
        message = COLOUR_CODES.sub("", line["message"])
        click.echo(f"{line.get('stepId', ''):<12} {message}".rstrip())
    click.echo(f"\n{len(files)} files{f' in {out}' if out else ''}:")
    for name in files:
        click.echo(f"  {name}")
    for title, lines in (
        ("It would make:", [f"{effect.kind} {effect.key} ({effect.step_id})" for effect in found.effects]),
        (
            "It cannot tell what these would make:",
            [f"{action} ({step})" for step, action in found.unforeseen],
        ),
    ):
        if lines:
            click.echo(f"\n{title}")
            for line in lines:
                click.echo(f"  {line}")
    if found.output:
        click.echo("\nOutput:")
        show_json(found.output)


def _files(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    )


def _faults(error: ValidationErrors) -> str:
    told = [f"{fault['property']} {fault['message']}" for fault in error.errors]
    return (
        f"the answers do not fit the form: {'; '.join(told)} (give them with -p NAME=VALUE or --values FILE)"
    )


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@root_option
@json_option
def lint(paths: tuple[Path, ...], root: Path | None, as_json: bool) -> None:
    """Look over the templates at PATHS; each finding has a place, a rule and a way out. Exit 1 when one is an error."""
    with workbench():
        from scaffolder.authoring.linting import lint as findings_of

        found = [finding for path in paths for finding in findings_of(path, root)]
    if as_json:
        show_json([finding.document() for finding in found])
    else:
        for finding in found:
            click.echo(str(finding))
    errors = sum(finding.level == "error" for finding in found)
    say(f"{errors} errors, {len(found) - errors} warnings in {len(paths)} places")
    if errors:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@root_option
@json_option
def test(paths: tuple[Path, ...], root: Path | None, as_json: bool) -> None:
    """Do the cases in tests/*.yaml beside the templates at PATHS. Exit 1 when one fails, or when there is none."""
    told: list[dict[str, Any]] = []
    with workbench() as folder:
        from scaffolder.authoring.cases import failures, read_cases
        from scaffolder.authoring.source import read_templates

        for path in paths:
            for source in read_templates(path, root):
                cases = read_cases(source)
                if not cases:
                    raise InputError(
                        f"{source.folder / 'tests'} has no cases; see the guide 'write a template'"
                    )
                for case in cases:
                    wrong = failures(source, case, folder / f"case-{len(told)}")
                    told.append({"file": str(case.file), "case": case.name, "failures": wrong})
                    if not as_json:
                        click.echo(f"{'FAILED' if wrong else 'passed'} {case.file}: {case.name}")
                        for line in "\n".join(wrong).splitlines():
                            click.echo(f"    {line}")
    if as_json:
        show_json(told)
    failed = sum(bool(one["failures"]) for one in told)
    say(f"{len(told) - failed} passed, {failed} failed")
    if failed:
        raise click.exceptions.Exit(1)
