"""Nodes and edges → columns from left to right, each in an order with few crossings (after Sugiyama, 1981).

acyclic   edges that would close a circle count as if they pointed the other way
columns   each node right of what points to it, in a column of bounded height (after Coffman and Graham)
bends     an edge over several columns gets a point in each; edges of one kind to one hub share theirs
order     each column sorted by the mean place of its neighbours, to and fro, while crossings get fewer
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SWEEPS = 8
_LOWEST_COLUMN = 9
"""Nodes that a column may hold in any case; larger pictures may have higher columns."""

Edge = tuple[str, str, str]
"""Source, relation, target."""
Spot = Hashable
"""A node's name, or a Bend."""


@dataclass(frozen=True, slots=True)
class Bend:
    """Where edges of one kind to or from one node pass through a column."""

    hub: str
    relation: str
    outgoing: bool
    column: int


@dataclass
class Columns:
    """The columns, each from top to bottom, and the spots that each edge passes, from left to right."""

    columns: list[list[Spot]]
    routes: dict[Edge, list[Spot]]
    turned: set[Edge] = field(default_factory=set)
    """Edges whose route runs from target to source."""


def arrange(nodes: Sequence[str], edges: Iterable[Edge]) -> Columns:
    """Columns for these nodes. Edges to themselves have no route. The same input gives the same picture."""
    drawn = [edge for edge in dict.fromkeys(edges) if edge[0] != edge[2]]
    turned = _closing(nodes, drawn)
    rightward = {edge: (edge[2], edge[0]) if edge in turned else (edge[0], edge[2]) for edge in drawn}
    column = _columns(nodes, set(rightward.values()))
    found = Columns([[] for _ in range(max(column.values(), default=-1) + 1)], {}, turned)
    for node in nodes:
        found.columns[column[node]].append(node)
    degree: dict[str, int] = defaultdict(int)
    for edge in drawn:
        degree[edge[0]] += 1
        degree[edge[2]] += 1
    placed: set[Spot] = set()
    for edge, (left, right) in rightward.items():
        outgoing = degree[left] > degree[right]
        hub = left if outgoing else right
        bends = [Bend(hub, edge[1], outgoing, at) for at in range(column[left] + 1, column[right])]
        found.routes[edge] = [left, *bends, right]
        for bend in bends:
            if bend not in placed:
                placed.add(bend)
                found.columns[bend.column].append(bend)
    _order(found)
    return found


def _closing(nodes: Sequence[str], edges: Sequence[Edge]) -> set[Edge]:
    """The edges that close a circle, walking from those nodes that nothing points to."""
    leaving: dict[str, list[Edge]] = defaultdict(list)
    pointed = {target for _, _, target in edges}
    for edge in edges:
        leaving[edge[0]].append(edge)
    closing: set[Edge] = set()
    done: set[str] = set()
    for start in sorted(nodes, key=lambda node: node in pointed):
        if start in done:
            continue
        open_now, stack = {start}, [(start, iter(leaving[start]))]
        while stack:
            node, rest = stack[-1]
            for step in rest:
                if step[2] in open_now:
                    closing.add(step)
                elif step[2] not in done:
                    open_now.add(step[2])
                    stack.append((step[2], iter(leaving[step[2]])))
                    break
            else:
                stack.pop()
                open_now.discard(node)
                done.add(node)
    return closing


def _columns(nodes: Sequence[str], pairs: set[tuple[str, str]]) -> dict[str, int]:
    """The column of each node: right of all that point to it, and none too high."""
    highest = max(_LOWEST_COLUMN, round((2.2 * len(nodes)) ** 0.5))
    after: dict[str, list[str]] = defaultdict(list)
    before: dict[str, list[str]] = defaultdict(list)
    for left, right in sorted(pairs):
        after[left].append(right)
        before[right].append(left)
    waiting = {node: len(before[node]) for node in nodes}
    ready = [node for node in nodes if not waiting[node]]
    column: dict[str, int] = {}
    filled: dict[int, int] = defaultdict(int)
    for node in ready:  # grows while it is walked
        at = max((column[left] + 1 for left in before[node]), default=0)
        while filled[at] >= highest:
            at += 1
        column[node] = at
        filled[at] += 1
        for right in after[node]:
            waiting[right] -= 1
            if not waiting[right]:
                ready.append(right)
    for node in reversed(ready):  # towards what they point to, which shortens edges
        if after[node] and len(after[node]) >= len(before[node]):
            at = min(column[right] for right in after[node]) - 1
            while at > column[node] and filled[at] >= highest:
                at -= 1
            if at > column[node]:
                filled[column[node]] -= 1
                filled[at] += 1
                column[node] = at
    used = {at: place for place, at in enumerate(sorted(set(column.values())))}
    return {node: used[column[node]] for node in nodes}


def _order(found: Columns) -> None:
    """Sort each column by where its neighbours stand; the order with the fewest crossings stays."""
    left: dict[Spot, list[Spot]] = defaultdict(list)
    right: dict[Spot, list[Spot]] = defaultdict(list)
    for route in found.routes.values():
        for one, other in pairwise(route):
            if other not in right[one]:
                right[one].append(other)
                left[other].append(one)
    best, fewest = [list(column) for column in found.columns], _crossings(found.columns, right)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        forward = sweep % 2 == 0
        columns = found.columns if forward else found.columns[::-1]
        for fixed, moving in pairwise(columns):
            _sort(moving, left if forward else right, {spot: at for at, spot in enumerate(fixed)})
        crossings = _crossings(found.columns, right)
        if crossings < fewest:
            best, fewest = [list(column) for column in found.columns], crossings
    found.columns = best


def _sort(column: list[Spot], beside: Mapping[Spot, list[Spot]], place: Mapping[Spot, int]) -> None:
    """Sort by the mean place of the neighbours; what has none keeps its place."""
    mean = {}
    for at, spot in enumerate(column):
        places = [place[one] for one in beside[spot] if one in place]
        mean[spot] = sum(places) / len(places) if places else float(at)
    column.sort(key=lambda spot: mean[spot])


def _crossings(columns: Sequence[Sequence[Spot]], right: Mapping[Spot, list[Spot]]) -> int:
    """How many pairs of lines cross between neighbouring columns."""
    total = 0
    for one, other in pairwise(columns):
        place = {spot: at for at, spot in enumerate(other)}
        ends: list[int] = []
        for spot in one:
            here = sorted(place[end] for end in right[spot])
            total += sum(len(ends) - bisect_right(ends, end) for end in here)
            for end in here:
                insort(ends, end)
    return total
