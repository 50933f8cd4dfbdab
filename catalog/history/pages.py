"""Pages of the whole catalog as it was: entities at a moment, and what changed between two.

What did not change since the moment comes straight from the database; only what did is rebuilt, a few at a time.
A page looks at `MOST_REBUILT` of those at the most, so it may hold less than asked for and still lead on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import OuterRef, Q, Subquery

from catalog.history.matching import holds, kinds_in
from catalog.history.models import Revision
from catalog.history.past import changed_refs, last_words, states
from catalog.models import Entity
from catalog.predicates import EVERYTHING, Predicate
from catalog.visibility import visible_to

MOST_REBUILT = 2_000
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Final documents by reference, and the reference behind which the next page begins, if there is one."""

    items: Mapping[str, str]
    next: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What entities said at both moments, by reference, and where the next page begins."""

    items: Mapping[str, tuple[str | None, str | None]]
    next: str | None


def entities_at(subject: Any, predicate: Predicate, moment: datetime, *, after: str, limit: int) -> Page:
    """Entities that were there at the moment and fulfilled the predicate then, in order of reference."""
    found = _unchanged(subject, predicate, moment, after, limit + 1)
    end = max(found) if len(found) > limit else None
    looked_at, last, matched = 0, after, 0
    for ref, (said,) in _rebuilt(subject, changed_refs(after, moment, kinds_in(predicate)), moment):
        if (end is not None and ref > end) or matched > limit:
            break
        looked_at, last = looked_at + 1, ref
        if said is not None and holds(predicate, said):
            found[ref] = said
            matched += 1
        if looked_at == MOST_REBUILT:
            return _cut(found, limit, until=last)
    return _cut(found, limit)


def changes_between(subject: Any, start: datetime, end: datetime, *, after: str, limit: int) -> Changes:
    """Entities that say something else at the end than at the start, in order of reference."""
    items: dict[str, tuple[str | None, str | None]] = {}
    last = after
    for looked_at, (ref, (before, now)) in enumerate(
        _rebuilt(subject, changed_refs(after, start), start, end), 1
    ):
        if before != now:
            if len(items) == limit:
                return Changes(items, last)
            items[ref] = (before, now)
        last = ref
        if looked_at == MOST_REBUILT:
            return Changes(items, last)
    return Changes(items, None)


def visible(subject: Any, refs: list[str]) -> set[str]:
    """Which of these the subject may look back at: those it may see now, or could, had they not been deleted."""
    there = set(Entity.objects.filter(ref__in=refs).values_list("ref", flat=True))
    seen = set(Entity.objects.visible_to(subject).filter(ref__in=there).values_list("ref", flat=True))
    gone, wanted = last_words([ref for ref in refs if ref not in there]), visible_to(subject)
    return seen | {ref for ref, said in gone.items() if wanted == EVERYTHING or holds(wanted, said)}


def _unchanged(
    subject: Any, predicate: Predicate, moment: datetime, after: str, limit: int
) -> dict[str, str]:
    newest = Revision.objects.filter(ref=OuterRef("ref")).order_by("-number").values("at")[:1]
    entities = Entity.objects.visible_to(subject).matching(predicate).filter(ref__gt=after)
    entities = entities.annotate(last_change=Subquery(newest))
    entities = entities.filter(Q(last_change__isnull=True) | Q(last_change__lte=moment)).order_by("ref")
    return dict(zip(entities.values_list("ref", flat=True)[:limit], entities.finals()[:limit], strict=True))


def _rebuilt(subject: Any, refs: Iterator[str], *moments: datetime) -> Iterator[tuple[str, list[str | None]]]:
    """What these said at the moments, as far as the subject may see it."""
    while some := list(islice(refs, _AT_ONCE)):
        seen = visible(subject, some)
        said = states(some, *moments)
        for ref in some:
            yield ref, said[ref] if ref in seen else [None] * len(moments)


def _cut(found: Mapping[str, str], limit: int, until: str | None = None) -> Page:
    """The first of them, and none behind `until`, up to which the changed ones were looked at."""
    refs = sorted(ref for ref in found if until is None or ref <= until)
    shown = {ref: found[ref] for ref in refs[:limit]}
    if len(refs) > limit:
        return Page(shown, refs[limit - 1])
    return Page(shown, until)
