"""`greenroom up`: the whole of Greenroom in the foreground, and what it needs to be told."""

import os
from collections.abc import Mapping
from pathlib import Path

import click

from config import env
from core.embedded.folders import prepare_data
from core.supervisor.output import Console, LogFile, Output, both
from core.supervisor.stack import Sizes, greenroom, stack
from core.supervisor.supervisor import Supervisor

from .output import command, say, short

LOG = "logs/greenroom.log"
DEMO_TOKEN = "demo-token"  # noqa: S105  # a file's name in the data folder


def shipped(name: str) -> Path:
    """A folder of data that comes with Greenroom (`templates`, `examples`): in the checkout, or the wheel."""
    root = env.checkout()
    if root is not None:
        return root / name
    inside = {"templates": "scaffolder/_templates", "examples": "catalog/_examples"}[name]
    return Path(__file__).resolve().parents[2] / inside


def welcome(found: env.Environment) -> str:
    """Where to go once it serves."""
    return (
        f"\nGreenroom serves at {found.base_url} (Ctrl-C stops it).\n"
        f"  a person comes in with    {command()} createadmin, then at {found.base_url}/admin/\n"
        f"  a program comes in with   {command()} token create NAME --role developer\n"
        f"  data and logs lie in      {short(found.data)}\n"
    )


GOLDEN_PATHS = shipped("templates") / "all.yaml"
EXAMPLE = shipped("examples") / "acme" / "catalog-info.yaml"


def offered(data: Path, *, golden_paths: bool) -> list[Path]:
    """The catalog files that come with Greenroom and belong to this data folder.

    Where the demo was, its example stays: without that file all that it loaded would become orphans.
    """
    places = [GOLDEN_PATHS] if golden_paths else []
    return [*places, EXAMPLE] if (data / DEMO_TOKEN).exists() else places


@click.command()
@click.option(
    "--golden-paths/--no-golden-paths", default=True, show_default=True, help="Offer those that come with it."
)
def up(golden_paths: bool) -> None:
    """Serve Greenroom until Ctrl-C: web, worker, timetable, and servers of its own where none are named."""
    places = offered(env.data_folder(), golden_paths=golden_paths)
    found = surroundings(places)
    environ = children(places)
    names = [process.name for process in stack(found.data, found.port, environ=environ)]
    output = both(Console(names), LogFile(found.data / LOG))
    supervisor(found, environ, output).run_forever(started=lambda: say(welcome(found)))


def supervisor(found: env.Environment, environ: Mapping[str, str], output: Output) -> Supervisor:
    """Everything, in the sizes that the environment asks for."""
    sizes = Sizes(found.web_workers, found.web_threads, found.worker_threads, found.worker_processes)
    return greenroom(found.data, found.port, sizes=sizes, output=output, environ=environ)


def surroundings(catalog_files: list[Path]) -> env.Environment:
    """What the environment says, once the data folder is usable. Raises StartRefused, ImproperlyConfigured."""
    prepare_data(env.data_folder())
    for file in catalog_files:
        if "," in str(file):
            raise click.UsageError(
                f"{file}: a path with a comma cannot be named in GREENROOM_CATALOG_LOCATIONS"
            )
    return env.read()


def children(catalog_files: list[Path]) -> Mapping[str, str]:
    """The environment of the processes: ours, and the catalog files that come with Greenroom."""
    given = os.environ.get("GREENROOM_CATALOG_LOCATIONS", "")
    locations = [given] if given else []
    locations += [location for file in catalog_files if (location := f"file:{file}") not in given.split(",")]
    return {**os.environ, "GREENROOM_CATALOG_LOCATIONS": ",".join(locations)}
