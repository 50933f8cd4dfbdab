"""Measures the catalog's hot reads of any Backstage-compatible server: latency of one caller, throughput of several.

    GREENROOM_URL=http://127.0.0.1:7007 GREENROOM_TOKEN=… python benchmarks/api.py [--seconds 5] [--callers 8]

It reads only. The callers are threads of this process: past some thousand requests a second it is this program
that is measured, so compare servers with the same number of callers, and look at the latency first.
"""

import argparse
import itertools
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import requests

Request = Callable[[requests.Session], int]
"""Makes one request and answers the number of bytes that came back. Raises for a status that is not 200."""


@dataclass(frozen=True)
class Figures:
    """What was measured. Latencies in milliseconds."""

    name: str
    requests: int
    per_second: float
    p50: float
    p95: float
    p99: float
    mean_bytes: int


def main() -> int:
    """Measure and print; 1 with a sentence when the server cannot be measured."""
    options = _options()
    try:
        names = _names(options.url, options.token)
        if not names:
            sys.exit(f"the catalog of {options.url} is empty: nothing to measure")
        found = [
            measure(name, make, callers, options)
            for name, make in _workloads(options.url, names).items()
            for callers in (1, options.callers)
        ]
    except requests.ConnectionError:
        sys.exit(
            f"nothing answers at {options.url}: start it (make up), or name another with ARGS='--url URL'"
        )
    except requests.RequestException as error:
        sys.exit(f"{options.url} cannot be measured: {error}. Its token is read from GREENROOM_TOKEN.")
    if options.json:
        sys.stdout.write(json.dumps([vars(figures) for figures in found], indent=2) + "\n")
        return 0
    sys.stdout.write(f"{len(names)} entities seen at {options.url}, {options.seconds:g} s each\n")
    head = f"{'workload':<24}{'req/s':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'bytes':>9}\n"
    sys.stdout.write(head)
    for f in found:
        line = f"{f.name:<24}{f.per_second:>9.0f}{f.p50:>9.2f}{f.p95:>9.2f}{f.p99:>9.2f}{f.mean_bytes:>9}\n"
        sys.stdout.write(line)
    return 0


def measure(name: str, make: Callable[[], Request], callers: int, options: argparse.Namespace) -> Figures:
    """Ask again and again from that many callers, after a warm-up that is not counted."""
    for seconds in (min(1.0, options.seconds / 4), options.seconds):
        took, sizes, wall = _load(make, callers, options.token, seconds)
    took.sort()
    return Figures(
        name=f"{name} x{callers}",
        requests=len(took),
        per_second=len(took) / wall,
        p50=statistics.median(took) * 1000,
        p95=took[int(len(took) * 0.95)] * 1000,
        p99=took[int(len(took) * 0.99)] * 1000,
        mean_bytes=int(statistics.mean(sizes)),
    )


def _load(
    make: Callable[[], Request], callers: int, token: str, seconds: float
) -> tuple[list[float], list[int], float]:
    took: list[float] = []
    sizes: list[int] = []
    failures: list[BaseException] = []
    end = time.monotonic() + seconds

    def call() -> None:
        request = make()
        try:
            with _session(token) as session:
                while time.monotonic() < end and not failures:
                    began = time.perf_counter()
                    size = request(session)
                    took.append(time.perf_counter() - began)
                    sizes.append(size)
        except requests.RequestException as error:
            failures.append(error)

    began = time.monotonic()
    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return took, sizes, time.monotonic() - began


def _workloads(url: str, names: list[tuple[str, str, str]]) -> dict[str, Callable[[], Request]]:
    catalog = f"{url}/api/catalog/entities"

    def by_name() -> Request:
        turn: Iterator[tuple[str, str, str]] = itertools.cycle(names)
        return lambda session: _get(session, f"{catalog}/by-name/{'/'.join(next(turn))}")

    def by_query(query: str) -> Callable[[], Request]:
        return lambda: lambda session: _get(session, f"{catalog}/by-query?{query}")

    return {
        "by-name": by_name,
        "by-query, page of 20": by_query("filter=kind=component&limit=20&orderField=metadata.name,asc"),
        "by-query, full text": by_query("fullTextFilterTerm=service&limit=20"),
    }


def _names(url: str, token: str) -> list[tuple[str, str, str]]:
    with _session(token) as session:
        answer = session.get(f"{url}/api/catalog/entities/by-query?limit=500", timeout=30)
        answer.raise_for_status()
        items = answer.json()["items"]
    return [
        (item["kind"].lower(), item["metadata"].get("namespace", "default"), item["metadata"]["name"])
        for item in items
    ]


def _get(session: requests.Session, url: str) -> int:
    answer = session.get(url, timeout=30)
    answer.raise_for_status()
    return len(answer.content)


def _session(token: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {token}"
    return session


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Measures by-name and by-query of a Backstage-compatible server."
    )
    port = os.environ.get("GREENROOM_PORT") or "7007"
    parser.add_argument("--url", default=os.environ.get("GREENROOM_URL") or f"http://127.0.0.1:{port}")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--callers", type=int, default=8, help="at the same time, in the second measurement")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    options.url = options.url.rstrip("/")
    options.token = os.environ.get("GREENROOM_TOKEN", "")  # not on the command line, which everybody can read
    return options


if __name__ == "__main__":
    sys.exit(main())
