"""The records of an export: a header, locations, relations, entities, their history, an end that counts them.

    {"catalog": {"version": 1, "at": "2026-11-23T12:00:00Z", "history": false}}
    {"location": {"id": "…", "type": "url", "target": "https://…", …}}
    {"relations": {"source": "component:default/web", "stated": [["ownedBy", "group:default/a", "ownerOf"]]}}
    {"entity": {"uid": "…", "document": {"apiVersion": …}, "location": "…", "file": "url:https://…", …}}
    {"horizon": {"at": "…"}}
    {"revision": {"ref": "component:default/web", "number": 1, …}}
    {"end": {"locations": 1, "relations": 1, "entities": 1, "revisions": 0}}

Relations come before entities, so that each entity can be made whole when it comes.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from catalog.history import Verb
from catalog.schemas import Schema
from core.errors import InputError

VERSION = 1
ORDER = ("catalog", "location", "relations", "entity", "horizon", "revision", "end")
COUNTED = {"location": "locations", "relations": "relations", "entity": "entities", "revision": "revisions"}

_TEXT = {"type": "string", "minLength": 1}
_MAYBE_TEXT = {"type": "string"}
_UUID = {
    "type": "string",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
}
_WHEN = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})$"}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_REF = {"type": "string", "pattern": "^[^:A-Z]+:[^/A-Z]+/[^A-Z]+$", "maxLength": 1_000}
_SUM = {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
_ERROR = {
    "type": "object",
    "required": ["name", "message"],
    "properties": {"name": _MAYBE_TEXT, "message": _MAYBE_TEXT},
}


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"type": "null"}, schema]}


LATER = frozenset({"annotations"})
"""Members that records did not always have: without them they are empty."""


def _record(**members: Mapping[str, Any]) -> Schema:
    return Schema(
        {
            "type": "object",
            "required": [name for name in members if name not in LATER],
            "additionalProperties": False,
            "properties": members,
        }
    )


SCHEMAS: Mapping[str, Schema] = {
    "catalog": Schema(
        {"type": "object", "required": ["version"], "properties": {"version": {"type": "integer"}}}
    ),
    "location": _record(
        id=_UUID,
        type={**_TEXT, "maxLength": 20},
        target=_TEXT,
        entityRef=_REF,
        origin={"type": "string", "enum": ["api", "config"]},
        files={"type": "object"},
        errors={"type": "array", "items": _ERROR},
        contested={"type": "array", "items": _TEXT},
        annotations={"type": "object", "additionalProperties": _MAYBE_TEXT, "maxProperties": 20},
        createdAt=_WHEN,
        refreshedAt=_or_null(_WHEN),
        nextRefreshAt=_WHEN,
        failures=_COUNT,
    ),
    "relations": _record(
        source=_REF,
        stated={
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "array",
                "items": [{**_TEXT, "maxLength": 63}, _REF, {**_TEXT, "maxLength": 63}],
                "minItems": 3,
                "maxItems": 3,
            },
        },
    ),
    "entity": _record(
        uid=_UUID,
        etag=_TEXT,
        document={"type": "object"},
        location=_or_null(_UUID),
        file=_TEXT,
        parent=_MAYBE_TEXT,
        errors={"type": "array", "items": _ERROR},
        orphanedAt=_or_null(_WHEN),
        changedAt=_WHEN,
        contentHash=_SUM,
        sourceHash=_or_null(_SUM),
    ),
    "horizon": _record(at=_WHEN),
    "revision": _record(
        ref=_REF,
        number={**_COUNT, "minimum": 1},
        uid=_UUID,
        at=_WHEN,
        verb={"type": "string", "enum": list(Verb.labels)},
        cause=_TEXT,
        stepBack=_or_null(_MAYBE_TEXT),
    ),
    "end": _record(**dict.fromkeys(COUNTED.values(), _COUNT)),
}


def opened(record: Any) -> tuple[str, dict[str, Any]]:
    """A record's name and what it says, checked against its schema. InputError names the field and the fault."""
    if not isinstance(record, dict) or len(record) != 1 or next(iter(record)) not in SCHEMAS:
        known = ", ".join(SCHEMAS)
        raise InputError(f"expected an object with one member, which is one of {known}")
    ((name, said),) = record.items()
    if name == "catalog":
        _check_version(said)
    for fault in SCHEMAS[name].faults(said)[:1]:
        raise InputError(f"{name}{fault.path} {fault.text}")
    if _has_nul(said):
        raise InputError(f"{name} holds a NUL character, which no value may have")
    return name, said


def moment(field: str, text: str) -> datetime:
    """A moment that has the form of one; InputError when there is no such day or hour."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{field} is {text!r}: {error}") from error


def step_back(text: str | None) -> bytes | None:
    """The bytes of a revision's step back, which travel as base64."""
    try:
        return None if text is None else base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise InputError(f"revision/stepBack is no base64: {error}") from error


def _check_version(said: Any) -> None:
    version = said.get("version") if isinstance(said, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise InputError(
            f"catalog/version is {version}, and this Greenroom reads up to {VERSION}: import it with the "
            "Greenroom that wrote it or a later one"
        )


def _has_nul(value: Any) -> bool:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if "\x00" in one:
                return True
        elif isinstance(one, dict):
            waiting += one.keys()
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return False
