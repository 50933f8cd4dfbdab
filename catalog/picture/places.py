"""Columns → coordinates: each spot as near to the middle of its neighbours as its column lets it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from catalog.picture.columns import Bend, Columns, Edge, Spot

CARD_WIDTH, CARD_HEIGHT = 244.0, 46.0
_ROW_GAP, _LINE_GAP = 16.0, 10.0
_COLUMN_GAP, _WIDEST_GAP = 76.0, 190.0
_SWEEPS = 6

Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Where everything stands, in pixels: the corner of each card, the points of each edge, the whole size."""

    cards: Mapping[str, Point]
    lines: Mapping[Edge, Sequence[Point]]
    width: float
    height: float


def place(found: Columns) -> Layout:
    """Coordinates for what `arrange` found; edges get their points from source to target."""
    middles = _middles(found)
    lefts, width = _lefts(found)
    heights = {spot: _height(spot) for column in found.columns for spot in column}
    top = min((middles[spot] - heights[spot] / 2 for spot in middles), default=0.0)
    bottom = max((middles[spot] + heights[spot] / 2 for spot in middles), default=0.0)
    middles = {spot: middle - top for spot, middle in middles.items()}
    column_of = {spot: at for at, column in enumerate(found.columns) for spot in column}
    cards = {
        spot: (lefts[column_of[spot]], middles[spot] - CARD_HEIGHT / 2)
        for spot in middles
        if isinstance(spot, str)
    }
    ports = _ports(found, middles)
    lines = {}
    for edge, route in found.routes.items():
        points = [(lefts[column_of[route[0]]] + CARD_WIDTH, ports[route[0], route[1], edge[1], True])]
        for bend in route[1:-1]:
            left = lefts[column_of[bend]]
            points += [(left, middles[bend]), (left + CARD_WIDTH, middles[bend])]
        points.append((lefts[column_of[route[-1]]], ports[route[-1], route[-2], edge[1], False]))
        lines[edge] = points[::-1] if edge in found.turned else points
    return Layout(cards, lines, width, bottom - top)


def _middles(found: Columns) -> dict[Spot, float]:
    """The height of each spot: first stacked, then drawn to its neighbours, from both sides in turn."""
    beside: dict[Spot, list[Spot]] = defaultdict(list)
    for route in found.routes.values():
        for one, other in pairwise(route):
            beside[one].append(other)
            beside[other].append(one)
    middles: dict[Spot, float] = {}
    for column in found.columns:
        offsets = _offsets(column)
        middles.update({spot: offset - offsets[-1] / 2 for spot, offset in zip(column, offsets, strict=True)})
    for sweep in range(_SWEEPS):
        for column in found.columns if sweep % 2 == 0 else found.columns[::-1]:
            wanted = [
                sum(middles[one] for one in beside[spot]) / len(beside[spot])
                if beside[spot]
                else middles[spot]
                for spot in column
            ]
            middles.update(zip(column, _settled(wanted, _offsets(column)), strict=True))
    return middles


def _offsets(column: Sequence[Spot]) -> list[float]:
    """How far below the first each spot of a column must be at least."""
    offsets = [0.0]
    for above, below in pairwise(column):
        gap = _ROW_GAP if isinstance(above, str) and isinstance(below, str) else _LINE_GAP
        offsets.append(offsets[-1] + (_height(above) + _height(below)) / 2 + gap)
    return offsets


def _settled(wanted: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """The places nearest to the wanted ones (least squares) that keep the distances: pool adjacent violators."""
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        mean, count = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, size = pools.pop()
            mean, count = (other * size + mean * count) / (size + count), size + count
        pools.append((mean, count))
    bases = [mean for mean, count in pools for _ in range(count)]
    return [base + offset for base, offset in zip(bases, offsets, strict=True)]


def _lefts(found: Columns) -> tuple[list[float], float]:
    """The left side of each column; where many lines pass, the gap is wider."""
    between: dict[int, set[tuple[Spot, Spot]]] = defaultdict(set)
    at = {spot: number for number, column in enumerate(found.columns) for spot in column}
    for route in found.routes.values():
        for one, other in pairwise(route):
            between[at[one]].add((one, other))
    lefts, x = [], 0.0
    for number in range(len(found.columns)):
        lefts.append(x)
        x += CARD_WIDTH + min(_WIDEST_GAP, _COLUMN_GAP + 2.5 * len(between[number]))
    return lefts, (lefts[-1] + CARD_WIDTH if lefts else 0.0)


def _ports(found: Columns, middles: Mapping[Spot, float]) -> dict[tuple[Spot, Spot, str, bool], float]:
    """Where on its side of a card each line ends: spread over the card in the order of the other ends."""
    sides: dict[tuple[Spot, bool], set[tuple[float, str, Spot]]] = defaultdict(set)
    for edge, route in found.routes.items():
        sides[route[0], True].add((middles[route[1]], edge[1], route[1]))
        sides[route[-1], False].add((middles[route[-2]], edge[1], route[-2]))
    ports = {}
    for (spot, right), ends in sides.items():
        step = min(8.0, CARD_HEIGHT * 0.6 / len(ends))
        first = middles[spot] - step * (len(ends) - 1) / 2
        for number, (_, relation, other) in enumerate(
            sorted(ends, key=lambda end: (end[0], end[1], str(end[2])))
        ):
            ports[spot, other, relation, right] = first + step * number
    return ports


def _height(spot: Spot) -> float:
    return 2.0 if isinstance(spot, Bend) else CARD_HEIGHT
