"""The query of a search → what is looked for, or the contract's words for what is wrong with it.

The parameters are read as Backstage's server reads them (the `qs` package): `types=a&types=b`, `types[]=a` and
`types[0]=a` are one list, `filters[kind]=Component` and `filters[kind][0]=Component` mean the same.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from catalog.search.documents import FILTERS, TYPES
from core.errors import InputError

LONGEST_TERM = 100
PAGE, LARGEST_PAGE = 25, 100
_FILTER = re.compile(r"filters\[([^\[\]]+)\](?:\[\d*\])?")
_TYPES = re.compile(r"types(?:\[\d*\])?")
_MOST_VALUES = 100
_LAST_PAGE = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search: words, kinds of documents (none: all), values that members must have, and which page of it."""

    term: str = ""
    types: tuple[str, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    page: int = 0
    limit: int = PAGE

    @property
    def offset(self) -> int:
        """How many results lie before this page."""
        return self.page * self.limit


def read(given: QueryDict) -> Wanted:
    """The search that the parameters ask for; InputError in the contract's form, with every fault in it."""
    faults: list[dict[str, Any]] = []
    term = given.get("term", "")
    if len(term) > LONGEST_TERM:
        faults.append(_fault(f'The term length "{len(term)}" is greater than "{LONGEST_TERM}"', "term"))
    filters: dict[str, tuple[str, ...]] = {}
    types: list[str] = []
    for name, values in given.lists():
        if name == "filters" or name.startswith("filters["):
            _read_filter(name, [value for value in values if value], filters, faults)
        elif _TYPES.fullmatch(name):
            types.extend(value for value in values if value)
    faults += [_fault("Invalid input", "types", at) for at, one in enumerate(types) if one not in TYPES]
    limit = _limit(given.get("pageLimit", ""), faults)
    if faults:
        raise InputError(f"Invalid query string: {json.dumps(faults, indent=2, ensure_ascii=False)}")
    return Wanted(
        term.strip(), tuple(dict.fromkeys(types)), filters, _page(given.get("pageCursor", "")), limit
    )


def cursor(page: int) -> str:
    """The cursor of a page: base64 of its number, as Backstage has it."""
    return base64.b64encode(str(page).encode()).decode()


def _page(text: str) -> int:
    """The page that a cursor names. Anything else means the first page, as Backstage answers it."""
    try:
        number = base64.b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return 0
    return min(int(number), _LAST_PAGE) if re.fullmatch(r"\d{1,9}", number) else 0


def _limit(text: str, faults: list[dict[str, Any]]) -> int:
    if not re.fullmatch(r"\d{0,9}", text):
        faults.append(
            _fault(f'The page limit "{text[:20]}" is not a number from 0 to {LARGEST_PAGE}', "pageLimit")
        )
        return PAGE
    limit = int(text or 0)
    if limit > LARGEST_PAGE:
        faults.append(_fault(f'The page limit "{limit}" is greater than "{LARGEST_PAGE}"', "pageLimit"))
    return limit or PAGE


def _read_filter(
    name: str, values: Sequence[str], filters: dict[str, tuple[str, ...]], faults: list[dict[str, Any]]
) -> None:
    """Add one parameter's values. An empty value is no condition: so forms leave a choice open."""
    found = _FILTER.fullmatch(name)
    if found is None or found[1] not in FILTERS:
        known = ", ".join(f"filters[{key}]" for key in FILTERS)
        faults.append(_fault(f"Unknown filter {name[:80]!r}; there are {known}", "filters"))
        return
    both = (*filters.get(found[1], ()), *values)
    if len(both) > _MOST_VALUES:
        faults.append(_fault(f"More than {_MOST_VALUES} values", "filters", found[1]))
    elif both:
        filters[found[1]] = both


def _fault(message: str, *path: str | int) -> dict[str, Any]:
    """A fault in the form of the library that Backstage checks with."""
    return {"code": "custom", "message": message, "path": list(path)}
