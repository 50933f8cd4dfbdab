"""The catalog's hot reads, one scenario after the other: what to ask is found out from the server itself."""

import argparse
import json
import random
import re
import time
from collections.abc import Sequence
from urllib.parse import quote

from benchmarks.load import Load, Request, load, probe
from benchmarks.processes import Usage, parse
from benchmarks.server import CATALOG, Server, Unmeasurable, add_server, by_name, server_of, tell

COMPONENTS = f"{CATALOG}/entities/by-query?filter=kind=component"
NAMED_FIELDS = "fullTextFilterFields=metadata.name,metadata.title,metadata.description"
SEVERAL = (1, 8, 32)
CALLERS = {"full_list": (1, 4)}
"""Callers at once, by scenario; SEVERAL for the others."""


def main(argv: list[str]) -> int:
    """`python -m benchmarks reads --url … --process app=PID --process database=PID --out FILE`."""
    parser = argparse.ArgumentParser(prog="benchmarks reads", description=__doc__)
    add_server(parser)
    add_reads(parser)
    options = parser.parse_args(argv)
    server = server_of(options)
    trees = parse(options)
    for name, requests in chosen(server, options.scenario).items():
        measure(server, name, requests, trees, options)
    return 0


def add_reads(parser: argparse.ArgumentParser) -> None:
    """How long, how often, how many at once."""
    parser.add_argument(
        "--scenario", action="append", default=[], help=f"one of {', '.join(SCENARIOS)}; default: all"
    )
    parser.add_argument("--callers", type=int, action="append", default=[], help="at once; default: 1, 8, 32")
    parser.add_argument("--seconds", type=int, default=10, help="of each measurement")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--quiet", type=float, default=0.0, metavar="CORES")
    parser.add_argument("--out", default="", help="a file that takes the lines too")


def measure(
    server: Server, name: str, requests: Sequence[Request], trees: dict[str, int], options: argparse.Namespace
) -> None:
    """Measure one scenario with each number of callers, after a warm-up that is not counted."""
    seen = probe(server, requests[0])
    for callers in options.callers or CALLERS.get(name, SEVERAL):
        load(server, requests, callers, max(1, options.seconds // 4))
        for _ in range(options.repeats):
            if options.quiet:
                wait_for_quiet(options.quiet)
            with Usage(trees) as usage:
                figures = load(server, requests, callers, options.seconds)
            line = {"label": options.label, "scenario": name, "callers": callers, **shown(figures)}
            tell({**line, **usage.figures(max(1, figures.requests)), "probe": seen}, options.out)


def shown(figures: Load) -> dict[str, object]:
    """The figures of a load, rounded to what they can bear."""
    latencies = {key: round(getattr(figures, key), 2) for key in ("p50_ms", "p95_ms", "p99_ms", "max_ms")}
    counted = {key: getattr(figures, key) for key in ("requests", "errors", "mean_bytes", "by")}
    return {"per_second": round(figures.per_second, 1), **latencies, **counted}


def wait_for_quiet(most: float, patience: float = 120.0) -> None:
    """Wait until the machine keeps fewer cores busy than that, but no longer than the patience."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with Usage({}) as machine:
            time.sleep(2)
        if machine.others < most:
            return


def chosen(server: Server, names: Sequence[str]) -> dict[str, list[Request]]:
    """The requests of the scenarios of these names, all of them for none."""
    if unknown := set(names) - set(SCENARIOS):
        raise Unmeasurable(
            f"there is no scenario {', '.join(sorted(unknown))}: there are {', '.join(SCENARIOS)}"
        )
    catalog = Catalog(server)
    return {name: SCENARIOS[name](catalog) for name in names or SCENARIOS}


class Catalog:
    """What there is to ask a server for; the same choice for the same catalog."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.random = random.Random(1)  # noqa: S311 - not a secret
        names = self._values("metadata.name", "kind=component,metadata.namespace=default")
        if not names:
            raise Unmeasurable(f"the catalog of {server.url} has no components: nothing to ask for")
        self.components = sorted(f"component:default/{name}" for name in names)
        self.owners = self._values("relations.ownedBy", "kind=component")
        self.words = sorted({word for name in names for word in re.findall(r"[a-z]{4,}", name.lower())})

    def some(self, among: Sequence[str], most: int) -> list[str]:
        """So many of them, spread over all, some twice when there are fewer."""
        return self.random.choices(among, k=most) if among else []

    def _values(self, facet: str, filter_: str) -> list[str]:
        found = self.server.get(f"{CATALOG}/entity-facets?facet={facet}&filter={quote(filter_)}")
        return sorted(each["value"] for each in found["facets"].get(facet, []))


def _by_name(catalog: Catalog) -> list[Request]:
    return [Request(by_name(ref)) for ref in catalog.some(catalog.components, 3000)]


def _owned_by(catalog: Catalog) -> list[Request]:
    owned = f"{CATALOG}/entities/by-query?limit=20&filter="
    wanted = catalog.some(catalog.owners, 500)
    return [Request(owned + quote(f"relations.ownedBy={owner}")) for owner in wanted]


def _by_refs(catalog: Catalog) -> list[Request]:
    bodies = ({"entityRefs": catalog.some(catalog.components, 50)} for _ in range(300))
    return [Request(f"{CATALOG}/entities/by-refs", json.dumps(body)) for body in bodies]


def _first_page(catalog: Catalog) -> list[Request]:
    return [Request(f"{COMPONENTS}&limit=20")]


def _next_pages(catalog: Catalog) -> list[Request]:
    """Pages two to 101, by the cursors that the server gave."""
    pages: list[Request] = []
    page = catalog.server.get(f"{COMPONENTS}&limit=20")
    while len(pages) < 100 and (cursor := page["pageInfo"].get("nextCursor")):
        pages.append(Request(f"{CATALOG}/entities/by-query?limit=20&cursor={quote(cursor, safe='')}"))
        page = catalog.server.get(pages[-1].path)
    return pages or _first_page(catalog)


def _sorted_filtered(catalog: Catalog) -> list[Request]:
    wanted = quote("kind=component,spec.lifecycle=production")
    order = quote("metadata.name,asc")
    return [Request(f"{CATALOG}/entities/by-query?filter={wanted}&orderField={order}&limit=20")]


def _full_text(catalog: Catalog) -> list[Request]:
    wanted = catalog.some(catalog.words, 200)
    return [Request(f"{COMPONENTS}&fullTextFilterTerm={word}&{NAMED_FIELDS}&limit=20") for word in wanted]


def _five_hundred(catalog: Catalog) -> list[Request]:
    return [Request(f"{CATALOG}/entities?filter=kind=component&limit=500&fields=metadata.name,kind")]


def _facets(catalog: Catalog) -> list[Request]:
    return [Request(f"{CATALOG}/entity-facets?facet=spec.lifecycle&facet=kind&facet=spec.type")]


def _full_list(catalog: Catalog) -> list[Request]:
    return [Request(f"{CATALOG}/entities?filter=kind=component")]


SCENARIOS = {
    "by_name": _by_name,
    "owned_by": _owned_by,
    "by_refs_50": _by_refs,
    "first_page": _first_page,
    "next_pages": _next_pages,
    "sorted_filtered": _sorted_filtered,
    "full_text": _full_text,
    "list_500_fields": _five_hundred,
    "facets": _facets,
    "full_list": _full_list,
}
