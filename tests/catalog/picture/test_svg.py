"""The picture: nothing overlaps, everything is there, nothing that anybody wrote gets out of its text."""

import random
import re
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.graph import Card, Fact
from catalog.picture.columns import Bend, Edge, arrange
from catalog.picture.places import CARD_HEIGHT, CARD_WIDTH, place
from catalog.picture.svg import POLICY, STYLE, Picture, draw

SVG = "{http://www.w3.org/2000/svg}"
NAMES = [f"n{number}" for number in range(12)]
RELATIONS = ["dependsOn", "ownedBy", "custom"]
EDGES = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(RELATIONS), st.sampled_from(NAMES)), max_size=40
)


def parsed(text: str) -> ET.Element:
    """The picture as a browser reads it: strictly, as XML."""
    return ET.fromstring(text.encode())  # noqa: S314 - our own picture


def picture_of(edges: list[Edge], names: list[str], **about: str) -> Picture:
    cards = {name: Card(name, "Component", "default", name, **about) for name in names}
    return Picture(cards, [Fact(*edge) for edge in dict.fromkeys(edges)], frozenset(names[:1]), "Title")


@given(EDGES)
@settings(max_examples=150, deadline=None)
def test_every_node_and_edge_has_its_place_and_no_two_cards_meet(edges: list[Edge]) -> None:
    found = arrange(NAMES, edges)
    layout = place(found)
    assert set(layout.cards) == set(NAMES)
    assert set(layout.lines) == {edge for edge in edges if edge[0] != edge[2]}
    for (ax, ay), (bx, by) in combinations(layout.cards.values(), 2):
        assert abs(ax - bx) >= CARD_WIDTH or abs(ay - by) >= CARD_HEIGHT + 10
    for x, y in layout.cards.values():
        assert -0.01 <= x <= layout.width - CARD_WIDTH + 0.01
        assert -0.01 <= y <= layout.height - CARD_HEIGHT + 0.01


@given(EDGES)
@settings(max_examples=100, deadline=None)
def test_lines_begin_and_end_at_their_cards_and_cross_none_on_the_level(edges: list[Edge]) -> None:
    layout = place(arrange(NAMES, edges))
    for (source, _, target), points in layout.lines.items():
        for name, (x, y) in ((source, points[0]), (target, points[-1])):
            left, top = layout.cards[name]
            assert x in {left, left + CARD_WIDTH}
            assert top <= y <= top + CARD_HEIGHT
        for one, other in zip(points[1:-1:2], points[2:-1:2], strict=True):  # level, inside a column
            assert one[1] == other[1]
            for left, top in layout.cards.values():
                beside = left + CARD_WIDTH <= min(one[0], other[0]) or left >= max(one[0], other[0])
                assert beside or not top < one[1] < top + CARD_HEIGHT


def test_edges_point_right_unless_they_close_a_circle() -> None:
    edges = [("a", "dependsOn", "b"), ("b", "dependsOn", "c"), ("c", "dependsOn", "a"), ("a", "partOf", "d")]
    found = arrange(["a", "b", "c", "d"], edges)
    assert found.turned == {("c", "dependsOn", "a")}
    assert [[spot for spot in column if isinstance(spot, str)] for column in found.columns] == [
        ["a"],
        ["b", "d"],
        ["c"],
    ]


def test_a_hub_is_no_tower_and_its_lines_share_their_way() -> None:
    edges = [(f"c{number}", "ownedBy", "team") for number in range(100)]
    found = arrange(["team", *[f"c{number}" for number in range(100)]], edges)
    assert max(len(column) for column in found.columns) <= 17
    bends = [spot for column in found.columns for spot in column if isinstance(spot, Bend)]
    assert len(bends) == len(set(bends)) == len(found.columns) - 2


def test_a_line_that_is_shared_is_drawn_once() -> None:
    names = ["team", *[f"c{number}" for number in range(40)]]
    drawn = draw(picture_of([(name, "ownedBy", "team") for name in names[1:]], names))
    levels = re.findall(r"L[\d.]+ [\d.]+", drawn)
    assert len(levels) == len(set(levels))


def test_two_that_lean_on_each_other_have_an_arrow_each() -> None:
    drawn = draw(
        picture_of([("a", "dependsOn", "b"), ("b", "dependsOn", "a"), ("a", "dependsOn", "a")], ["a", "b"])
    )
    lines = [path for path in parsed(drawn).iter(f"{SVG}path") if path.find(f"{SVG}title") is not None]
    assert [(bool(line.get("d")), line.get("marker-end")) for line in lines] == [(True, "url(#a0)")] * 3


def test_the_same_graph_is_the_same_picture() -> None:
    chance = random.Random(7)
    edges = [(chance.choice(NAMES), chance.choice(RELATIONS), chance.choice(NAMES)) for _ in range(60)]
    assert draw(picture_of(edges, NAMES)) == draw(picture_of(edges, NAMES))


@pytest.mark.parametrize(
    "text",
    [
        '</text><script>alert(1)</script><text x="',
        "a & b < c > \"d\" 'e'",
        "\x00\x0b\x1f\ufffe\ud800 control",
        "javascript:alert(1)",
        "]]><!--",
        "   ",
        "\u202eevil\u202c",
        "漢字" * 60,
    ],
)
def test_a_strangers_text_stays_text(text: str) -> None:
    card = Card(f"component:default/{text}", "Component", "default", text, text, text, text, text)
    picture = Picture({card.ref: card}, [Fact(card.ref, text, card.ref)], frozenset([card.ref]), text, text)
    tree = parsed(draw(picture))
    known = {"svg", "title", "desc", "style", "defs", "marker", "path", "g", "a", "rect", "text"}
    assert {element.tag.removeprefix(SVG) for element in tree.iter()} == known
    assert [
        link.get("href", "").startswith("/catalog/default/component/") for link in tree.iter(f"{SVG}a")
    ] == [True]
    for element in tree.iter():
        assert not any(name.lower().startswith("on") or name == "style" for name in element.attrib)


def test_a_missing_one_is_marked_and_leads_nowhere() -> None:
    card = Card("resource:default/gone", "resource", "default", "gone", missing=True)
    tree = parsed(draw(Picture({card.ref: card}, [], frozenset(), "Title")))
    assert not list(tree.iter(f"{SVG}a"))
    assert [element.get("class") for element in tree.iter(f"{SVG}g") if element.get("class")] == ["missing"]
    assert "not in the catalog" in "".join(tree.itertext())


def test_an_empty_picture_is_one() -> None:
    assert parsed(draw(Picture({}, [], frozenset(), "Nothing"))).tag == f"{SVG}svg"


def test_the_policy_names_the_style_and_every_colour_has_its_dark() -> None:
    assert re.fullmatch(r"default-src 'none'; style-src 'sha256-[\w+/]{43}='; .*", POLICY)
    light, dark = STYLE.split("@media (prefers-color-scheme:dark)", 1)
    for name in ("ground", "card", "edge", "ink", "soft", "root", "lead", *[f"c{n}" for n in range(8)]):
        assert f"--{name}:" in light
        assert f"--{name}:" in dark


def _luminance(colour: str) -> float:
    colour = colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_texts_and_lines_stand_out(scheme: int) -> None:
    colours = dict(
        re.findall(r"--(\w+):(#\w+)", STYLE.split("@media (prefers-color-scheme:dark)", 1)[scheme])
    )
    pairs = [("ink", "card", 7.0), ("soft", "card", 4.5), ("ink", "root", 7.0), ("soft", "root", 4.5)]
    pairs += [(f"c{number}", "ground", 3.0) for number in range(8)]
    for front, back, least in pairs:
        bright, dim = sorted((_luminance(colours[front]), _luminance(colours[back])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= least, f"{front} on {back}"
