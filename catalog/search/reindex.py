"""Makes the index anew from the catalog, a batch at a time, while everything else goes on."""

from collections.abc import Iterator

import orjson
from django.db import transaction

from catalog.ingest.store import lock_catalog
from catalog.search import index
from core.sql import rows

_BATCH = 1_000
_NOTHING = "00000000-0000-0000-0000-000000000000"
_ALL = "SELECT uid, final FROM catalog_entity JOIN catalog_document ON entity_id = uid WHERE uid > %s"
_MISSING = f"""{_ALL} AND NOT EXISTS (
    SELECT 1 FROM catalog_searchdocument AS indexed WHERE indexed.entity_id = uid AND indexed.page = ''
)"""  # noqa: S608 - our own pieces


def everything() -> int:
    """Index each entity, whether it seems to be indexed or not, and forget words that are gone."""
    known: set[str] = index.page_words()
    count = 0
    for batch in _batches(_ALL):
        count += len(batch)
        known |= index.put(batch, always=True)
    with transaction.atomic():
        lock_catalog()
        index.forget_words(known)
    index.tidy()
    return count


def missing() -> int:
    """Index the entities that are not indexed."""
    count = 0
    for batch in _batches(_MISSING):
        count += len(batch)
        index.put(batch)
    return count


def _batches(sql: str) -> Iterator[list[index.Indexed]]:
    """Entities in order of uid; a batch is worked on while nobody else writes to the catalog."""
    last = _NOTHING
    while True:
        with transaction.atomic():
            lock_catalog()
            found = rows(f"{sql} ORDER BY uid LIMIT %s", (last, _BATCH))
            yield [(str(uid), orjson.loads(final)) for uid, final in found]
        if len(found) < _BATCH:
            return
        last = found[-1][0]
