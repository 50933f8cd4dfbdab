"""By how much the worker, with all processes below it, grows in a run of a large template: from files, and from a code host."""

import argparse
import time
from collections.abc import Callable
from typing import Any

from benchmarks.processes import Usage, memory_of, parse
from benchmarks.runs import PATIENCE, TASKS, carried_out, started, wait_for
from benchmarks.server import CATALOG, Server, Unmeasurable, add_server, server_of, tell
from benchmarks.template import NAME, PUBLISHER, named

MOST_MIB = 64
"""What a run may take while it goes on."""
EVERY = 0.02
"""Seconds between two looks at the memory: a peak is short."""
WORKER = "worker"


def main(argv: list[str]) -> int:
    """`python -m benchmarks memory --server FILE`; 1 when a run took more than it may.

    The server was started by `serve start --role admin --data DIR` on a folder of `template --files N --into DIR`.
    """
    parser = argparse.ArgumentParser(prog="benchmarks memory", description=__doc__)
    add_server(parser)
    parser.add_argument("--out", default="")
    options = parser.parse_args(argv)
    server, trees = server_of(options), parse(options)
    if WORKER not in trees:
        raise Unmeasurable("which process is the worker? Give --server FILE or --process worker=PID")
    worker, hosted = trees[WORKER], f"bench-hosted-{time.time_ns()}"
    wait_until_there(server, NAME)
    wait_until_there(server, PUBLISHER)

    def publish() -> None:
        given = {"repository": hosted, "template": named(hosted)}
        run = started(server, PUBLISHER, given)
        wait_for(server, run)
        output = server.get(f"{TASKS}/{run}/events")[-1]["body"]["output"]
        address = f"{output['repoContentsUrl'].rstrip('/')}/template.yaml"
        server.post(f"{CATALOG}/locations", {"type": "url", "target": address})
        wait_until_there(server, f"template:default/{hosted}")

    scenarios: dict[str, Callable[[], Any]] = {
        "first_run": lambda: carried_out(server, NAME, 0),  # loads what stays loaded
        "run_from_files": lambda: carried_out(server, NAME, 1),
        "copy_and_publish": publish,
        "first_run_from_host": lambda: carried_out(server, f"template:default/{hosted}", 2),
        "run_from_host": lambda: carried_out(server, f"template:default/{hosted}", 3),
    }
    grown = {}
    for scenario, carry_out in scenarios.items():
        before = memory_of(worker)
        with Usage({WORKER: worker}, every=EVERY) as usage:
            carry_out()
        grown[scenario] = usage.memory[WORKER] - before
        figures = {"before_mib": before, "peak_mib": usage.memory[WORKER], "grown_mib": grown[scenario]}
        rounded = {name: round(figure, 1) for name, figure in figures.items()}
        seconds = {"seconds": round(usage.seconds, 2), "others_cores": round(usage.others, 2)}
        tell({"label": options.label, "scenario": scenario, **rounded, **seconds}, options.out)
    return int(any(growth > MOST_MIB for growth in grown.values()))


def wait_until_there(server: Server, template: str) -> None:
    """Wait until a template is in the catalog."""
    kind, _, rest = template.partition(":")
    path = f"{CATALOG}/entities/by-query?filter=kind={kind},metadata.name={rest.rpartition('/')[2]}"
    end = time.monotonic() + PATIENCE
    while not server.get(path)["items"]:
        if time.monotonic() > end:
            raise Unmeasurable(f"{template} is not in the catalog after {PATIENCE:.0f} s")
        time.sleep(0.2)
