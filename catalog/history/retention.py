"""Lets go of changes that are older than the history has to reach, a bounded number at a time."""

from datetime import datetime

from django.db import connection, transaction

MOST_AT_ONCE = 5_000

_RAISE = """
    INSERT INTO catalog_horizon (id, at) VALUES (1, %s)
    ON CONFLICT (id) DO UPDATE SET at = greatest(catalog_horizon.at, excluded.at)
"""
# An entity that is there keeps its newest revision, so that it still says who touched it last.
_FORGET = """
    DELETE FROM catalog_revision WHERE (ref, number) IN (
        SELECT old.ref, old.number FROM catalog_revision AS old
        WHERE old.at < %s AND (
            old.verb = 3
            OR EXISTS (SELECT 1 FROM catalog_revision AS newer WHERE newer.ref = old.ref AND newer.number > old.number)
        )
        LIMIT %s
    )
"""


def forget_before(moment: datetime) -> int:
    """Drop changes from before the moment, at most `MOST_AT_ONCE`; answer how many there were.

    From then on nobody is told how things stood before it, also while some of those changes are still kept.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM catalog_revision WHERE at < %s)", [moment])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_RAISE, [moment])
        cursor.execute(_FORGET, [moment, MOST_AT_ONCE])
        return int(cursor.rowcount)
