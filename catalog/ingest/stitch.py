"""Entity + relations from both sides + errors → the final document, its etag and its search keys."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from catalog.models import Entity, Relation
from catalog.problems import Problem
from catalog.search_keys import search_keys

_ORPHAN = "backstage.io/orphan"
_STATUS_TYPE = "backstage.io/catalog-processing"

Both = Mapping[str, set[tuple[str, str]]]
"""For each reference its relations as (type, target), those that others state included."""


def relations_of_all(refs: Iterable[str]) -> Both:
    """What is stated by and about the entities, seen from each of them."""
    seen: dict[str, set[tuple[str, str]]] = {ref: set() for ref in refs}
    names = list(seen)
    columns = ("source_ref", "type", "target_ref", "reverse")
    rows = Relation.objects.order_by()
    for source, forward, target, _ in rows.filter(source_ref__in=names).values_list(*columns):
        seen[source].add((forward, target))
    for source, _, target, reverse in rows.filter(target_ref__in=names).values_list(*columns):
        seen[target].add((reverse, source))
    return seen


def stitch(entity: Entity, relations: set[tuple[str, str]]) -> bool:
    """Set the entity's final document and what is derived from it; False when it says what it said before."""
    document = orjson.loads(entity.processed)
    metadata = {key: value for key, value in document["metadata"].items() if key not in {"uid", "etag"}}
    if entity.orphaned_at is not None:
        metadata["annotations"] = {**metadata.get("annotations", {}), _ORPHAN: "true"}
    in_order = sorted(relations)
    final: dict[str, Any] = {
        **document,
        "metadata": metadata,
        "relations": [{"type": kind, "targetRef": target} for kind, target in in_order],
    }
    if entity.errors:
        final["status"] = {"items": [_status_item(Problem.read(error)) for error in entity.errors]}
    etag = hashlib.sha1(orjson.dumps(final, option=orjson.OPT_SORT_KEYS), usedforsecurity=False).hexdigest()
    if etag == entity.etag:
        return False
    entity.etag = etag
    final["metadata"] = {**metadata, "uid": str(entity.uid), "etag": etag}
    entity.final = orjson.dumps(final).decode()
    _derive(entity, final, in_order)
    return True


def _derive(entity: Entity, final: dict[str, Any], relations: list[tuple[str, str]]) -> None:
    keys = search_keys(final, relations, str(entity.uid))
    entity.search, entity.facets = keys.terms, keys.values
    spec = final.get("spec") or {}
    entity.title = _text(final["metadata"].get("title"))
    entity.spec_type, entity.lifecycle = _text(spec.get("type")), _text(spec.get("lifecycle"))
    entity.owner_ref = next((target for kind, target in relations if kind == "ownedBy"), "")


def _text(value: object) -> str:
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else ""


def _status_item(problem: Problem) -> dict[str, Any]:
    return {"type": _STATUS_TYPE, "level": "error", "message": str(problem), "error": problem.document()}
