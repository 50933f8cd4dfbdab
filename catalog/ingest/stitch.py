"""Entity + relations from both sides + errors → the final document, its etag and its search keys: pure."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.conditions import COLUMNS, NULLABLE, WORDED, has_own_place
from catalog.problems import Problem
from catalog.search_keys import search_keys

ORPHAN = "backstage.io/orphan"
_STATUS_TYPE = "backstage.io/catalog-processing"


@dataclass(frozen=True, slots=True)
class Stitched:
    """What is stored of an entity's looks: the document, and everything that is derived from it."""

    etag: str
    final: str
    terms: list[int]
    values: dict[str, list[str | None]]
    columns: dict[str, str | None]
    wording: str
    owner_ref: str


def stitch(
    processed: Mapping[str, Any],
    relations: Collection[tuple[str, str]],
    errors: Sequence[Mapping[str, Any]],
    *,
    uid: str,
    orphan: bool = False,
) -> Stitched:
    """The entity as the API sends it."""
    final, in_order = _composed(processed, relations, errors, orphan=orphan)
    return _derived(final, in_order, _etag(final), uid)


def restitch(
    final: str,
    etag: str,
    relations: Collection[tuple[str, str]],
    errors: Sequence[Mapping[str, Any]],
    *,
    uid: str,
    was_orphan: bool,
    orphan: bool,
) -> Stitched | None:
    """What becomes of a final document; None when it says all that already."""
    composed, in_order = _composed(as_read(final, orphan=was_orphan), relations, errors, orphan=orphan)
    now = _etag(composed)
    return None if now == etag else _derived(composed, in_order, now, uid)


def _composed(
    processed: Mapping[str, Any],
    relations: Collection[tuple[str, str]],
    errors: Sequence[Mapping[str, Any]],
    *,
    orphan: bool,
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    metadata = {key: value for key, value in processed["metadata"].items() if key not in {"uid", "etag"}}
    if orphan:
        metadata["annotations"] = {**metadata.get("annotations", {}), ORPHAN: "true"}
    in_order = sorted(relations)
    final: dict[str, Any] = {
        **processed,
        "metadata": metadata,
        "relations": [{"type": kind, "targetRef": target} for kind, target in in_order],
    }
    if errors:
        final["status"] = {"items": [_status_item(error) for error in errors]}
    return final, in_order


def _etag(final: Mapping[str, Any]) -> str:
    return hashlib.sha1(orjson.dumps(final, option=orjson.OPT_SORT_KEYS), usedforsecurity=False).hexdigest()


def _derived(final: dict[str, Any], relations: list[tuple[str, str]], etag: str, uid: str) -> Stitched:
    keys = search_keys(final, relations, uid)
    final["metadata"]["uid"], final["metadata"]["etag"] = uid, etag
    return Stitched(
        etag=etag,
        final=orjson.dumps(final).decode(),
        terms=keys.terms,
        values={key: held for key, held in keys.values.items() if not has_own_place(key)},
        columns={
            column: _first(keys.values, key, None if column in NULLABLE else "")
            for key, column in COLUMNS.items()
        },
        wording="\n".join(word.lower() for key in WORDED for word in keys.values.get(key, ()) if word),
        owner_ref=next((target for kind, target in relations if kind == "ownedBy"), ""),
    )


def _first(values: Mapping[str, Sequence[str | None]], key: str, missing: str | None) -> str | None:
    first = values.get(key, (None,))[0]
    return missing if first is None else first


def as_read(final: str, *, orphan: bool) -> dict[str, Any]:
    """The reverse: the entity as it was read, from its final document."""
    document: dict[str, Any] = orjson.loads(final)
    document.pop("relations", None)
    document.pop("status", None)
    for name in ("uid", "etag"):
        document["metadata"].pop(name, None)
    if orphan:
        document["metadata"].get("annotations", {}).pop(ORPHAN, None)
    return document


def _status_item(error: Mapping[str, Any]) -> dict[str, Any]:
    problem = Problem.read(error)  # PostgreSQL keeps the members of an error in an order of its own
    return {"type": _STATUS_TYPE, "level": "error", "message": str(problem), "error": problem.document()}
