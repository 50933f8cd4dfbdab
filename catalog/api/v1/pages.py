"""Cursors of our own lists: the place behind an item, good for the same question only."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from core.api.openapi import TEXT, WHOLE, object_of
from core.api.params import Text, Whole
from core.errors import InputError

LIMIT = Whole(minimum=1, maximum=500, default=50)
CURSOR = Text()
PAGE_INFO = {
    **object_of(
        "PageInfo", nextCursor={**TEXT, "description": "Leads to the next page; absent on the last."}
    ),
    "required": [],
}
TOTAL = {**WHOLE, "description": "How many there are on all pages, counted on the first."}
SAID = {
    "limit": "How many at the most.",
    "cursor": "`pageInfo.nextCursor` of the page before, with the other parameters as they were.",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: behind which item, and how many there are in all."""

    after: str
    total: int


class Question:
    """What is asked, letter for letter: a cursor of another question is refused."""

    def __init__(self, *asked: Any) -> None:
        self._sum = hashlib.sha256(orjson.dumps(asked)).hexdigest()[:16]

    def cursor(self, place: Place) -> str:
        """The cursor of the page that begins there."""
        text = orjson.dumps({"after": place.after, "total": place.total, "of": self._sum})
        return base64.urlsafe_b64encode(text).decode().rstrip("=")

    def place(self, cursor: str | None) -> Place | None:
        """Where a cursor leads; None without one. InputError for a cursor that no answer to this question had."""
        if cursor is None:
            return None
        try:
            said = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            after, total, of = said["after"], said["total"], said["of"]
        except (binascii.Error, ValueError, KeyError, TypeError) as error:
            raise InputError("Malformed cursor: take it unchanged from pageInfo.nextCursor") from error
        if not isinstance(after, str) or "\0" in after or type(total) is not int or total < 0:
            raise InputError("Malformed cursor: take it unchanged from pageInfo.nextCursor")
        if of != self._sum:
            raise InputError(
                "query parameter 'cursor' belongs to another question: repeat the parameters of the page before"
            )
        return Place(after, total)
