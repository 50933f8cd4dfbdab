"""What was counted, kept until the catalog changes: how many match, how often a value occurs.

Counting is the one read whose cost grows with the catalog. Each answer is kept in the process with the
generation that it was counted in; the database gives the catalog a new generation with every statement that
writes to it, and each page reads the generation along. So what is kept is never older than what is shown, but for
what is dear to count.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, cast
from uuid import UUID

from catalog.conditions import Sql, values_of
from core.sql import rows

GENERATION = "(SELECT token FROM catalog_generation)"
"""The catalog's generation, to be read in the very statement that reads the catalog."""
DEAR = 0.05
"""Seconds from which on counting is dear."""
MOST_KEPT = 2_000
"""Answers kept in one process."""


@dataclass(frozen=True, slots=True)
class Counted:
    """An answer, the generation in which it is right, and when the counting began and ended."""

    generation: UUID
    answer: Any
    began: float
    ended: float

    def is_good(self, now: UUID) -> bool:
        """Whether it may be shown in a generation.

        What took long to count is shown a while longer: while a very large catalog changes all the time, counting
        takes a tenth of one processor at the most.
        """
        took = self.ended - self.began
        return self.generation == now or (took > DEAR and monotonic() < self.ended + 10 * took)


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
    started = monotonic()
    ((count, now),) = rows(sql, where.params)
    return _kept.put(_question("total", where), Counted(now, count, started, monotonic()))


def facets(where: Sql, fields: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """How many of the matching entities hold each value of each field, in the value's own spelling."""
    now = generation()
    return {name: _current_facet(now, where, name) for name in fields}


def _current_facet(now: UUID, where: Sql, field: str) -> Any:
    question = _question(f"facet {field}", where)
    kept = _kept.get(question)
    if kept is None or not kept.is_good(now):
        kept = _kept.put(question, _facet(where, field))
    return kept.answer


def _facet(where: Sql, field: str) -> Counted:
    values = values_of(field, where)
    sql = f"SELECT value, count(*), {GENERATION} FROM ({values.text}) AS every GROUP BY value"
    started = monotonic()
    found = rows(sql, values.params)
    now = found[0][2] if found else generation()
    counts = sorted((value, count) for value, count, _ in found if value is not None)
    return Counted(now, [{"value": value, "count": count} for value, count in counts], started, monotonic())


def _question(what: str, where: Sql) -> bytes:
    return hashlib.blake2b(repr((what, where.text, where.params)).encode(), digest_size=16).digest()
