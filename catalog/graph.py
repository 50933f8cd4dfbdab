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

from catalog.conditions import TRUE, Sql, both, condition
from catalog.visibility import visible_to
from core.sql import Rows, rows

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
    """Which rows of relations a walk goes along, standing on the side that states them and on the other."""

    from_source: Sql
    from_target: Sql


def along(*names: str) -> Way:
    """Along the relations that have one of these names as seen from where the walk stands."""
    return Way(Sql("type = ANY(%s)", (list(names),)), Sql("reverse = ANY(%s)", (list(names),)))


def facing(direction: Direction, names: Iterable[str] = ()) -> Way:
    """Along all relations, or those that have one of the names from either side; `out` from source to target."""
    turned, straight = Sql("type = ANY(%s)", (list(BACKWARD),)), Sql("type <> ALL(%s)", (list(BACKWARD),))
    source, target = {"both": (TRUE, TRUE), "out": (straight, turned), "in": (turned, straight)}[direction]
    listed = list(names)
    named = Sql("(type = ANY(%s) OR reverse = ANY(%s))", (listed, listed)) if listed else TRUE
    return Way(both([source, named]), both([target, named]))


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

    def root(self, ref: str) -> str:
        """The root from which that path begins."""
        before = self.found[ref].before
        return ref if before is None else self.root(before)


def walk(
    subject: Any, roots: Iterable[str], way: Way, *, depth: int, most: int, kinds: Iterable[str] = ()
) -> Walk:
    """Go that many levels along a way. `most` bounds the nodes, roots included; `kinds` leaves others out."""
    visible = condition(visible_to(subject))
    found = {ref: Found(ref, 0) for ref in roots}
    facts: dict[Fact, None] = {}
    edge, full, most_rows = list(found), False, ROWS_PER_NODE * most
    for level in range(1, depth + 1):
        if not edge:
            break
        stated = _stated(visible, edge, way, list(kinds), most_rows + 1)
        full |= len(stated) > most_rows
        edge = []
        for near, far, source, name, target, reverse in stated:
            fact, mirrored = Fact.of(source, name, target, reverse), Fact.of(target, reverse, source, name)
            if far not in found:
                if len(found) >= most:
                    full = True
                    continue
                found[far] = Found(far, level, near, fact)
                edge.append(far)
            if mirrored not in facts:  # when both sides state it under names of their own
                facts[fact] = None
    return Walk(found, sorted(facts), full, ended=not edge)


def _stated(visible: Sql, edge: list[str], way: Way, kinds: list[str], most: int) -> Rows:
    """The relations of some entities, seen from them: near, far, and the row itself; in a lasting order."""
    halves, params = [], list[Any]()
    for near, far, side in (
        ("source_ref", "target_ref", way.from_source),
        ("target_ref", "source_ref", way.from_target),
    ):
        kind = (
            Sql(f"split_part({far}, ':', 1) = ANY(%s)", ([one.lower() for one in kinds],)) if kinds else TRUE
        )
        here = both([Sql(f"{near} = ANY(%s)", (edge,)), side, kind, _may_be_told(visible)])
        halves.append(
            f"SELECT {near} AS near, {far} AS far, source_ref, type, target_ref, reverse"
            f" FROM catalog_relation WHERE {here.text}"
        )
        params += here.params
    return rows(f"{' UNION ALL '.join(halves)} ORDER BY near, type, far LIMIT {most}", params)


def _may_be_told(visible: Sql) -> Sql:
    """Who states a relation may be seen, and what it is stated about may be, or is not there at all."""
    if visible == TRUE:
        return TRUE
    among = "SELECT 1 FROM catalog_entity WHERE catalog_entity.ref = catalog_relation"
    source, target = f"{among}.source_ref AND {visible.text}", f"{among}.target_ref AND {visible.text}"
    unknown = f"NOT EXISTS ({among}.target_ref)"
    return Sql(f"EXISTS ({source}) AND (EXISTS ({target}) OR {unknown})", (*visible.params, *visible.params))


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
    orphaned: bool = False
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
        marks = {"missing": self.missing, "orphaned": self.orphaned}
        return {**shown, **{name: True for name, holds in marks.items() if holds}}


def cards(subject: Any, refs: Iterable[str]) -> dict[str, Card]:
    """A card for each reference, in their order. One query."""
    refs, visible = list(refs), condition(visible_to(subject))
    text = (
        "SELECT ref, kind, namespace, name, title, spec_type, owner_ref, lifecycle, orphaned_at IS NOT NULL"
        f" FROM catalog_entity WHERE ref = ANY(%s) AND {visible.text}"
    )
    known = {row[0]: Card(*row) for row in rows(text, (refs, *visible.params))}
    return {ref: known.get(ref) or _missing(ref) for ref in refs}


def _missing(ref: str) -> Card:
    kind, _, rest = ref.partition(":")
    namespace, _, name = rest.partition("/")
    return Card(ref, kind, namespace, name, missing=True)
