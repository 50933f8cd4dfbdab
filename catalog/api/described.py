"""What the catalog's routes say about themselves; `core.api.openapi` makes `openapi.json` of it."""

from catalog.api import bodies, shapes
from core.api.openapi import Operation

_NAMED = {
    "kind": "The entity's kind, letter case aside.",
    "namespace": "The entity's namespace, letter case aside.",
    "name": "The entity's name, letter case aside.",
}
_FILTER = (
    "`key=value`, `key` (it is there) or several joined by commas: all of them, except that one key named twice "
    "takes either value. Given several times: any of them. Keys and values are compared without letter case."
)
_FIELDS = "Dotted paths, joined by commas: only these are answered."
_LIMIT = "How many at the most."
_OFFSET = "How many to leave out at the beginning."
_QUERY_LANGUAGE = (
    "`query` is a predicate: `{key: value}`, `{key: {$in: […]}}`, `{key: {$exists: true}}`, `{key: {$hasPrefix: …}}`, "
    "`{key: {$contains: value or predicate over an item}}`, joined by `$all`, `$any` and `$not`; at the most 2,000 "
    "conditions, 30 levels deep."
)
_LOCATION_ID = {"location_id": "The location's id."}

ENTITIES = Operation(
    "Entities as a list",
    description=(
        "Without `limit`, `offset` and `after` the whole list, in order of uid. Otherwise a part of it, and a `Link` "
        "header with `rel=next` while more follow; its path is relative to this API."
    ),
    parameters={
        "filter": _FILTER,
        "fields": _FIELDS,
        "order": "`asc:key` or `desc:key`. In a part of the list what lacks the key comes last; in a whole list it is left out.",
        "limit": f"{_LIMIT} 0 is refused.",
        "offset": _OFFSET,
        "after": "From the `Link` header of the part before.",
    },
    answer={"type": "array", "items": shapes.ENTITY_PART},
)
BY_QUERY = {
    "get": Operation(
        "Entities page by page, forwards and backwards",
        parameters={
            "filter": f"{_FILTER} Not looked at with `cursor`.",
            "fields": _FIELDS,
            "limit": f"{_LIMIT} 200 when it is not given; 0 answers the total alone.",
            "offset": f"{_OFFSET} Counts on the first page.",
            "orderField": "`key`, `key,asc` or `key,desc`; the first one counts, and what lacks it is left out.",
            "cursor": "`nextCursor` or `prevCursor` of another page.",
            "totalItems": "`exclude` answers 0 in its place.",
            "fullTextFilterTerm": "A text that one of the fields holds; `%` and `_` are wildcards.",
            "fullTextFilterFields": "Where to look for it, joined by commas; the order's field when not given.",
        },
        answer=shapes.ENTITY_PAGE,
    ),
    "post": Operation(
        "Entities page by page, by a predicate",
        description=_QUERY_LANGUAGE,
        body=bodies.QUERY.schema,
        answer=shapes.ENTITY_PAGE,
    ),
}
BY_REFS = Operation(
    "Entities by their references",
    description=f"One answer for each reference, in the order asked; null for what is not there. {_QUERY_LANGUAGE}",
    parameters={"filter": f"{_FILTER} What does not match is null."},
    body=bodies.ENTITY_REFS.schema,
    answer=shapes.ENTITIES_BY_REF,
)
BY_UID = {
    "get": Operation("An entity by its uid", parameters={"uid": "Its uid."}, answer=shapes.ENTITY),
    "delete": Operation(
        "Delete an entity",
        description="What is not there is no error. While its file holds it, it comes back with a new uid.",
        parameters={"uid": "Its uid."},
        status=204,
    ),
}
BY_NAME = Operation("An entity by its name", parameters=_NAMED, answer=shapes.ENTITY)
ANCESTRY = Operation(
    "An entity, and the Location entities that led to it", parameters=_NAMED, answer=shapes.ANCESTRY
)
ENTITY_FACETS = {
    "get": Operation(
        "How many entities hold each value of a key",
        parameters={"facet": "The key; one at least.", "filter": _FILTER},
        answer=shapes.FACETS,
    ),
    "post": Operation(
        "How many entities hold each value of a key, by a predicate",
        description=_QUERY_LANGUAGE,
        body=bodies.FACETS.schema,
        answer=shapes.FACETS,
    ),
}
REFRESH = Operation(
    "Have the file of an entity read again",
    description="Answers at once, without a body; the reading follows.",
    body=bodies.REFRESH.schema,
    refusals=(404,),
)
VALIDATE = Operation(
    "Would this document be taken, were it read from that location?",
    description="No body when it would; else all reasons.",
    body=bodies.VALIDATE.schema,
    other={400: shapes.PROBLEMS},
)
ANALYZE = Operation(
    "The catalog files of a repository, or an entity to start from",
    body=bodies.ANALYZE.schema,
    answer=shapes.ANALYSIS,
    refusals=(404, 502),
)
LOCATIONS = {
    "get": Operation("The registered locations", answer=shapes.LOCATIONS),
    "post": Operation(
        "Register a location, or try it out",
        description="Entities are read soon after; they are answered with `dryRun` only.",
        parameters={
            "dryRun": "`true` reads the location and answers what is in it; nothing is stored.",
            "onConflict": "What to do when it is registered: refuse, or have it read again.",
        },
        body=bodies.LOCATION.schema,
        answer=shapes.ADDED,
        status=201,
        refusals=(409,),
    ),
}
LOCATIONS_BY_QUERY = Operation(
    "Registered locations page by page, in order of id",
    description="`query` is a predicate over `id`, `type`, `target` and `entityRef`. With `cursor` nothing else counts.",
    body=bodies.LOCATIONS_QUERY.schema,
    answer=shapes.LOCATION_PAGE,
)
LOCATION = {
    "get": Operation("A registered location", parameters=_LOCATION_ID, answer=shapes.LOCATION),
    "put": Operation(
        "Let a location read from elsewhere",
        description="It keeps its id and the name of its entity.",
        parameters=_LOCATION_ID,
        body=bodies.LOCATION.schema,
        answer=shapes.LOCATION,
        refusals=(409,),
    ),
    "delete": Operation(
        "Remove a location, and what came from it", parameters=_LOCATION_ID, status=204, refusals=(409,)
    ),
}
LOCATION_BY_ENTITY = Operation(
    "The registered location that an entity comes from", parameters=_NAMED, answer=shapes.LOCATION
)
_OWNER = {"owner": "Only what has this in `spec.owner`, letter for letter."}
FAILED = Operation(
    "Entities that are shown as last read well, since they cannot be taken now",
    parameters=_OWNER,
    answer=shapes.UNPROCESSED,
)
PENDING = Operation(
    "Documents that were never taken, and locations that nothing has come from yet",
    parameters=_OWNER,
    answer=shapes.UNPROCESSED,
)
UNPROCESSED_ENTRY = Operation(
    "Have an entry gone, until its file is read anew",
    parameters={"entity_id": "The entry's `entity_id`. What is not there is no error."},
    status=204,
)
PERMISSION_METADATA = Operation("Permissions, and the rules that limit them", answer=shapes.PERMISSIONS)
DESCRIPTION = Operation("This document", answer={"type": "object"})
