"""Who owns an entity, and why: named by it, inherited, above the owner, or a member of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from catalog.graph import Card, Fact, along, cards, walk
from catalog.ownership import HIGHEST

Why = Literal["declared", "inherited", "above", "member"]
_CLIMBED = 200
"""Systems, domains and their owners that are looked at above one entity."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A person or group that owns an entity, and the relations from the entity to it by which it does."""

    card: Card
    why: Why
    path: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Owners:
    """All owners of an entity: those that are named first, then the groups above them, then people."""

    owners: Sequence[Owner]
    full: bool


def owners_of(subject: Any, entity: Card, *, most: int) -> Owners:
    """Everybody who owns an entity, as far as the subject may see them; `most` bounds groups and people each.

    It tells what `owned_by` of each of them finds. One query for each level of systems, groups and subgroups.
    """
    named = _named(subject, entity)
    up = walk(subject, named, along("childOf"), depth=HIGHEST, most=most)
    down = walk(subject, named, along("parentOf", "hasMember"), depth=HIGHEST, most=most)
    found: dict[str, tuple[Why, list[Fact]]] = {
        ref: ("declared" if len(path) == 1 else "inherited", path) for ref, path in named.items()
    }
    for ref, one in up.found.items():
        if one.depth:
            found.setdefault(ref, ("above", [*named[up.root(ref)], *up.path(ref)]))
    for ref in sorted(down.found, key=lambda ref: (down.found[ref].depth, ref)):
        if ref.startswith("user:"):
            found.setdefault(ref, ("member", [*named[down.root(ref)], *down.path(ref)]))
    shown = cards(subject, found)
    owners = [Owner(shown[ref], why, path) for ref, (why, path) in found.items()]
    return Owners(owners, up.full or down.full)


def _named(subject: Any, entity: Card) -> dict[str, list[Fact]]:
    """The owners that the entity names, with the way to each; else those of the nearest that it is part of."""
    climbed = walk(subject, [entity.ref], along("ownedBy", "partOf"), depth=HIGHEST, most=_CLIMBED)
    shown = cards(subject, climbed.found)
    steps: dict[str, list[Fact]] = {ref: [] for ref in climbed.found}
    for fact in climbed.facts:
        steps[fact.source].append(fact)
    owners: dict[str, list[Fact]] = {}
    ways: dict[str, list[Fact]] = {entity.ref: []}
    level = [entity.ref]
    while level:
        above = []
        for here in level:
            names_one = bool(shown[here].owner)  # perhaps one that may not be seen: then nothing is inherited
            for fact in steps[here]:
                if fact.type == "ownedBy":
                    owners.setdefault(fact.target, [*ways[here], fact])
                elif not names_one and fact.target not in ways:
                    ways[fact.target] = [*ways[here], fact]
                    above.append(fact.target)
        level = above
    return owners
