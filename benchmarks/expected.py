"""What a correct catalog holds after reading a data folder: how many of each kind, and every relation of each."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.server import CATALOG, Server, Unmeasurable

Relations = frozenset[tuple[str, str]]
"""Type and target of each."""

FIELDS = {
    "owner": ("group", "ownedBy", "ownerOf"),
    "system": ("system", "partOf", "hasPart"),
    "domain": ("domain", "partOf", "hasPart"),
    "subcomponentOf": ("component", "partOf", "hasPart"),
    "providesApis": ("api", "providesApi", "apiProvidedBy"),
    "consumesApis": ("api", "consumesApi", "apiConsumedBy"),
    "dependsOn": ("", "dependsOn", "dependencyOf"),
    "parent": ("group", "childOf", "parentOf"),
    "children": ("group", "parentOf", "childOf"),
    "memberOf": ("group", "memberOf", "hasMember"),
    "members": ("user", "hasMember", "memberOf"),
}
"""Member of the spec → kind that it means when it names none, the relation, and how the other end says it."""

_ENOUGH_TO_COMPARE = "fields=kind,metadata.name,metadata.namespace,relations"


@dataclass(frozen=True)
class Expected:
    """Counts by kind, and the relations of every entity by its reference."""

    counts: dict[str, int]
    relations: dict[str, Relations]

    @property
    def entities(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    def counts_right(self, server: Server) -> bool:
        """Whether the server has exactly as many of each kind."""
        found = server.get(f"{CATALOG}/entity-facets?facet=kind")["facets"].get("kind", [])
        there = {each["value"]: each["count"] for each in found}
        return all(there.get(kind) == count for kind, count in self.counts.items())

    def busiest_right(self, server: Server, most: int = 50) -> bool:
        """Whether the entities with the most relations, which are complete last, are right."""
        refs = sorted(self.relations, key=lambda ref: (-len(self.relations[ref]), ref))[:most]
        body = {"entityRefs": refs, "fields": ["kind", "metadata", "relations"]}
        items = server.post(f"{CATALOG}/entities/by-refs", body)["items"]
        return all(
            item is not None and relations_in(item) == self.relations[ref]
            for ref, item in zip(refs, items, strict=True)
        )

    def wrong(self, server: Server) -> list[str]:
        """The references whose relations are not as they must be, missing entities among them; kind by kind."""
        wrong = set(self.relations)
        for kind in self.counts:
            listed = server.get(f"{CATALOG}/entities?filter=kind={kind.lower()}&{_ENOUGH_TO_COMPARE}")
            for entity in listed:
                ref = reference(entity)
                if relations_in(entity) == self.relations.get(ref):
                    wrong.discard(ref)
                else:
                    wrong.add(ref)
        return sorted(wrong)


def expected(folder: Path) -> Expected:
    """Of a folder with `entities.jsonl`, as `benchmarks data` and others write it."""
    try:
        lines = (folder / "entities.jsonl").read_text().splitlines()
    except OSError as error:
        raise Unmeasurable(
            f"{folder} is no data folder: python -m benchmarks data --into {folder}"
        ) from error
    entities = [json.loads(line) for line in lines]
    relations: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for entity in entities:
        relations[reference(entity)].update(())
        for source, type_, target in facts(entity):
            relations[source].add((type_, target))
    return Expected(
        counts=dict(Counter(entity["kind"] for entity in entities)),
        relations={ref: frozenset(found) for ref, found in relations.items()},
    )


def facts(entity: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What an entity's spec says, as (source, relation, target), from both ends."""
    source = reference(entity)
    for member, (kind, relation, reverse) in FIELDS.items():
        said = entity["spec"].get(member) or []
        for name in [said] if isinstance(said, str) else said:
            target = _whole(name, kind)
            yield source, relation, target
            yield target, reverse, source


def reference(entity: dict[str, Any]) -> str:
    """`component:default/a`."""
    metadata = entity["metadata"]
    return f"{entity['kind']}:{metadata.get('namespace') or 'default'}/{metadata['name']}".lower()


def relations_in(entity: dict[str, Any]) -> Relations:
    """The relations that an answer shows."""
    return frozenset((each["type"], each["targetRef"].lower()) for each in entity.get("relations") or [])


def _whole(name: str, kind: str) -> str:
    if ":" not in name:
        name = f"{kind}:{name}"
    kind, _, rest = name.lower().partition(":")
    return f"{kind}:{rest if '/' in rest else f'default/{rest}'}"
