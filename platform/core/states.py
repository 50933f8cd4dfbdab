"""State machines: a table of moves and one conditional UPDATE.

Whoever's UPDATE touches the row has won; nobody reads a state, decides, and writes it back.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models

Moves = Mapping[str, frozenset[str]]
"""For each state, the states from which it may be entered."""

M = TypeVar("M", bound=models.Model)


def move(rows: "models.QuerySet[M]", to: str, moves: Moves, **changes: Any) -> bool:
    """Put the chosen rows into state `to`, if they are in a state from which `moves` allows that.

    `rows` names the row (and whatever else must hold, as the fencing number). True when a row was touched.
    """
    return bool(rows.filter(state__in=moves[to]).update(state=to, **changes))
