"""JSON Schemas of what the catalog's routes answer, for their description."""

from collections.abc import Mapping
from typing import Any

from core.api.openapi import TEXT, TEXT_OR_NULL, WHOLE, Schema, list_of, object_of

OBJECT: Schema = {"type": "object"}
BOOLEAN: Schema = {"type": "boolean"}


def open_object(title: str = "", /, required: tuple[str, ...] = (), **members: Schema) -> dict[str, Any]:
    """The schema of an object that has these members and may have others."""
    shape = {"type": "object", "required": list(required), "properties": members}
    return {"title": title, **shape} if title else shape


def optional(shape: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The same object, some members of which may be absent."""
    return {**shape, "required": [name for name in shape["required"] if name not in names]}


_LINK = open_object("Link", ("url",), url=TEXT, title=TEXT, icon=TEXT, type=TEXT)
_TEXTS_BY_KEY: Schema = {"type": "object", "additionalProperties": TEXT}
_METADATA = {
    "name": TEXT,
    "namespace": TEXT,
    "uid": {**TEXT, "description": "Made by the server; one for each life of an entity."},
    "etag": {**TEXT, "description": "Changes with anything that is shown."},
    "title": TEXT,
    "description": TEXT,
    "labels": _TEXTS_BY_KEY,
    "annotations": _TEXTS_BY_KEY,
    "tags": list_of(TEXT),
    "links": list_of(_LINK),
}
_RELATION = object_of("Relation", type=TEXT, targetRef={**TEXT, "description": "Canonical, so lower-case."})
_PROBLEM = open_object(
    "Problem", ("name", "message"), name=TEXT, message=TEXT, cause={"type": "object", "required": ["name"]}
)
PROBLEM = _PROBLEM
_STATUS = open_object(
    items=list_of(open_object("StatusItem", type=TEXT, level=TEXT, message=TEXT, error=_PROBLEM))
)
_MEMBERS: dict[str, Schema] = {
    "apiVersion": TEXT,
    "kind": TEXT,
    "spec": {**OBJECT, "description": "What it holds depends on the kind."},
    "relations": list_of(_RELATION),
    "status": {**_STATUS, "description": "There when the entity cannot be taken as it is now."},
}
ENTITY = open_object(
    "Entity",
    ("apiVersion", "kind", "metadata", "relations"),
    **_MEMBERS,
    metadata=open_object("", ("name", "namespace", "uid", "etag"), **_METADATA),
)
ENTITY_PART = {
    **open_object("EntityPart", (), **_MEMBERS, metadata=open_object("", (), **_METADATA)),
    "description": "A whole entity, or of it what `fields` names: perhaps nothing.",
}
UNSTORED = {
    **open_object(
        "UnstoredEntity",
        ("apiVersion", "kind", "metadata"),
        **_MEMBERS,
        metadata=open_object("", ("name",), **_METADATA),
    ),
    "description": "An entity as read from a file: without uid, etag and relations.",
}
ENTITY_PAGE = object_of(
    "EntityPage",
    items=list_of(ENTITY_PART),
    totalItems={**WHOLE, "description": "How many match on all pages; 0 with `totalItems=exclude`."},
    pageInfo=optional(object_of(nextCursor=TEXT, prevCursor=TEXT), "nextCursor", "prevCursor"),
)
ENTITIES_BY_REF = object_of(
    "EntitiesByRef",
    items={"type": "array", "items": {"anyOf": [ENTITY_PART, {"type": "null"}]}},
)
ANCESTRY = object_of(
    "Ancestry",
    rootEntityRef=TEXT,
    items=list_of(object_of("Ancestor", entity=ENTITY, parentEntityRefs=list_of(TEXT))),
)
FACETS = object_of(
    "Facets",
    facets={
        "type": "object",
        "additionalProperties": list_of(
            object_of("Facet", value=TEXT, count={"type": "integer", "minimum": 1})
        ),
    },
)
LOCATION = object_of("Location", id={**TEXT, "format": "uuid"}, type=TEXT, target=TEXT, entityRef=TEXT)
TRIED_LOCATION = object_of("TriedLocation", id=TEXT, type=TEXT, target=TEXT, entityRef=TEXT)
LOCATIONS = list_of(object_of("LocationData", data=LOCATION))
ADDED = optional(
    object_of(
        "AddedLocation",
        location={"anyOf": [LOCATION, TRIED_LOCATION]},
        entities=list_of(UNSTORED),
        exists={**BOOLEAN, "description": "With `dryRun` only: whether it is registered."},
    ),
    "exists",
)
LOCATION_PAGE = object_of(
    "LocationPage",
    items=list_of(LOCATION),
    totalItems=WHOLE,
    pageInfo=optional(object_of(nextCursor=TEXT), "nextCursor"),
)
PROBLEMS = object_of("Problems", errors=list_of(_PROBLEM))
ANALYSIS = object_of(
    "Analysis",
    existingEntityFiles=list_of(
        object_of(
            "ExistingFile",
            location=object_of(type=TEXT, target=TEXT),
            isRegistered=BOOLEAN,
            entity=UNSTORED,
        )
    ),
    generateEntities=list_of(
        object_of("SuggestedEntity", entity=UNSTORED, fields={"type": "array", "maxItems": 0})
    ),
)
_DOCUMENT_OR_NULL: Schema = {"type": ["object", "null"]}
UNPROCESSED = object_of(
    "Unprocessed",
    type={"type": "string", "enum": ["failed", "pending"]},
    entities=list_of(
        object_of(
            "UnprocessedEntity",
            entity_id={**TEXT, "format": "uuid"},
            entity_ref=TEXT,
            unprocessed_entity={**OBJECT, "description": "As far as it is known."},
            unprocessed_hash={"type": "null"},
            processed_entity={**_DOCUMENT_OR_NULL, "description": "What the catalog shows instead."},
            result_hash={"type": "null"},
            cache=OBJECT,
            errors=list_of(_PROBLEM),
            next_update_at={**TEXT, "format": "date-time"},
            last_discovery_at={**TEXT, "format": "date-time"},
            location_key={**TEXT, "description": "The location that it is read from, `type:target`."},
            hash={"type": "null"},
            final_entity={**TEXT_OR_NULL, "description": "`processed_entity` as text."},
            last_updated_at=TEXT_OR_NULL,
            file={**TEXT, "description": "The file in which it stands, `type:target`."},
            line={**WHOLE, "description": "The line on which it begins; 0 when that is not known."},
        )
    ),
)
_PERMISSION = optional(
    object_of(
        "Permission",
        type={"type": "string", "enum": ["basic", "resource"]},
        name=TEXT,
        attributes=open_object(action=TEXT),
        resourceType=TEXT,
    ),
    "resourceType",
)
_RULE = object_of("Rule", name=TEXT, description=TEXT, resourceType=TEXT, paramsSchema=OBJECT)
PERMISSIONS = object_of("Permissions", permissions=list_of(_PERMISSION), rules=list_of(_RULE))
