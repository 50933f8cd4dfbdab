"""Who breaks if this goes: everything that transitively leans on an entity, with the shortest way to each.

Breaking spreads from what goes to whoever depends on it, to the APIs that it provides and from an API to its
consumers, and from a system, domain or component to its parts. It does not spread upwards: a system that loses
a part is poorer, not gone, and its other parts stand.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.graph import Card, Fact, Walk, along, cards, walk
from catalog.ownership import inherited_owners

LEANING = ("dependencyOf", "providesApi", "apiConsumedBy", "hasPart")
"""The relations along which breaking spreads, as the side that goes sees them."""


@dataclass(frozen=True, slots=True)
class Affected:
    """An entity that leans on a root: how far away, by which steps, and whose it is."""

    card: Card
    depth: int
    path: Sequence[Fact]
    owner: str | None
    inherited: bool


@dataclass(frozen=True, slots=True)
class Impact:
    """Everything affected, nearest first, and the owners to tell, those with the most first."""

    roots: Sequence[Card]
    affected: Sequence[Affected]
    owners: Sequence[tuple[Card | None, Sequence[Affected]]]
    walk: Walk


def impact(subject: Any, roots: Iterable[str], *, depth: int, most: int) -> Impact:
    """What breaks when the roots go. At most one query for each level, and three for all the rest."""
    walked = walk(subject, roots, along(*LEANING), depth=depth, most=most)
    shown = cards(subject, walked.found)
    ownerless = [card.ref for card in shown.values() if not card.owner and not card.missing]
    inherited = inherited_owners(subject, ownerless)
    affected = [
        Affected(
            shown[one.ref],
            one.depth,
            walked.path(one.ref),
            shown[one.ref].owner or inherited.get(one.ref),
            one.ref in inherited,
        )
        for one in walked.found.values()
        if one.depth
    ]
    affected.sort(key=lambda one: (one.depth, one.card.ref))
    by_owner: dict[str, list[Affected]] = {}
    for one in affected:
        by_owner.setdefault(one.owner or "", []).append(one)
    owners = cards(subject, [ref for ref in by_owner if ref])
    grouped = [(owners.get(ref), ones) for ref, ones in by_owner.items()]
    grouped.sort(key=lambda group: (-len(group[1]), group[0].ref if group[0] else ""))
    return Impact(
        [card for card in shown.values() if walked.found[card.ref].depth == 0], affected, grouped, walked
    )
