"""How long runs of a template take: one at a time, several at once, and until the first word on the stream of events."""

import argparse
import http.client
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from benchmarks.processes import Usage, parse
from benchmarks.server import Server, Unmeasurable, add_server, server_of, tell
from benchmarks.template import NAME

TASKS = "/api/scaffolder/v2/tasks"
PATIENCE = 300.0
BETWEEN = 0.01
"""Seconds between two looks at a run."""


def main(argv: list[str]) -> int:
    """`python -m benchmarks runs --url … --label greenroom`; the template of `benchmarks template` is in its catalog."""
    parser = argparse.ArgumentParser(prog="benchmarks runs", description=__doc__)
    add_server(parser)
    parser.add_argument("--template", default=NAME)
    parser.add_argument("--sequential", type=int, default=10)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--callers", type=int, default=4)
    parser.add_argument("--out", default="")
    options = parser.parse_args(argv)
    server, trees = server_of(options), parse(options)
    carried_out(server, options.template, 0)  # what is loaded once is loaded now
    firsts = [first_event(server, options.template, 5000 + number) for number in range(5)]
    with Usage(trees) as usage:
        alone = [carried_out(server, options.template, 1 + number) for number in range(options.sequential)]
    tell(
        _line(options, "run_alone", 1, alone, usage) | {"first_event_s": round(statistics.median(firsts), 3)},
        options.out,
    )
    with Usage(trees) as usage, ThreadPoolExecutor(options.callers) as pool:
        together = list(
            pool.map(
                lambda number: carried_out(server, options.template, 1000 + number), range(options.tasks)
            )
        )
    tell(_line(options, "runs_together", options.callers, together, usage), options.out)
    return 0


def carried_out(server: Server, template: str, number: int) -> float:
    """Start a run and wait for its end → seconds. Unmeasurable when it does not end well."""
    began = time.monotonic()
    wait_for(server, started(server, template, values(number)))
    return time.monotonic() - began


def wait_for(server: Server, run: str) -> None:
    """Wait for a run's end. Unmeasurable when it does not end well."""
    began = time.monotonic()
    while (status := server.get(f"{TASKS}/{run}")["status"]) in ("open", "processing"):
        if time.monotonic() - began > PATIENCE:
            raise Unmeasurable(f"run {run} has not ended after {PATIENCE:.0f} s")
        time.sleep(BETWEEN)
    if status != "completed":
        last = server.get(f"{TASKS}/{run}/events")[-1]
        raise Unmeasurable(f"run {run} ended as {status}: {last['body']}")


def first_event(server: Server, template: str, number: int) -> float:
    """Seconds from the moment in which a run is there to the first event on its stream; the run is waited for."""
    run = started(server, template, values(number))
    began = time.monotonic()
    parts = urlsplit(server.url)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        line.request("GET", f"{TASKS}/{run}/eventstream", headers=server.headers())
        answer = line.getresponse()
        answer.readline()
        seconds = time.monotonic() - began
        while answer.read1():
            pass
    finally:
        line.close()
    return seconds


def started(server: Server, template: str, given: dict[str, Any]) -> str:
    """Start a run → its id."""
    return str(server.post(TASKS, {"templateRef": template, "values": given, "secrets": {}})["id"])


def values(number: int) -> dict[str, Any]:
    """The form of `benchmarks template`, filled in."""
    return {"name": f"svc-{number:04d}", "owner": "group:default/guests", "port": 8000 + number}


def _line(
    options: argparse.Namespace, scenario: str, callers: int, took: list[float], usage: Usage
) -> dict[str, Any]:
    return {
        "label": options.label,
        "scenario": scenario,
        "callers": callers,
        "runs": len(took),
        "median_s": round(statistics.median(took), 3),
        "most_s": round(max(took), 3),
        "per_second": round(len(took) / usage.seconds, 2),
        **{f"{name}_cpu_s_each": round(spent / len(took), 3) for name, spent in usage.cpu.items()},
        "others_cores": round(usage.others, 2),
    }
