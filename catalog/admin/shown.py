"""How the catalog's pages show references, relations, problems, history and documents: bounded, with a way to more."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.admin.listing import FARTHEST
from catalog.history import Revision
from catalog.models import Entity, Location
from core.sql import rows

MOST_OF_A_KIND = 20
"""Relations of one type on an entity's page."""
MOST_ROWS = 100
"""Problems, files, references in one list."""
LONGEST_DOCUMENT = 100_000
"""Characters of a document on its page; the API sends the whole."""
NOTHING = SafeString("-")

# How many there are of a type is exact up to FARTHEST from either end.
_RELATIONS = """
    SELECT type, other, total FROM (
        SELECT type, other, count(*) OVER (PARTITION BY type) AS total,
               row_number() OVER (PARTITION BY type ORDER BY other) AS place
        FROM (
            (SELECT type, target_ref AS other FROM catalog_relation WHERE source_ref = %s LIMIT %s)
            UNION
            (SELECT reverse, source_ref FROM catalog_relation WHERE target_ref = %s LIMIT %s)
        ) AS stated
    ) AS placed
    WHERE place <= %s ORDER BY type, other
"""


def entity_link(ref: str) -> SafeString:
    """A reference that leads to its entity, also when that is not there yet."""
    return _link("entity", ref, q=ref)


def entities_link(words: str, **filters: str) -> SafeString:
    """A way to the list of entities with these filters."""
    return _link("entity", words, **filters)


def location_link(location: Location) -> SafeString:
    """A way to a location's page."""
    url = reverse("admin:catalog_location_change", args=[location.pk])
    return format_html('<a href="{}">{}</a>', url, location)


def relations(ref: str) -> SafeString:
    """The relations of an entity from both ends, by type: the first ones of each, and how many there are."""
    by_type: dict[str, list[SafeString]] = {}
    totals: dict[str, int] = {}
    for type_, other, total in rows(_RELATIONS, [ref, FARTHEST, ref, FARTHEST, MOST_OF_A_KIND]):
        by_type.setdefault(type_, []).append(entity_link(other))
        totals[type_] = total
    if not by_type:
        return NOTHING
    shown = _table((type_, _several(links, totals[type_])) for type_, links in by_type.items())
    return format_html("{}<p>{}</p>", shown, _link("relation", "As they are stated", q=ref))


def problems(errors: Sequence[Mapping[str, Any]]) -> SafeString:
    """What was not taken: file, line, message."""
    lines = ((_place(error), format_html("{}", error.get("message", ""))) for error in errors[:MOST_ROWS])
    return _table(lines, over=len(errors) - MOST_ROWS) if errors else NOTHING


def history(revisions: Sequence[Revision]) -> SafeString:
    """Changes, the latest first: when, what happened, whose doing it was."""
    locations = _named([each.cause.removeprefix("location:") for each in revisions if ":" in each.cause])
    lines = [
        (
            format_html("{} · {}", each.number, f"{each.at:%Y-%m-%d %H:%M:%S}"),
            format_html("{} by {}", each.get_verb_display(), locations.get(each.cause, each.cause)),
        )
        for each in revisions
    ]
    return format_html("{}{}", _table(lines), _and_more(revisions[-1].number - 1)) if lines else NOTHING


def ancestry(chain: Sequence[Entity]) -> SafeString:
    """What led to an entity, nearest first."""
    return format_html_join(SafeString(" ← "), "{}", ((entity_link(each.ref),) for each in chain))


def listed(texts: Sequence[str]) -> SafeString:
    """Plain lines."""
    lines = format_html_join("", "<div>{}</div>", ((text,) for text in texts[:MOST_ROWS]))
    return format_html("{}{}", lines, _and_more(len(texts) - MOST_ROWS)) if texts else NOTHING


def document(text: str) -> SafeString:
    """A document, cut when it is very long."""
    cut = text[:LONGEST_DOCUMENT]
    over = len(text) - len(cut)
    note = f"\n… {over:,} characters more; the API sends all of it." if over else ""
    return format_html('<pre class="catalog-document">{}{}</pre>', cut, note)


def _named(ids: Sequence[str]) -> dict[str, str]:
    found = Location.objects.filter(pk__in={each for each in ids if len(each) == 36})
    return {f"location:{each.pk}": str(each) for each in found}


def _place(error: Mapping[str, Any]) -> SafeString:
    line = error.get("line")
    return format_html("{}{}", error.get("file", ""), f", line {line}" if line else "")


def _several(links: Sequence[SafeString], total: int) -> SafeString:
    shown = format_html_join("", "<div>{}</div>", ((link,) for link in links))
    return format_html("{}{}", shown, _and_more(total - len(links)))


def _and_more(count: int) -> SafeString:
    return format_html("<div>… and {} more</div>", f"{count:,}") if count > 0 else SafeString("")


def _table(lines: Iterable[tuple[object, SafeString]], over: int = 0) -> SafeString:
    body = format_html_join("", "<tr><th>{}</th><td>{}</td></tr>", lines)
    return format_html('<table class="catalog-facts">{}</table>{}', body, _and_more(over))


def _link(model: str, words: str, **query: str) -> SafeString:
    url = reverse(f"admin:catalog_{model}_changelist")
    return format_html('<a href="{}?{}">{}</a>', url, urlencode(query), words)
