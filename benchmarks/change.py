"""How long from a changed descriptor file, and the call that asks for a refresh, until the API shows the change."""

import argparse
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.expected import Expected, expected, relations_in
from benchmarks.processes import Usage, parse
from benchmarks.server import CATALOG, Server, Unmeasurable, add_server, by_name, server_of, tell

PATIENCE = 120.0
"""Seconds after which a change is given up."""
BETWEEN = 0.001
"""Seconds between two looks."""


def main(argv: list[str]) -> int:
    """`python -m benchmarks change --data FOLDER --url … --what description`."""
    parser = argparse.ArgumentParser(prog="benchmarks change", description=__doc__)
    add_server(parser)
    parser.add_argument("--data", type=Path, required=True, help="the folder that the server reads from")
    parser.add_argument("--what", choices=["description", "owner"], default="description")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--out", default="")
    options = parser.parse_args(argv)
    server, trees, wanted = server_of(options), parse(options), expected(options.data)
    chosen = random.Random(1).sample(components(wanted), options.runs)  # noqa: S311 - not a secret
    with Usage(trees) as usage:
        took = [measure(server, options.data, wanted, ref, options.what) for ref in chosen]
    tell(
        {
            "label": options.label,
            "scenario": f"change_{options.what}",
            "entities": wanted.entities,
            "median_s": round(statistics.median(took), 3),
            "least_s": round(min(took), 3),
            "most_s": round(max(took), 3),
            **{f"{name}_cpu_s_each": round(spent / len(took), 3) for name, spent in usage.cpu.items()},
            "others_cores": round(usage.others, 2),
        },
        options.out,
    )
    return 0


def measure(server: Server, folder: Path, wanted: Expected, ref: str, what: str) -> float:
    """Change one component in its file, ask for a refresh, wait → seconds. The file is put right afterwards."""
    name = ref.rpartition("/")[2]
    file = file_of(folder, name)
    owners = sorted({target for _, target in wanted.relations[ref] if target.startswith("group:")})
    team = next(t for t in groups(wanted) if t not in owners)
    value = f"Changed at {time.time_ns()}." if what == "description" else team.rpartition("/")[2]
    seen = shows_description(server, ref, value) if what == "description" else shows_owner(server, ref, team)
    with edited(file, name, what, value):
        seconds = _until(seen, server, ref)
    back = time.time_ns()  # put right in the server too, so that the next run starts from the same catalog
    _until(lambda: not seen(), server, ref)
    time.sleep(0.1 + back % 1000 / 1000)  # out of step with anything that looks at fixed times
    return seconds


def _until(seen: Callable[[], bool], server: Server, ref: str) -> float:
    began = time.monotonic()
    server.post(f"{CATALOG}/refresh", {"entityRef": ref})
    while not seen():
        if time.monotonic() - began > PATIENCE:
            raise Unmeasurable(f"{ref} does not show its change after {PATIENCE:.0f} s")
        time.sleep(BETWEEN)
    return time.monotonic() - began


def shows_description(server: Server, ref: str, value: str) -> Callable[[], bool]:
    """Whether the entity has that description."""
    return lambda: server.get(by_name(ref))["metadata"].get("description") == value


def shows_owner(server: Server, ref: str, team: str) -> Callable[[], bool]:
    """Whether both ends say who owns it."""

    def seen() -> bool:
        here = ("ownedBy", team) in relations_in(server.get(by_name(ref)))
        there = ("ownerOf", ref) in relations_in(server.get(by_name(team)))
        return here and there

    return seen


@contextmanager
def edited(file: Path, name: str, member: str, value: str) -> Iterator[None]:
    """Another value for a member of one document during the block."""
    before = file.read_text()
    documents = re.split(r"(?m)^(?=---\n)", before)
    at = next(i for i, text in enumerate(documents) if f"\n  name: {name}\n" in text)
    documents[at] = re.sub(rf"(?m)^  {member}: .*$", f"  {member}: {value}", documents[at], count=1)
    _replace(file, "".join(documents))
    try:
        yield
    finally:
        _replace(file, before)


def file_of(folder: Path, name: str) -> Path:
    """The part in which the entity stands."""
    for file in sorted((folder / "parts").iterdir()):
        if f"\n  name: {name}\n" in file.read_text():
            return file
    raise Unmeasurable(f"{name} stands in no file of {folder}")


def components(wanted: Expected) -> list[str]:
    """The references of all components, in order."""
    return sorted(ref for ref in wanted.relations if ref.startswith("component:"))


def groups(wanted: Expected) -> list[str]:
    """The references of all groups, in order."""
    return sorted(ref for ref in wanted.relations if ref.startswith("group:"))


def _replace(file: Path, text: str) -> None:
    draft = file.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(file)
