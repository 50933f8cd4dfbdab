"""Walks along relations: level by level, bounded, safe in circles, and only over what the subject may see.

A stated relation is one fact with two names: `dependsOn` from one side, `dependencyOf` from the other. A walk
sees it from the side on which it stands; an answer shows it once, in one direction (`Fact`).

Each level is one query. Whatever is stated by or about an entity that the subject may not see is passed over
there, so nothing behind it is reached either. A target that is not in the catalog at all stays: it is a fact
about the entity that names it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import Exists, F, OuterRef, Q

from catalog.models import Entity, Relation
from catalog.querysets import EntityQuerySet

BACKWARD: Mapping[str, str] = {
    "apiConsumedBy": "consumesApi",
    "apiProvidedBy": "providesApi",
    "dependencyOf": "dependsOn",
    "hasMember": "memberOf",
    "hasPart": "partOf",
    "ownerOf": "ownedBy",
    "parentOf": "childOf",
}
"""Relations that are shown by their other name. One of neither column is shown as it was stated."""
ROWS_PER_NODE = 5
"""Facts that one level may read, for each node that the walk may find."""

Direction = Literal["both", "out", "in"]


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """One relation, in the direction in which it is shown."""

    source: str
    type: str
    target: str

    @classmethod
    def of(cls, source: str, name: str, target: str, reverse: str) -> "Fact":
        """The fact that a row of relations states."""
        return cls(target, reverse, source) if name in BACKWARD else cls(source, name, target)


@dataclass(frozen=True, slots=True)
class Way:
    """Which relations a walk goes along, when it stands on the side that states them and on the other."""

    from_source: Q
    from_target: Q


def along(*names: str) -> Way:
    """Along the relations that have one of these names as seen from where the walk stands."""
    return Way(Q(type__in=names), Q(reverse__in=names))


def facing(direction: Direction, names: Iterable[str] = ()) -> Way:
    """Along all relations, or those that have one of the names from either side; `out` from source to target."""
    turned = Q(type__in=BACKWARD)
    way = {"both": Way(Q(), Q()), "out": Way(~turned, turned), "in": Way(turned, ~turned)}[direction]
    if not names:
        return way
    named = Q(type__in=list(names)) | Q(reverse__in=list(names))
    return Way(way.from_source & named, way.from_target & named)


@dataclass(frozen=True, slots=True)
class Found:
    """An entity on a walk: how far away, and the step that led there first, which is on a shortest path."""

    ref: str
    depth: int
    before: str | None = None
    fact: Fact | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """What was found, nearest first, and the facts between them. `full` when more was there than may be found."""

    found: Mapping[str, Found]
    facts: Sequence[Fact]
    full: bool
    ended: bool

    def path(self, ref: str) -> list[Fact]:
        """The steps of a shortest path from a root to one that was found."""
        steps: list[Fact] = []
        here = self.found[ref]
        while here.fact is not None and here.before is not None:
            steps.append(here.fact)
            here = self.found[here.before]
        return steps[::-1]


def walk(
    subject: Any, roots: Iterable[str], way: Way, *, depth: int, most: int, kinds: Iterable[str] = ()
) -> Walk:
    """Go that many levels along a way. `most` bounds the nodes, roots included; `kinds` leaves others out."""
    visible = Entity.objects.visible_to(subject)
    found = {ref: Found(ref, 0) for ref in roots}
    facts: dict[Fact, None] = {}
    edge, full = list(found), False
    for level in range(1, depth + 1):
        if not edge:
            break
        rows = _rows(visible, edge, way, tuple(kinds))[: ROWS_PER_NODE * most + 1]
        full |= len(rows) > ROWS_PER_NODE * most
        edge = []
        for near, far, source, name, target, reverse in rows:
            fact = Fact.of(source, name, target, reverse)
            if far not in found:
                if len(found) >= most:
                    full = True
                    continue
                found[far] = Found(far, level, near, fact)
                edge.append(far)
            facts[fact] = None
    return Walk(found, sorted(facts), full, ended=not edge)


def _rows(visible: EntityQuerySet, edge: list[str], way: Way, kinds: tuple[str, ...]) -> Any:
    """The relations of some entities, seen from them: near, far, and the row itself; in a lasting order."""
    stated = Relation.objects.order_by().filter(Exists(visible.filter(pk=OuterRef("said_by"))))
    far = visible.filter(ref=OuterRef("target_ref"))
    known = Exists(far) | ~Exists(Entity.objects.filter(ref=OuterRef("target_ref")))
    there = stated.filter(way.from_source, known, _of_kinds("target_ref", kinds), source_ref__in=edge)
    back = stated.filter(way.from_target, _of_kinds("source_ref", kinds), target_ref__in=edge)
    row = ("near", "far", "source_ref", "type", "target_ref", "reverse")
    seen = there.annotate(near=F("source_ref"), far=F("target_ref")).values_list(*row)
    faced = back.annotate(near=F("target_ref"), far=F("source_ref")).values_list(*row)
    return seen.union(faced, all=True).order_by("near", "type", "far")


def _of_kinds(column: str, kinds: tuple[str, ...]) -> Q:
    condition = Q()
    for kind in kinds:
        condition |= Q(**{f"{column}__startswith": f"{kind.lower()}:"})
    return condition


@dataclass(frozen=True, slots=True)
class Card:
    """What is shown of an entity in passing. One that is not in the catalog has its reference only."""

    ref: str
    kind: str
    namespace: str
    name: str
    title: str = ""
    type: str = ""
    owner: str = ""
    lifecycle: str = ""
    missing: bool = False

    def document(self) -> dict[str, Any]:
        """The card as JSON data; what is not known is null."""
        shown = {
            "ref": self.ref,
            "kind": self.kind,
            "name": self.name,
            "title": self.title or None,
            "type": self.type or None,
            "owner": self.owner or None,
            "lifecycle": self.lifecycle or None,
        }
        return {**shown, "missing": True} if self.missing else shown


def cards(subject: Any, refs: Iterable[str]) -> dict[str, Card]:
    """A card for each reference, in their order. One query."""
    columns = ("ref", "kind", "namespace", "name", "title", "spec_type", "owner_ref", "lifecycle")
    refs = list(refs)
    rows = Entity.objects.visible_to(subject).filter(ref__in=refs).order_by().values_list(*columns)
    known = {row[0]: Card(*row) for row in rows}
    return {ref: known.get(ref) or _missing(ref) for ref in refs}


def _missing(ref: str) -> Card:
    kind, _, rest = ref.partition(":")
    namespace, _, name = rest.partition("/")
    return Card(ref, kind, namespace, name, missing=True)
