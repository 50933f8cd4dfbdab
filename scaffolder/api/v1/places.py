"""Cursors of lists that are in order of an id."""

from catalog.api.v1.pages import Place
from core.errors import InputError


def number_of(place: Place | None) -> int:
    """The id behind which a page begins; 0 for the first page. InputError for a cursor with something else."""
    if place is None:
        return 0
    if not place.after.isascii() or not place.after.isdecimal() or len(place.after) > 18:
        raise InputError("Malformed cursor: take it unchanged from pageInfo.nextCursor")
    return int(place.after)
