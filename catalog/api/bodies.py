"""What request bodies must look like, refused in the words of the contract's validator."""

from collections.abc import Mapping
from typing import Any

from catalog.filters import MOST_FIELDS
from catalog.schemas import Schema
from core.api.params import MOST_VALUES
from core.errors import InputError

_TEXT = {"type": "string"}
MOST_REFS = 10_000
"""References in one call of by-refs; Backstage's client sends 1,000 at the most."""


def _texts(most: int) -> dict[str, Any]:
    return {"type": "array", "items": _TEXT, "maxItems": most}


_WHOLE = {"type": "integer", "maximum": 2**53}
_ORDER = {
    "type": "object",
    "required": ["field", "order"],
    "properties": {"field": _TEXT, "order": {"type": "string", "enum": ["asc", "desc"]}},
}


def _body(required: tuple[str, ...] = (), **properties: Mapping[str, Any]) -> Schema:
    return Schema({"type": "object", "required": list(required), "properties": properties})


ENTITY_REFS = _body(
    ("entityRefs",), entityRefs=_texts(MOST_REFS), fields=_texts(MOST_FIELDS), query={"type": "object"}
)
FACETS = _body(("facets",), facets=_texts(MOST_VALUES), query={"type": "object"})
REFRESH = _body(("entityRef",), entityRef=_TEXT)
VALIDATE = _body(("entity", "location"), entity={"type": "object"}, location=_TEXT)
LOCATION = _body(
    ("type", "target"),
    type=_TEXT,
    target=_TEXT,
    presence={"type": "string", "enum": ["required", "optional"]},
)
LOCATIONS_QUERY = _body(cursor=_TEXT, limit=_WHOLE, query={"type": "object"})
ANALYZE = _body(("location",), location=LOCATION.schema, catalogFilename=_TEXT, catalogFileName=_TEXT)
QUERY = _body(
    cursor=_TEXT,
    limit=_WHOLE,
    offset=_WHOLE,
    fields=_texts(MOST_FIELDS),
    orderBy={"type": "array", "items": _ORDER},
    fullTextFilter={"type": "object", "properties": {"term": _TEXT, "fields": _texts(MOST_FIELDS)}},
    totalItems={"type": "string", "enum": ["include", "exclude"]},
    query={"type": "object"},
)


def checked(body: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """The body, when it fits; InputError with the first fault otherwise."""
    for fault in schema.faults(body)[:1]:
        raise InputError(f"request/body{fault}" if fault.path else f"request/body {fault.text}")
    return {name: _whole(value) for name, value in body.items()}


def _whole(value: Any) -> Any:
    """2.0 as 2: to JSON, and so to the schema, both are the same integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
