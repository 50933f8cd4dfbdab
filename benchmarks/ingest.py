"""How long a server takes until every entity and every relation of a data folder is right."""

import argparse
import functools
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.expected import Expected, expected
from benchmarks.processes import Usage, parse
from benchmarks.server import CATALOG, Server, Unmeasurable, add_server, server_of, tell


def main(argv: list[str]) -> int:
    """`python -m benchmarks ingest --data FOLDER --url … [--register | --since EPOCH]`."""
    parser = argparse.ArgumentParser(prog="benchmarks ingest", description=__doc__)
    add_server(parser)
    parser.add_argument("--data", type=Path, required=True)
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--register",
        action="store_true",
        help="serve the folder over HTTP and register it (the token may, the server reads from 127.0.0.1)",
    )
    how.add_argument(
        "--restore",
        type=Path,
        metavar="FILE",
        help="an export of Greenroom, to be imported into an empty one",
    )
    how.add_argument("--since", type=float, help="when the server was told of it; default: now")
    parser.add_argument("--patience", type=float, default=3600.0, help="seconds after which it is given up")
    parser.add_argument("--out", default="")
    options = parser.parse_args(argv)
    server, trees = server_of(options), parse(options)
    wanted = expected(options.data)
    line = {"label": options.label, "scenario": "ingest", "entities": wanted.entities}
    if options.restore:
        line["scenario"] = "restore"

        def told() -> None:
            server.send("/api/v1/catalog/import", options.restore, "application/x-ndjson")

        figures = measure(server, wanted, trees, options.patience, tell_it=told)
    elif options.register:
        with serving(options.data) as url:
            body = {"type": "url", "target": f"{url}/root.yaml"}
            register = functools.partial(server.post, f"{CATALOG}/locations", body)
            figures = measure(server, wanted, trees, options.patience, tell_it=register)
    else:
        figures = measure(server, wanted, trees, options.patience, since=options.since)
    tell({**line, **figures}, options.out)
    return 0


def measure(
    server: Server,
    wanted: Expected,
    trees: dict[str, int],
    patience: float,
    *,
    since: float | None = None,
    tell_it: Callable[[], object] | None = None,
) -> dict[str, object]:
    """Tell the server, where it is not told yet, and wait for the catalog that is wanted → figures.

    Unmeasurable, with what is wrong, when it does not come.
    A full comparison costs the server CPU, so it comes only when counts and the busiest entities are right; the
    CPU until then is what counts, and the moment is the one at which the comparison that found all right began.
    """
    with Usage(trees) as usage:
        began = since or time.time()
        if tell_it:
            tell_it()
        wrong: list[str] = []
        while True:
            if time.time() - began > patience:
                some = ", ".join(wrong[:5]) or "counts"
                raise Unmeasurable(f"not right after {patience:.0f} s: {len(wrong)} entities, {some}")
            if not wanted.counts_right(server) or not wanted.busiest_right(server):
                time.sleep(0.1)
                continue
            seconds, cpu = time.time() - began, usage.cpu_so_far()
            wrong = wanted.wrong(server)
            if not wrong:
                break
            time.sleep(0.1)
    return {
        "seconds": round(seconds, 2),
        "per_second": round(wanted.entities / seconds, 1),
        **usage.figures(),
        **{f"{name}_cpu_s": round(spent, 2) for name, spent in cpu.items()},
    }


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's word
        """Say nothing: standard output belongs to the figures."""


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[str]:
    """Serve a folder on loopback during the block; the address is given."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as web:
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{web.server_address[1]}"
        web.shutdown()
        thread.join()
