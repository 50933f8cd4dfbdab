"""A search → its page of results: matched, ranked and counted by PostgreSQL, for what the subject may see.

A word is looked for as a beginning, and all words must be there. Whatever the size of the catalog, at most
`WINDOW` matches are ranked: those that come first by their prior, and whatever bears the very name that was typed.
When nothing is found, the words that may have been meant are looked for as well. Design and figures: ADR 11.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.conditions import FALSE, TRUE, Sql, condition
from catalog.permissions import READ
from catalog.search.asking import Wanted
from catalog.search.documents import filter_lexeme, type_lexeme, whole_lexeme
from catalog.search.models import SearchWord
from catalog.search.slips import forms, is_correctable, nearest
from catalog.search.words import words
from catalog.visibility import visible_to
from core.api.subjects import Subject
from core.sql import rows

WINDOW = 500
"""Matches that are ranked of each sort: with all the words, beginning with the term, named like it."""
MOST_COUNTED = 1_000
"""A list without a term is counted up to here; it can be paged through to its end."""
_MOST_CANDIDATES = 500
_MOST_MEANT = 6
_WEIGHTS = "{0.1, 0.3, 0.6, 1.0}"  # of D, C, B, A


@dataclass(frozen=True, slots=True)
class Found:
    """A page of results as (page, document), how many there are, and the words that led to them."""

    results: Sequence[tuple[str, str]]
    total: int
    more: bool
    words: Sequence[str] = ()


def find(wanted: Wanted, subject: Subject) -> Found:
    """The page that is asked for, of what the subject may see."""
    seen = _visible(subject)
    if seen is None:
        return Found([], 0, more=False)
    if not wanted.term:
        return _listed(wanted, seen)
    asked = words(wanted.term)
    if not asked:
        return Found([], 0, more=False)
    found = _ranked(wanted, [[word] for word in asked], seen)
    if found.total == 0:
        meant = [[word, *_meant(word)] for word in asked]
        if any(len(alternatives) > 1 for alternatives in meant):
            return _ranked(wanted, meant, seen)
    return found


def _visible(subject: Subject) -> Sql | None:
    """What else must hold of a document, so that the subject may see its entity; None when it may see nothing."""
    if not subject.may(READ):
        return None
    wanted = condition(visible_to(subject))
    if wanted == FALSE:
        return None
    if wanted == TRUE:
        return Sql("")
    seen = f" AND entity_id IN (SELECT uid FROM catalog_entity WHERE {wanted.text})"  # noqa: S608 - our own pieces
    return Sql(seen, wanted.params)


def _listed(wanted: Wanted, seen: Sql) -> Found:
    """Without a term: everything, in an order that stays."""
    filters = _filters(wanted)
    where = f"{'words @@ %s::tsquery' if filters else 'true'}{seen.text}"
    sql = f"""
        WITH found AS MATERIALIZED (
            SELECT id, entity_id, page FROM catalog_searchdocument WHERE {where}
            ORDER BY entity_id, page LIMIT %s
        ), counted AS (
            SELECT least(count(*), %s) AS total FROM found
        ), shown AS (
            SELECT id FROM found ORDER BY entity_id, page LIMIT %s OFFSET %s
        )
        SELECT total, page, document
        FROM counted LEFT JOIN (shown JOIN catalog_searchdocument USING (id)) ON true ORDER BY entity_id, page
    """  # noqa: S608 - made of our own pieces, values are parameters
    params = [*([filters] if filters else []), *seen.params]
    furthest = max(MOST_COUNTED, wanted.offset + wanted.limit + 1)
    found = rows(sql, [*params, furthest, MOST_COUNTED, wanted.limit + 1, wanted.offset], prepare=False)
    return _found(found, wanted)


def _ranked(wanted: Wanted, alternatives: Sequence[Sequence[str]], seen: Sql) -> Found:
    """With a term: the best of what holds, for each word, one of its alternatives, or begins with the whole term."""
    filters, whole = _filters(wanted), whole_lexeme(wanted.term)
    match = " & ".join(f"({' | '.join(_beginnings(words_))})" for words_ in alternatives)
    rank = " | ".join(f"'{words_[0]}' | {' | '.join(_beginnings(words_))}" for words_ in alternatives)
    some = f"""(
        SELECT id, prior, words FROM catalog_searchdocument WHERE words @@ %s::tsquery{seen.text}
        ORDER BY entity_id, page LIMIT {WINDOW}
    )"""  # noqa: S608 - made of our own pieces, values are parameters
    sql = f"""
        WITH found AS MATERIALIZED ({some} UNION {some} UNION {some}), counted AS (
            SELECT count(*) AS total FROM found
        ), ranked AS (
            SELECT id, row_number() OVER (
                ORDER BY words @@ %s::tsquery DESC, words @@ %s::tsquery DESC,
                    ts_rank(%s::real[], words, %s::tsquery) DESC, prior DESC, id
            ) AS place
            FROM found ORDER BY place LIMIT %s OFFSET %s
        )
        SELECT total, page, document
        FROM counted LEFT JOIN (ranked JOIN catalog_searchdocument USING (id)) ON true ORDER BY place
    """  # noqa: S608 - made of our own pieces, values are parameters
    params: list[Any] = []
    for sort in (match, f"{whole}:*", whole):
        params += [f"{filters} & {sort}" if filters else sort, *seen.params]
    params += [whole, f"{whole}:*", _WEIGHTS, rank, wanted.limit + 1, wanted.offset]
    found = rows(sql, params, prepare=False)
    return _found(found, wanted, [word for words_ in alternatives for word in words_])


def _found(found: Sequence[tuple[Any, ...]], wanted: Wanted, words_: Sequence[str] = ()) -> Found:
    """The rows as results; a page behind the last one is a single row, with the count and nothing beside it."""
    results = [(page, document) for _, page, document in found if document is not None]
    return Found(results[: wanted.limit], found[0][0], more=len(results) > wanted.limit, words=words_)


def _filters(wanted: Wanted) -> str:
    """The types and filters as the text of a tsquery; empty when there are none."""
    alternatives = [[filter_lexeme(key, value) for value in values] for key, values in wanted.filters.items()]
    if wanted.types:
        alternatives.append([type_lexeme(one) for one in wanted.types])
    return " & ".join(f"({' | '.join(lexemes)})" for lexemes in alternatives)


def _beginnings(alternatives: Iterable[str]) -> list[str]:
    """What was typed as a beginning, what may have been meant as it stands. A word holds nothing to be quoted."""
    first, *others = alternatives
    return [f"'{first}':*", *(f"'{other}'" for other in others)]


def _meant(word: str) -> list[str]:
    """Words of the catalog that somebody who typed this may have meant."""
    if not is_correctable(word):
        return []
    near = (
        SearchWord.objects.filter(near__overlap=forms(word)).order_by("word").values_list("word", flat=True)
    )
    return nearest(word, near[:_MOST_CANDIDATES], _MOST_MEANT)
