"""Keeps the index in step with the catalog, in the transaction that changes the catalog.

    from catalog.search import index
    index.add(entities)       # new ones, each as (uid, entity)
    index.put(entities)       # those that were there before
    index.remove(uids)        # before the entities go
    index.update(refs)        # as they stand in the catalog now

Who calls holds the catalog's lock (`catalog.ingest.store.lock_catalog`), so that two transactions never write the
same document. What would stay as it is, is not written. Relations and status do not matter here.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import orjson
from django.db import connection

from catalog.models import Entity
from catalog.search.documents import Page, Searchable, of_entity, of_page
from catalog.search.models import SearchDocument, SearchWord
from catalog.search.slips import forms, is_correctable
from catalog.search.words import words
from core.sql import rows

Indexed = tuple[str, Mapping[str, Any]]
"""An entity's uid, and the entity: as it was read, or as the API sends it."""

_BATCH = 1_000
_COLUMNS = "entity_id, page, prior, document, words, checksum"
_MANY = 200
"""Rows from which on the index keeps them in its list of new entries, which the sweep sorts in."""


def add(entities: Iterable[Indexed]) -> None:
    """Index entities that were not in the catalog before."""
    met: set[str] = set()
    for batch in _batches(entities, met):
        _grow(len(batch))
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY catalog_searchdocument ({_COLUMNS}) FROM STDIN") as copy,
        ):
            for row in batch:
                copy.write_row((row.entity, row.page, row.prior, row.document, row.words, row.checksum))
    _learn(met)


def put(entities: Iterable[Indexed], *, always: bool = False) -> set[str]:
    """Index entities that may be indexed already; with `always` also when nothing seems to have changed.

    Returns the words that were met.
    """
    met: set[str] = set()
    for batch in _batches(entities, met):
        _upsert(batch if always else _changed(batch))
    _learn(met)
    return met


def update(refs: Collection[str]) -> None:
    """Index entities as they stand in the catalog."""
    names = sorted(refs)
    for begin in range(0, len(names), _BATCH):
        finals = Entity.objects.filter(ref__in=names[begin : begin + _BATCH]).values_list(
            "uid", "stored__final"
        )
        put((str(uid), orjson.loads(final)) for uid, final in finals)


def remove(uids: Collection[object]) -> None:
    """Forget entities, their pages, and what was read of them."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM catalog_documentation WHERE entity_id = ANY(%s)", (list(uids),))
        cursor.execute("DELETE FROM catalog_searchdocument WHERE entity_id = ANY(%s)", (list(uids),))


def put_pages(
    uid: str, entity: Mapping[str, Any], pages: Sequence[Page], *, unchanged: Collection[str] = ()
) -> None:
    """Let the pages of an entity's documentation be these, and of those that were there the unchanged files'."""
    made = [of_page(uid, entity, page) for page in pages]
    indexed = [row for row, _ in made]
    old = SearchDocument.objects.filter(entity_id=uid).exclude(page="")
    old.exclude(page__in=[*unchanged, *(row.page for row in indexed)]).delete()
    _upsert(_changed(indexed))
    _learn({word for _, found in made for word in found})


def tidy() -> None:
    """Sort new entries into the index, which are otherwise looked through one by one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('search_words'::regclass)")
        cursor.execute("SELECT gin_clean_pending_list('search_word_near'::regclass)")


def page_words() -> set[str]:
    """The words of all pages' titles."""
    titles = SearchDocument.objects.exclude(page="").values_list("document", flat=True)
    return {word for title in titles for word in words(orjson.loads(title)["title"])}


def forget_words(known: Collection[str]) -> None:
    """Keep only these words, of which an entity was found to have each one."""
    gone = set(SearchWord.objects.values_list("word", flat=True)) - set(known)
    SearchWord.objects.filter(word__in=gone).delete()


def _batches(entities: Iterable[Indexed], met: set[str]) -> Iterator[list[Searchable]]:
    """The rows of entities, so many at a time; their words are added to `met`."""
    remaining = iter(entities)
    while some := list(islice(remaining, _BATCH)):
        batch = []
        for uid, entity in some:
            row, found = of_entity(uid, entity)
            batch.append(row)
            met.update(found)
        yield batch


def _changed(batch: Sequence[Searchable]) -> list[Searchable]:
    sql = (
        "SELECT entity_id::text, page, checksum FROM catalog_searchdocument WHERE entity_id = ANY(%s::uuid[])"
    )
    known = {(uid, page): checksum for uid, page, checksum in rows(sql, ([row.entity for row in batch],))}
    return [row for row in batch if known.get((row.entity, row.page)) != row.checksum]


def _upsert(batch: Sequence[Searchable]) -> None:
    if batch:
        _grow(len(batch))
        with connection.cursor() as cursor:
            cursor.execute(_UPSERT, (orjson.dumps(batch).decode(),))


_UPSERT = f"""
    INSERT INTO catalog_searchdocument ({_COLUMNS})
    SELECT entity, page, prior, document, words::tsvector, checksum
    FROM json_to_recordset(%s::json)
        AS given (entity uuid, page text, prior smallint, document text, words text, checksum bigint)
    ON CONFLICT (entity_id, page) DO UPDATE
    SET prior = excluded.prior, document = excluded.document, words = excluded.words, checksum = excluded.checksum
"""  # noqa: S608 - our own names


def _grow(count: int) -> None:
    if count >= _MANY:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL gin_pending_list_limit = '64MB'")


def _learn(met: Iterable[str]) -> None:
    """Keep the new ones among the words, for slips to find."""
    candidates = sorted({word for word in met if is_correctable(word)})
    if not candidates:
        return
    known = set(SearchWord.objects.filter(word__in=candidates).values_list("word", flat=True))
    new = [SearchWord(word=word, near=forms(word)) for word in candidates if word not in known]
    SearchWord.objects.bulk_create(new, batch_size=_BATCH, ignore_conflicts=True)
