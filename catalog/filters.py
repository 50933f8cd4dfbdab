"""The order, field and cursor language of the contract's reads → plain values (CATALOG.md 7 to 9)."""

import base64
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from core.errors import InputError

MOST_FIELDS = 500
"""Names in one `fields`, or texts that one full text search looks into."""
_BIGGEST = 2**53
"""The largest whole number that JSON's readers agree on."""


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by one key."""

    field: str
    descending: bool = False

    @property
    def direction(self) -> str:
        """The word for it on the wire."""
        return "desc" if self.descending else "asc"


def parse_order(parameters: Sequence[str]) -> list[Order]:
    """`order=asc:field` of `GET /entities`."""
    orders = []
    for text in parameters:
        direction, colon, name = text.partition(":")
        if direction not in {"asc", "desc"} or not colon or not name:
            expected = 'expected "<asc or desc>:<field name>"'
            raise InputError(f'Invalid order parameter "{text}", {expected}')
        orders.append(Order(name, direction == "desc"))
    return orders


def parse_order_fields(parameters: Sequence[str]) -> list[Order]:
    """`orderField=field,asc` of `GET /entities/by-query`; a bare field sorts ascending."""
    orders = []
    for text in parameters:
        name, comma, direction = text.partition(",")
        if comma and direction not in {"asc", "desc"}:
            raise InputError("Invalid order field order, must be asc or desc")
        orders.append(Order(name, direction == "desc"))
    return orders


def parse_fields(parameters: Sequence[str]) -> list[str]:
    """`fields=a,b` → the dotted paths; InputError for an index, which the contract has not."""
    fields = [name for text in parameters for name in (part.strip() for part in text.split(",")) if name]
    if len(fields) > MOST_FIELDS:
        raise InputError(
            f"fields: {len(fields)} names, {MOST_FIELDS} at the most; leave it out for all of them"
        )
    for name in fields:
        if "[" in name:
            raise InputError(f'Invalid field "{name}", array type fields are not supported')
    return fields


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page of `by-query` begins. On the wire: base64 of the JSON that Backstage's cursors have.

    `at` is what the page starts behind: the sort value (when there is an order) and the uid. `first` is the
    same of the very first item, by which the first page is known again when it is reached backwards.
    """

    orders: tuple[Order, ...] = ()
    query: Mapping[str, Any] | None = None
    term: str = ""
    term_fields: tuple[str, ...] | None = None
    backwards: bool = False
    at: tuple[str | None, ...] = ()
    first: tuple[str | None, ...] = ()
    total: int | None = None

    def encode(self) -> str:
        """The text that goes into `pageInfo`."""
        document: dict[str, Any] = {
            "orderFields": [{"field": one.field, "order": one.direction} for one in self.orders],
            "isPrevious": self.backwards,
        }
        if self.query is not None:
            document["query"] = self.query
        full_text: dict[str, Any] = {"term": self.term}
        if self.term_fields is not None:
            full_text["fields"] = list(self.term_fields)
        document["fullTextFilter"] = full_text
        document["orderFieldValues"] = list(self.at)
        document["firstSortFieldValues"] = list(self.first)
        if self.total is not None:
            document["totalItems"] = self.total
        return base64.b64encode(orjson.dumps(document)).decode()

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """The reverse; InputError for a text that no answer of ours had."""
        try:
            document = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4)))
        except ValueError as error:  # no base64, no JSON, not even ASCII
            raise InputError(f"Malformed cursor: {error}") from error
        try:
            return _cursor(document)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"Malformed cursor: {error!r} does not fit; take it unchanged from pageInfo"
            ) from error


def _cursor(document: Any) -> Cursor:
    orders = tuple(Order(_str(one["field"]), _direction(one["order"])) for one in document["orderFields"])
    at, first = _position(document["orderFieldValues"]), _position(document["firstSortFieldValues"])
    full_text = document.get("fullTextFilter") or {}
    query, total = document.get("query"), document.get("totalItems")
    if not isinstance(full_text, dict) or (query is not None and not isinstance(query, dict)):
        raise TypeError("query, fullTextFilter")
    term_fields = full_text.get("fields")
    if term_fields is not None and (not isinstance(term_fields, list) or len(term_fields) > MOST_FIELDS):
        raise TypeError("fullTextFilter.fields")
    if total is not None and not _is_whole(total):
        raise TypeError("totalItems")
    if len(orders) > 1 or len(at) != len(orders) + 1 or len(first) not in {0, len(at)}:
        raise ValueError("orderFieldValues")
    uuid.UUID(at[-1] or "")
    if orders and at[0] is None:
        raise ValueError("orderFieldValues")
    return Cursor(
        orders=orders,
        query=query,
        term=_str(full_text.get("term", "")),
        term_fields=None if term_fields is None else tuple(_str(name) for name in term_fields),
        backwards=document["isPrevious"] is True,
        at=at,
        first=first,
        total=total,
    )


def _position(values: Any) -> tuple[str | None, ...]:
    return tuple(None if value is None else _str(value) for value in values)


def _is_whole(value: object, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= _BIGGEST


def _direction(word: object) -> bool:
    if word not in {"asc", "desc"}:
        raise ValueError("order")
    return word == "desc"


def _str(value: object) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise TypeError(value)
    return value


@dataclass(frozen=True, slots=True)
class Window:
    """A page of `GET /entities`: how many, and after how many. `after` cursors carry exactly this."""

    limit: int | None
    offset: int

    def next(self) -> str:
        """The `after` cursor of the page that follows."""
        position = {"limit": self.limit, "offset": self.offset + (self.limit or 0)}
        return base64.b64encode(orjson.dumps(position)).decode()

    @classmethod
    def parse(cls, *, limit: int | None, offset: int | None, after: str | None) -> "Window | None":
        """The window that the parameters ask for; None when they ask for everything."""
        if limit == 0:
            raise InputError("Invalid limit, must be greater than zero")
        if after is None:
            return None if limit is None and offset is None else cls(limit, offset or 0)
        try:
            document = orjson.loads(base64.b64decode(after + "=" * (-len(after) % 4)))
            resumed = cls(limit or document.get("limit"), document["offset"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError("Malformed after cursor, could not be parsed") from error
        if not _is_whole(resumed.offset) or (resumed.limit is not None and not _is_whole(resumed.limit, 1)):
            raise InputError("Malformed after cursor, could not be parsed")
        return resumed
