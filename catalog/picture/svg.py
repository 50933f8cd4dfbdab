"""A graph as SVG: readable in light and dark, by screen readers and in print; no script, every text escaped.

Its one style sheet is always the same text, so that a Content-Security-Policy can name it by hash and allow
nothing else.
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from catalog.graph import Card, Fact
from catalog.picture.columns import Edge, arrange
from catalog.picture.places import CARD_HEIGHT, CARD_WIDTH, Layout, Point, place

_MARGIN = 24.0
_LEGEND = 34.0
_RELATIONS = ("dependsOn", "partOf", "ownedBy", "providesApi", "consumesApi", "memberOf", "childOf")
"""Each has a colour and a dash of its own; all others share the next."""
_KINDS = ("component", "api", "resource", "system", "domain", "group", "user")

STYLE = """
svg{--ground:#fff;--card:#fff;--edge:#c4c9d1;--ink:#16191d;--soft:#4d5561;--root:#eef3fd;--lead:#2257c4;
--c0:#2257c4;--c1:#5b6472;--c2:#8a5a00;--c3:#0b7261;--c4:#8a2bb8;--c5:#a3324a;--c6:#b3470b;--c7:#16191d;
background:var(--ground);font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
@media (prefers-color-scheme:dark){svg{--ground:#12151a;--card:#1b2027;--edge:#454d59;--ink:#eceff3;
--soft:#aab3bf;--root:#1d2a44;--lead:#8db2ff;--c0:#8db2ff;--c1:#9aa4b2;--c2:#e0b04c;--c3:#55c9b1;--c4:#d79bf2;
--c5:#f08ca0;--c6:#f59a62;--c7:#eceff3}}
text{fill:var(--ink);font-size:13px;unicode-bidi:isolate}
.s,.l text{fill:var(--soft);font-size:11px}
.t{font-weight:600}
.c{fill:var(--card);stroke:var(--edge)}
.root .c{fill:var(--root);stroke:var(--lead);stroke-width:2}
.orphaned .c{stroke:var(--c6);stroke-dasharray:2 3}
.missing .c{stroke:var(--c5);stroke-dasharray:5 4}
.missing .t{fill:var(--soft);font-style:italic}
a:hover .c,a:focus .c{stroke:var(--lead);stroke-width:2}
a:hover .t,a:focus .t{text-decoration:underline}
path.e{fill:none;stroke-width:1.4}
.e0{stroke:var(--c0)}.e1{stroke:var(--c1);stroke-dasharray:2 3}.e2{stroke:var(--c2);stroke-dasharray:7 3}
.e3{stroke:var(--c3)}.e4{stroke:var(--c4);stroke-dasharray:7 3 2 3}.e5{stroke:var(--c5);stroke-dasharray:1 3}
.e6{stroke:var(--c6);stroke-dasharray:10 4}.e7{stroke:var(--c7)}
.f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}.f4{fill:var(--c4)}.f5{fill:var(--c5)}
.f6{fill:var(--c6)}.f7{fill:var(--c7)}
@media print{svg{background:none}}
"""
POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""The Content-Security-Policy under which a picture is complete."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BOLD = 1.13
_NARROW, _WIDE = frozenset("iljtfrI.,:;'|!()[]-/ "), frozenset("mwMW@%&")


@dataclass(frozen=True)
class Picture:
    """What is drawn. `note` is a sentence for the reader, such as that something was left out."""

    cards: Mapping[str, Card]
    facts: Sequence[Fact]
    roots: frozenset[str]
    title: str
    note: str = ""


def draw(picture: Picture) -> str:
    """The picture as an SVG document, in UTF-8."""
    edges: list[Edge] = [(fact.source, fact.type, fact.target) for fact in picture.facts]
    layout = place(arrange(list(picture.cards), edges))
    relations = sorted({fact.type for fact in picture.facts}, key=lambda name: (_look(name), name))
    legend, legend_width = _legend(relations)
    width = max(layout.width, legend_width, _wide(picture.note, 11.0)) + 2 * _MARGIN
    below = layout.height + 2 * _MARGIN
    height = below + (_LEGEND if relations else 0) + (_LEGEND if picture.note else 0)
    shown = (
        f"{_count(len(picture.cards), 'entity', 'entities')}, {_count(len(edges), 'relation', 'relations')}."
    )
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    named = 'role="graphics-document document" aria-labelledby="title desc"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {named}>',
        f'<title id="title">{_text(picture.title)}</title>',
        f'<desc id="desc">{_text(f"{shown} {picture.note}".strip())}</desc>',
        f"<style>{STYLE}</style>",
        "<defs>",
        *(_arrow(look) for look in sorted({_look(name) for name in relations})),
        "</defs>",
        f'<g transform="translate({_MARGIN:.0f} {_MARGIN:.0f})">',
        *_lines(edges, layout),
        *(_card(card, layout.cards[ref], ref in picture.roots) for ref, card in picture.cards.items()),
        "</g>",
    ]
    if relations:
        parts.append(f'<g class="l" transform="translate({_MARGIN:.0f} {below:.0f})">{legend}</g>')
    if picture.note:
        parts.append(f'<text class="s" x="{_MARGIN:.0f}" y="{height - 14:.0f}">{_text(picture.note)}</text>')
    return "".join([*parts, "</svg>"])


def _card(card: Card, corner: Point, root: bool) -> str:
    x, y = corner
    classes = " ".join(
        name
        for name, holds in (("root", root), ("missing", card.missing), ("orphaned", card.orphaned))
        if holds
    )
    name = card.title or card.name
    about = ["not in the catalog"] if card.missing else [card.type, card.lifecycle]
    about += ["orphaned"] if card.orphaned else []
    kind = card.kind if card.missing else card.kind.lower()
    under = " · ".join([kind, *(part for part in about if part)])
    full = f"{name} ({card.ref}), {under}" + (f", owned by {card.owner}" if card.owner else "")
    inside = (
        f'<g class="{classes}"><title>{_text(full)}</title>'
        f'<rect class="c" x="{x:.1f}" y="{y:.1f}" width="{CARD_WIDTH:.0f}" height="{CARD_HEIGHT:.0f}" rx="7"/>'
        f'<rect class="f{_stripe(kind)}" x="{x + 6:.1f}" y="{y + 9:.1f}" width="4" height="28" rx="2"/>'
        f'<text class="t" x="{x + 18:.1f}" y="{y + 19:.1f}">{_text(_fitted(name, CARD_WIDTH - 26, 13.0 * _BOLD))}</text>'
        f'<text class="s" x="{x + 18:.1f}" y="{y + 36:.1f}">{_text(_fitted(under, CARD_WIDTH - 26, 11.0))}</text></g>'
    )
    if card.missing:
        return inside
    return f"<a href={quoteattr(entity_address(card))} aria-label={_quoted(full)}>{inside}</a>"


def entity_address(card: Card) -> str:
    """The page of an entity, where Backstage's web app has it too."""
    return "/catalog/" + "/".join(
        quote(part.lower(), safe="", errors="replace") for part in (card.namespace, card.kind, card.name)
    )


def _lines(edges: Sequence[Edge], layout: Layout) -> Iterator[str]:
    """A path for each edge. What edges share on their way to one hub is drawn once, by the first of them."""
    drawn: set[tuple[int, tuple[Point, Point]]] = set()
    for edge in edges:
        source, relation, target = edge
        look = _look(relation)
        said = f"<title>{_text(f'{source} {relation} {target}')}</title>"
        if source == target:
            path, ends = _loop(layout.cards[source]), True
        else:
            steps = list(enumerate(pairwise(layout.lines[edge])))
            own = [(at, step) for at, step in steps if (look, step) not in drawn]
            drawn.update((look, step) for _, step in own)
            path, ends = _curve(own), own[-1:] == steps[-1:]
        arrow = f' marker-end="url(#a{look})"' if ends else ""
        yield f'<path class="e e{look}" d="{path}"{arrow}>{said}</path>'


def _curve(steps: Sequence[tuple[int, tuple[Point, Point]]]) -> str:
    """A line of numbered steps: even ones bend softly between two columns, odd ones are level inside one."""
    path = [f"M{steps[0][1][0][0]:.1f} {steps[0][1][0][1]:.1f}"] if steps else []
    for number, (one, other) in steps:
        if number % 2:
            path.append(f"L{other[0]:.1f} {other[1]:.1f}")
        else:
            middle = (one[0] + other[0]) / 2
            path.append(
                f"C{middle:.1f} {one[1]:.1f} {middle:.1f} {other[1]:.1f} {other[0]:.1f} {other[1]:.1f}"
            )
    return "".join(path)


def _loop(corner: Point) -> str:
    x, y = corner[0] + CARD_WIDTH, corner[1]
    return f"M{x - 30:.1f} {y:.1f}C{x - 26:.1f} {y - 20:.1f} {x + 22:.1f} {y - 14:.1f} {x:.1f} {y + 12:.1f}"


def _arrow(look: int) -> str:
    return (
        f'<marker id="a{look}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" '
        f'orient="auto-start-reverse"><path class="f{look}" d="M0 .8 8 4 0 7.2Z"/></marker>'
    )


def _legend(relations: Sequence[str]) -> tuple[str, float]:
    """A sample of each line with its name, and how wide that is."""
    parts, x = [], 0.0
    for name in relations:
        look, shown = _look(name), _fitted(name, 160.0, 11.0)
        parts.append(
            f'<path class="e e{look}" d="M{x:.0f} 8H{x + 30:.0f}" marker-end="url(#a{look})"/>'
            f'<text x="{x + 37:.0f}" y="12">{_text(shown)}</text>'
        )
        x += 37 + _wide(shown, 11.0) + 24
    return "".join(parts), x


def _look(relation: str) -> int:
    return _RELATIONS.index(relation) if relation in _RELATIONS else len(_RELATIONS)


def _stripe(kind: str) -> int:
    return _KINDS.index(kind) if kind in _KINDS else len(_KINDS)


def _fitted(text: str, width: float, size: float) -> str:
    """The text, cut with an ellipsis where it would be wider; fonts differ, so widths are estimated high."""
    text = " ".join(text.split())
    if _wide(text, size) <= width:
        return text
    room, kept = width - 0.8 * size, 0
    for char in text:
        room -= _wide(char, size)
        if room < 0:
            break
        kept += 1
    return text[:kept].rstrip() + "…"


def _wide(text: str, size: float) -> float:
    """About how wide a text is, in pixels: as in DejaVu Sans, the widest of the usual fonts."""
    total = 0.0
    for char in text:
        if unicodedata.east_asian_width(char) in "WF":
            total += 1.1
        elif char in _NARROW:
            total += 0.39
        elif char in _WIDE:
            total += 0.92
        else:
            total += 0.7 if char.isupper() else 0.585
    return total * size


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))


def _quoted(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text))
