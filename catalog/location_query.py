"""Finding locations by a predicate over id, type, target and entityRef (CATALOG.md 12, `POST /locations/by-query`)."""

import base64
import binascii
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import Q

from catalog.models import Location
from catalog.predicates import All, AnyOf, Begins, Has, Holds, HoldsItem, Not, Predicate, parse_query
from core.errors import InputError

DEFAULT_LIMIT = 1_000
_COLUMNS = {"id": "id", "type": "type", "target": "target", "entityref": "entity_ref"}


@dataclass(frozen=True, slots=True)
class LocationCursor:
    """Which page: how many, behind which id, of which query. On the wire: base64 of JSON, as Backstage has it."""

    limit: int = DEFAULT_LIMIT
    query: Mapping[str, Any] | None = None
    after: uuid.UUID | None = None

    def encode(self, after: uuid.UUID) -> str:
        """The cursor of the page behind that location."""
        document: dict[str, Any] = {"limit": self.limit, "afterId": str(after)}
        if self.query is not None:
            document["query"] = self.query
        return base64.b64encode(orjson.dumps(document)).decode()

    @classmethod
    def parse(
        cls, *, limit: int | None, query: Mapping[str, Any] | None, cursor: str | None
    ) -> "LocationCursor":
        """From a request; a cursor wins over the other two. InputError for a limit below one, or a forged cursor."""
        if cursor is not None:
            return cls._decode(cursor)
        if limit is not None and limit < 1:
            raise InputError("Limit must be a positive integer >= 1")
        return cls(limit or DEFAULT_LIMIT, query)

    @classmethod
    def _decode(cls, text: str) -> "LocationCursor":
        if not text:
            raise InputError("Cursor cannot be empty")
        try:
            document = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4)))
        except (binascii.Error, ValueError) as error:
            raise InputError("Malformed cursor, unknown encoding") from error
        match document:
            case {"limit": int(limit), "afterId": str(after), **rest} if (
                not isinstance(limit, bool) and limit > 0
            ):
                query = rest.get("query")
                if query is None or isinstance(query, dict):
                    return cls(limit, query, _id(after))
        raise InputError("Malformed cursor: take it unchanged from pageInfo")


@dataclass(frozen=True, slots=True)
class LocationPage:
    """Locations in order of id, how many match in all, and the cursor that leads on."""

    locations: list[Location]
    total: int
    next: str | None = None


def locations_by_query(cursor: LocationCursor) -> LocationPage:
    """The registered locations that the cursor asks for."""
    matching = Location.objects.filter(origin=Location.Origin.API)
    if cursor.query is not None:
        matching = matching.filter(_condition(parse_query(cursor.query)))
    total = matching.count()
    behind = matching if cursor.after is None else matching.filter(pk__gt=cursor.after)
    found = list(behind.order_by("pk")[: cursor.limit + 1])
    more, found = len(found) > cursor.limit, found[: cursor.limit]
    return LocationPage(found, total, cursor.encode(found[-1].pk) if more else None)


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise InputError(f"Malformed cursor: afterId {text!r} is no id of a location") from error


def _condition(predicate: Predicate) -> Q:
    match predicate:
        case All(parts):
            joined = Q()
            for part in parts:
                joined &= _condition(part)
            return joined
        case AnyOf(parts):
            return _any([_condition(part) for part in parts])
        case Not(part):
            return ~_condition(part) if part != All(()) else Q(pk__in=[])
        case Has(key):
            return Q(**{f"{_column(key)}__isnull": False})
        case Holds(key, values):
            column = _column(key)
            return _any([Q(**{f"{column}__iexact": value}) for value in values])
        case Begins(key, prefix):
            return Q(**{f"{_column(key)}__istartswith": prefix})
        case HoldsItem(key, _):
            raise InputError(
                f"Invalid query: {key!r} of a location is no list, $contains finds nothing in it"
            )


def _any(conditions: list[Q]) -> Q:
    either = Q(pk__in=[])
    for condition in conditions:
        either |= condition
    return either


def _column(key: str) -> str:
    if key.lower() not in _COLUMNS:
        known = "'id', 'type', 'target', or 'entityRef'"
        raise InputError(f"Invalid filter predicate, expected key to be {known}, got '{key}'")
    return _COLUMNS[key.lower()]
