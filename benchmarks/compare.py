"""The same measurements against several servers, one at a time, and one Markdown table with what must be reached."""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.reads import add_reads, chosen, measure
from benchmarks.server import Server, Unmeasurable
from benchmarks.targets import TARGETS, Target

Line = dict[str, Any]


def main(argv: list[str]) -> int:
    """`python -m benchmarks compare run SERVERS.json --out FILE`, then `compare table --out FILE`."""
    parser = argparse.ArgumentParser(prog="benchmarks compare", description=__doc__)
    parser.add_argument("what", choices=["run", "table"])
    parser.add_argument(
        "servers", nargs="?", type=Path, help="with run: what to start; see benchmarks/README.md"
    )
    parser.add_argument("--ours", default="greenroom", help="the label that is held against the others")
    add_reads(parser)
    options = parser.parse_args(argv)
    if not options.out:
        raise Unmeasurable("name the file of figures with --out: a table is made from it, now or later")
    if options.what == "run":
        if options.servers is None:
            raise Unmeasurable("name the file that says how to start the servers; see benchmarks/README.md")
        for one in json.loads(options.servers.read_text()):
            run(one, options)
    sys.stdout.write(table(lines(Path(options.out)), options.ours) + "\n")
    return 0


def run(one: dict[str, Any], options: argparse.Namespace) -> None:
    """Start a server, take the reads, stop it, whatever happens meanwhile.

    `start` must answer, in its last line, a JSON object; `keys` says under which names it has what we call url,
    token, app and database. `token` is a command that prints one, where the start does not.
    """
    names = {"url": "url", "token": "token", **one.get("keys", {})}
    try:
        said = json.loads(_said(one["start"]).splitlines()[-1])
        token = _said(one["token"]) if "token" in one else said.get(names["token"], "")
        server = Server(str(said[names["url"]]).rstrip("/"), token)
        pids = {**said, **said.get("processes", {})}
        trees = {name: pids[names.get(name, name)] for name in ("app", "database")}
        options.label = one["name"]
        for name, requests in chosen(server, options.scenario).items():
            measure(server, name, requests, trees, options)
    except (LookupError, ValueError) as error:
        raise Unmeasurable(
            f"the start of {one.get('name')} does not say what is needed: {error!r}"
        ) from error
    finally:
        _said(one["stop"])


def _said(command: str | Sequence[str]) -> str:
    argv = shlex.split(command) if isinstance(command, str) else list(command)
    ran = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
    if ran.returncode:
        raise Unmeasurable(f"{shlex.join(argv)} failed with {ran.returncode}")
    return ran.stdout.strip()


def lines(file: Path) -> list[Line]:
    """The figures of a file."""
    try:
        return [json.loads(text) for text in file.read_text().splitlines()]
    except (OSError, ValueError) as error:
        raise Unmeasurable(f"{file} holds no figures: {error}") from error


def medians(found: Iterable[Line]) -> dict[tuple[str, int | None, str], Line]:
    """By scenario, callers and label: each figure's median over the repeats."""
    together: dict[tuple[str, int | None, str], list[Line]] = defaultdict(list)
    for line in found:
        together[line["scenario"], line.get("callers"), line["label"]].append(line)
    return {key: _median(several) for key, several in together.items()}


def _median(several: Sequence[Line]) -> Line:
    numbers = {name for line in several for name, value in line.items() if isinstance(value, int | float)}
    found: Line = {name: statistics.median(line.get(name, 0) for line in several) for name in numbers}
    suffix = "_ms" if "callers" in several[0] else "_s"
    found["seen"] = next((line["probe"] for line in several if "probe" in line), {})
    found["cpu"] = sum(found.get(f"{tree}_cpu{suffix}", 0.0) for tree in ("app", "database"))
    return found


def table(found: Sequence[Line], ours: str) -> str:
    """One row for each scenario and number of callers; bounds that are met are marked so."""
    figures = medians(found)
    labels = [ours, *sorted({line["label"] for line in found} - {ours})]
    others = labels[1:]
    head = ["what", "callers", *(f"{name}: /s · p95 ms · CPU ms" for name in labels)]
    rows = [[*head, *(f"x {name}" for name in others), "must be"]]
    for scenario, callers in dict.fromkeys((s, c) for s, c, _ in figures):
        by_label = {name: figures.get((scenario, callers, name), {}) for name in labels}
        mine = by_label[ours]
        row = [scenario, str(callers or ""), *(_shown(by_label[name], scenario) for name in labels)]
        row += [_ratio(mine, by_label[name], scenario) for name in others]
        wanted = [each for each in TARGETS if (each.scenario, each.callers) == (scenario, callers)]
        verdicts = [_verdict(each, mine, by_label.get(each.against, {})) for each in wanted]
        rows.append([*row, "; ".join([*verdicts, *_differences(mine, by_label)])])
    rows.insert(1, ["---"] * len(rows[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _differences(mine: Line, by_label: dict[str, Line]) -> list[str]:
    """Where another server's answer held other numbers than ours: such figures must not be compared."""
    ours = {name: mine.get("seen", {}).get(name) for name in ("items", "total")}
    found = []
    for label, line in by_label.items():
        theirs = {name: line.get("seen", {}).get(name) for name in ours}
        if line and mine and theirs != ours:
            found.append(f"**{label} answered {theirs['items']} of {theirs['total']}**")
    return found


def _main_figure(scenario: str) -> str:
    """By what servers are held against each other."""
    if scenario.startswith("change"):
        return "median_s"
    return "bytes" if scenario == "size" else "per_second"


def _shown(figures: Line, scenario: str) -> str:
    if not figures:
        return "-"
    if scenario in ("ingest", "restore"):
        return f"{figures['seconds']:,.1f} s · {figures['cpu']:,.1f} CPU s"
    if scenario.startswith("change"):
        cpu = sum(figures.get(f"{tree}_cpu_s_each", 0.0) for tree in ("app", "database"))
        return f"{figures['median_s']:.3f} s · {cpu:.2f} CPU s"
    if scenario == "size":
        return f"{figures['bytes'] / 2**20:,.0f} MiB"
    errors = f" · **{figures['errors']:.0f} errors**" if figures.get("errors") else ""
    return f"{figures['per_second']:,.0f} · {figures['p95_ms']:,.1f} · {figures['cpu']:,.2f}{errors}"


def _ratio(mine: Line, theirs: Line, scenario: str) -> str:
    figure = _main_figure(scenario)
    return f"{mine[figure] / theirs[figure]:.2f}" if mine and theirs.get(figure) else "-"


def _verdict(target: Target, mine: Line, theirs: Line) -> str:
    if target.measure not in mine:
        return f"{target.words}: not measured"
    met = target.met(mine[target.measure], theirs.get(target.measure))
    unit = {"per_second": "", "cpu": " CPU", "app_memory_mib": " memory"}.get(target.measure, "")
    return f"{target.words}{unit}: {'not measured' if met is None else 'met' if met else '**missed**'}"
