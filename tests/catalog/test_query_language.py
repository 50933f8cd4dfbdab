"""filter, query, fields, order and cursor: what they mean, and what they refuse (CATALOG.md 6 to 9)."""

import base64

import pytest

from catalog.filters import Cursor, Order, Window, parse_fields, parse_order, parse_order_fields
from catalog.predicates import All, AnyOf, Begins, Has, Holds, HoldsItem, Not, parse_filters, parse_query
from catalog.projection import project
from core.errors import InputError


@pytest.mark.parametrize(
    ("filters", "query"),
    [
        ([], None),
        (["kind=component"], {"kind": "component"}),
        (["kind=a,kind=b"], {"kind": {"$in": ["a", "b"]}}),
        ([" kind = a , spec.type "], {"kind": "a", "spec.type": {"$exists": True}}),
        (["a="], {"a": ""}),
        (["a=b=c"], {"a": "b=c"}),
        (["a,a=b"], {"a": {"$exists": True}}),
        (["kind=a", "kind=b"], {"$any": [{"kind": "a"}, {"kind": "b"}]}),
    ],
)
def test_filters_become_a_query(filters: list[str], query: object) -> None:
    assert parse_filters(filters) == query


def test_a_filter_without_a_key_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        parse_filters(["=x"])
    expected = "Invalid filter, '=x' is not a valid statement (expected a string on the form a=b or a= or a)"
    assert refused.value.message == expected


@pytest.mark.parametrize(
    ("query", "meaning"),
    [
        ({}, All(())),
        ({"$all": []}, All(())),
        ({"$any": []}, AnyOf(())),
        ({"kind": "A"}, Holds("kind", ("A",))),
        ({"a": 1, "b": True}, All((Holds("a", ("1",)), Holds("b", ("true",))))),
        ({"$not": {"kind": {"$exists": True}}}, Not(Has("kind"))),
        ({"kind": {"$exists": False}}, Not(Has("kind"))),
        ({"kind": {"$in": ["a", 2]}}, Holds("kind", ("a", "2"))),
        ({"a": {"$hasPrefix": "x"}}, Begins("a", "x")),
        ({"metadata.tags": {"$contains": "java"}}, Holds("metadata.tags", ("java",))),
        (
            {"relations": {"$contains": {"type": "ownedBy", "targetRef": {"$in": ["u", "v"]}}}},
            Holds("relations.ownedBy", ("u", "v")),
        ),
        ({"relations": {"$contains": {"Type": "ownedBy"}}}, Has("relations.ownedBy")),
        (
            {"metadata.links": {"$contains": {"type": "docs", "url": {"$hasPrefix": "https"}}}},
            All(
                (
                    All((Holds("metadata.links.type", ("docs",)), Begins("metadata.links.url", "https"))),
                    HoldsItem("metadata.links", All((Holds("type", ("docs",)), Begins("url", "https")))),
                )
            ),
        ),
        (
            {"spec.x": {"$contains": {"$any": [{"a": 1}, {"$not": {"b": 2}}]}}},
            All((All(()), HoldsItem("spec.x", AnyOf((Holds("a", ("1",)), Not(Holds("b", ("2",)))))))),
        ),
    ],
)
def test_a_query_is_understood(query: object, meaning: object) -> None:
    assert parse_query(query) == meaning


@pytest.mark.parametrize(
    "query",
    [
        "component",
        {"$not": {"kind": "a"}, "kind": "b"},
        {"kind": {"$regex": "x"}},
        {"kind": None},
        {"$all": {}},
        {"$nope": []},
        {"spec.x": {"$contains": {"type": None}}},
        {"spec.x": {"$contains": ["a"]}},
        {"spec.x": {"$contains": {"type": "a"}, "$exists": True}},
        {"relations": {"$contains": {"targetRef": "group:default/a"}}},
        {"relations": {"$contains": {"type": {"$in": ["a"]}}}},
        {"relations": {"$contains": {"type": "ownedBy", "more": "a"}}},
        {"kind": {"$in": ["x"] * 3000}},
        {"spec.x": {"$contains": {"a." * 300 + "b": 1}}},
        {"spec.x": {"$contains": {"$all": [{"a": 1}] * 500}}},
        {"$any": [{"spec.x": {"$contains": {"$any": [{"a": n}]}}} for n in range(500)]},
    ],
)
def test_what_cannot_be_understood_is_refused(query: object) -> None:
    with pytest.raises(InputError, match="Invalid query"):
        parse_query(query)


def test_a_filter_of_ten_thousand_conditions_is_refused_with_the_limit() -> None:
    with pytest.raises(InputError, match="Invalid filter: 10000 conditions, 2000 at the most"):
        parse_filters([",".join(["kind=a"] * 5_000)] * 2)
    with pytest.raises(InputError, match="more than 2000 conditions"):
        parse_query({"$any": [{"kind": "a"}] * 10_000})


def test_deep_nesting_is_refused() -> None:
    query: dict[str, object] = {}
    for _ in range(100):
        query = {"$not": query}
    with pytest.raises(InputError, match="nested deeper"):
        parse_query(query)


def test_orders() -> None:
    assert parse_order(["asc:a", "desc:b.c:d"]) == [Order("a"), Order("b.c:d", descending=True)]
    assert parse_order_fields(["a", "b,desc"]) == [Order("a"), Order("b", descending=True)]
    with pytest.raises(InputError, match='Invalid order parameter "up:a"'):
        parse_order(["up:a"])
    with pytest.raises(InputError, match="must be asc or desc"):
        parse_order_fields(["a,up"])


def test_fields_find_keys_with_dots_and_leave_out_what_is_missing() -> None:
    entity = {"kind": "C", "metadata": {"annotations": {"github.com/slug": "x"}, "tags": ["a"]}}
    assert project(entity, ["metadata.annotations.github.com/slug"]) == {
        "metadata": {"annotations": {"github.com/slug": "x"}}
    }
    assert project(entity, ["kind", "metadata.tags", "spec.x", "kind.y"]) == {
        "kind": "C",
        "metadata": {"tags": ["a"]},
    }
    assert parse_fields(["a, b", "c"]) == ["a", "b", "c"]
    with pytest.raises(InputError, match=r'Invalid field "metadata\[0\]"'):
        parse_fields(["metadata[0]"])


def test_a_cursor_survives_the_way_out_and_back() -> None:
    cursor = Cursor(
        orders=(Order("metadata.name", descending=True),),
        query={"kind": "component"},
        term="x",
        term_fields=("a",),
        backwards=True,
        at=("web", "b0c1a3e4-0000-4000-8000-000000000001"),
        first=("zoo", "b0c1a3e4-0000-4000-8000-000000000002"),
        total=7,
    )
    assert Cursor.decode(cursor.encode()) == cursor
    assert Cursor.decode(cursor.encode().rstrip("=")) == cursor


@pytest.mark.parametrize(
    "document",
    [
        "zzz",
        "{}",
        '{"orderFields":[{"field":"a"}],"isPrevious":false,"orderFieldValues":["x","u"],"firstSortFieldValues":[]}',
        '{"orderFields":[],"isPrevious":false,"orderFieldValues":["x","u"],"firstSortFieldValues":[]}',
        '{"orderFields":[],"isPrevious":false,"orderFieldValues":[{}],"firstSortFieldValues":[]}',
        "[1]",
        "null",
    ],
)
def test_a_cursor_of_somebody_else_is_refused(document: str) -> None:
    with pytest.raises(InputError, match="Malformed cursor"):
        Cursor.decode(base64.b64encode(document.encode()).decode())


def test_the_window_of_a_list() -> None:
    assert Window.parse(limit=None, offset=None, after=None) is None
    assert Window.parse(limit=2, offset=None, after=None) == Window(2, 0)
    resumed = Window.parse(limit=2, offset=9, after=Window(2, 0).next())
    assert resumed == Window(2, 2)
    for after in ("zzz", base64.b64encode(b"[]").decode(), base64.b64encode(b'{"offset":-1}').decode()):
        with pytest.raises(InputError, match="Malformed after cursor"):
            Window.parse(limit=None, offset=None, after=after)
    with pytest.raises(InputError, match="greater than zero"):
        Window.parse(limit=0, offset=None, after=None)
