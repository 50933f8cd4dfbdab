"""Appends revisions, for many entities in one statement, inside the transaction that changes them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Self
from uuid import UUID

from django.db import connection

from catalog.history.delta import delta
from catalog.history.models import Verb

STITCHED = "stitched"
"""The cause of a change that another entity's change brought: a relation seen from its other end."""
_ORPHAN = '"backstage.io/orphan":"true"'
_BROKEN = '"status":{"items":[{'

# The first call in a transaction notes its time in a setting that ends with the transaction; all calls use it.
_APPEND = """
    WITH noted AS MATERIALIZED (
        SELECT set_config('greenroom.moment', coalesce(
            nullif(current_setting('greenroom.moment', true), ''), statement_timestamp()::text
        ), true)::timestamptz AS moment
    )
    INSERT INTO catalog_revision (ref, number, uid, at, verb, cause, step_back)
    SELECT new.ref, coalesce(last.number, 0) + new.place, new.uid,
           greatest(noted.moment, last.at), new.verb, new.cause, new.step_back
    FROM noted CROSS JOIN unnest(%s::text[], %s::int[], %s::uuid[], %s::smallint[], %s::text[], %s::bytea[])
         AS new(ref, place, uid, verb, cause, step_back)
    LEFT JOIN LATERAL (
        SELECT number, at FROM catalog_revision AS old
        WHERE old.ref = new.ref COLLATE "C" ORDER BY number DESC LIMIT 1
    ) AS last ON true
"""


def by_location(location_id: UUID) -> str:
    """The cause of a change that came out of reading a location."""
    return f"location:{location_id}"


@dataclass(frozen=True, slots=True)
class Change:
    """What an entity said before and says now, as final JSON text; None where it was not there.

    `cause`: `by_location(…)`, the reference of an actor (`user:default/ana`), or `STITCHED`.
    """

    ref: str
    uid: UUID
    verb: Verb
    before: str | None
    after: str | None
    cause: str

    @classmethod
    def between(cls, ref: str, uid: UUID, before: str | None, after: str | None, cause: str) -> Self:
        """A change whose verb is read from the documents: created, deleted, orphaned, broken and so on."""
        return cls(ref, uid, _verb(before, after), before, after, cause)


def record(changes: Sequence[Change]) -> None:
    """Append a revision for each change, in one statement. Inside of the transaction that makes the changes.

    All changes of one transaction have one time, that of the first call, so that no moment shows half of it. A
    change that changes nothing is left out.
    """
    told = sorted((one for one in changes if one.before != one.after), key=attrgetter("ref"))
    if not told:
        return
    seen: Counter[str] = Counter()
    places = []
    for change in told:
        seen[change.ref] += 1
        places.append(seen[change.ref])
    with connection.cursor() as cursor:
        cursor.execute(
            _APPEND,
            [
                [change.ref for change in told],
                places,
                [str(change.uid) for change in told],
                [int(change.verb) for change in told],
                [change.cause for change in told],
                [_step_back(change) for change in told],
            ],
        )


def _step_back(change: Change) -> bytes | None:
    return None if change.before is None else delta(change.before, change.after or "")


def _verb(before: str | None, after: str | None) -> Verb:
    if before is None:
        return Verb.CREATED
    if after is None:
        return Verb.DELETED
    for sign, came, went in ((_ORPHAN, Verb.ORPHANED, Verb.RESTORED), (_BROKEN, Verb.BROKEN, Verb.MENDED)):
        if (sign in before) != (sign in after):
            return came if sign in after else went
    return Verb.CHANGED
