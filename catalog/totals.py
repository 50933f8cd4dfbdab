"""What was counted, kept until the catalog changes: how many match, how often a value occurs.

Counting is the one read whose cost grows with the catalog. Each answer is kept in the process with the
generation that it was counted in; the database gives the catalog a new generation with every statement that
writes to it, and each page reads the generation along. So what is kept is never older than what is shown.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, cast
from uuid import UUID

from catalog.conditions import Sql, held_values
from core.sql import rows

GENERATION = "(SELECT token FROM catalog_generation)"
"""The catalog's generation, to be read in the very statement that reads the catalog."""
MOST_KEPT = 2_000
"""Answers kept in one process."""


@dataclass(frozen=True, slots=True)
class Counted:
    """An answer, and the generation in which it is right."""

    generation: UUID
    answer: Any


class _Kept:
    """Answers by question, the least recently used ones forgotten first."""

    def __init__(self) -> None:
        self._answers: OrderedDict[bytes, Counted] = OrderedDict()
        self._lock = Lock()

    def get(self, question: bytes) -> Counted | None:
        with self._lock:
            if question in self._answers:
                self._answers.move_to_end(question)
            return self._answers.get(question)

    def put(self, question: bytes, counted: Counted) -> Counted:
        with self._lock:
            self._answers[question] = counted
            self._answers.move_to_end(question)
            if len(self._answers) > MOST_KEPT:
                self._answers.popitem(last=False)
        return counted


_kept = _Kept()


def generation() -> UUID:
    """The catalog's generation now."""
    ((token,),) = rows(f"SELECT {GENERATION}")
    return cast(UUID, token)


def last_total(where: Sql) -> Counted | None:
    """How many entities matched when somebody last counted; perhaps in an earlier generation."""
    return _kept.get(_question("total", where))


def count_total(where: Sql) -> Counted:
    """How many entities match, now."""
    sql = f"SELECT count(*), {GENERATION} FROM catalog_entity WHERE {where.text}"
    ((count, now),) = rows(sql, where.params)
    return _kept.put(_question("total", where), Counted(now, count))


def facets(where: Sql, fields: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """How many of the matching entities hold each value of each field, in the value's own spelling."""
    now = generation()
    return {name: _current_facet(now, where, name) for name in fields}


def _current_facet(now: UUID, where: Sql, field: str) -> Any:
    question = _question(f"facet {field}", where)
    kept = _kept.get(question)
    if kept is None or kept.generation != now:
        kept = _kept.put(question, _facet(where, field))
    return kept.answer


def _facet(where: Sql, field: str) -> Counted:
    value, source = held_values(field)
    sql = (
        f"SELECT {value.text} AS value, count(*), {GENERATION}"
        f" FROM catalog_entity{source.text} WHERE {where.text} GROUP BY 1"
    )
    found = rows(sql, (*value.params, *source.params, *where.params))
    if not found:
        return Counted(generation(), [])
    counts = sorted((value, count) for value, count, _ in found if value is not None)
    return Counted(found[0][2], [{"value": value, "count": count} for value, count in counts])


def _question(what: str, where: Sql) -> bytes:
    return hashlib.blake2b(repr((what, where.text, where.params)).encode(), digest_size=16).digest()
