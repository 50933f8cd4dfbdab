"""What entities said at a moment: their present documents, with every later change undone.

Nothing here holds more than one entity's document and one of its changes at a time, besides what is asked for.
Call it inside of `core.snapshot.snapshot()`: present documents and changes must be of one view of the database.
"""

from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import cast

from django.db.models import Q, QuerySet

from catalog.history.delta import Unfit, undo
from catalog.history.errors import HistoryBroken
from catalog.history.models import Horizon, Revision
from catalog.models import Entity
from core.errors import InputError

_AT_ONCE = 500


def known_since() -> datetime | None:
    """Since when the history is whole; None when it always was."""
    return Horizon.objects.values_list("at", flat=True).first()


def check_known(name: str, moment: datetime) -> None:
    """Refuse a moment that the history does not reach."""
    since = known_since()
    if since is not None and moment < since:
        raise InputError(
            f"query parameter '{name}' is {moment.isoformat()}, but the history reaches back to "
            f"{since.isoformat()} only: ask for that moment or a later one"
        )


def present(refs: Sequence[str]) -> dict[str, str]:
    """The final documents of those that are there now."""
    entities = Entity.objects.filter(ref__in=refs).order_by("ref")
    return dict(zip(entities.values_list("ref", flat=True), entities.finals(), strict=True))


def states(refs: Sequence[str], *moments: datetime) -> dict[str, list[str | None]]:
    """What each entity said at each of the moments, in their order; None where it was not there."""
    now = present(refs)
    found: dict[str, list[str | None]] = {ref: [now.get(ref)] * len(moments) for ref in refs}
    later = Revision.objects.filter(ref__in=refs, at__gt=min(moments)).order_by("ref", "-number")
    with _rows(later) as rows:
        for ref, revisions in groupby(rows, key=attrgetter("ref")):
            said = found[ref]
            for revision, before, _ in _backwards(revisions, now.get(ref)):
                for place, moment in enumerate(moments):
                    if moment < revision.at:
                        said[place] = before
    return found


def backwards(ref: str) -> Iterator[tuple[Revision, str | None, str | None]]:
    """Every change of an entity, newest first, with what it said before and after."""
    revisions = Revision.objects.filter(ref=ref).order_by("-number")
    with _rows(revisions) as rows:
        yield from _backwards(rows, present([ref]).get(ref))


def last_words(refs: Sequence[str]) -> dict[str, str]:
    """What each deleted entity said last."""
    newest = Revision.objects.filter(ref__in=refs).order_by("ref", "-number").distinct("ref")
    said = {}
    for revision in newest:
        (_, before, after) = next(_backwards([revision], None), (None, None, ""))
        if after is None and before is not None:
            said[revision.ref] = before
    return said


def changed_refs(after: str, since: datetime, kinds: Collection[str] | None = None) -> Iterator[str]:
    """References of what changed after `since`, in code point order, behind one of them; of these kinds only."""
    changes = Revision.objects.filter(at__gt=since, ref__gt=after)
    if kinds is not None:
        wanted = Q(ref="")
        for kind in kinds:
            wanted |= Q(ref__startswith=f"{kind}:")
        changes = changes.filter(wanted)
    return changes.order_by("ref").values_list("ref", flat=True).distinct().iterator(chunk_size=_AT_ONCE)


def _rows(revisions: QuerySet[Revision]) -> "closing[Generator[Revision]]":
    """The rows one after the other; their cursor ends with the block, also when an error is on its way."""
    return closing(cast("Generator[Revision]", revisions.iterator(chunk_size=_AT_ONCE)))


def _backwards(
    revisions: Iterable[Revision], said: str | None
) -> Iterator[tuple[Revision, str | None, str | None]]:
    for revision in revisions:
        step = revision.step_back
        try:
            before = None if step is None else undo(said or "", bytes(step))
        except Unfit as unfit:
            raise HistoryBroken(
                f"revision {revision.number} of {revision.ref} does not fit what the entity said after it "
                f"({unfit}): its document was written without being recorded"
            ) from unfit
        yield revision, before, said
        said = before
