"""What strangers may ask: every question gets a clear answer, at a bounded cost, and nobody else's data."""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import orjson
import pytest

from catalog.actions import ingest_now
from catalog.models import Location
from core.api.subjects import System
from identity.actions import create_token
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, group, several
from tests.conftest import Api

TESTS = System("system:tests")
BY_QUERY = "/api/catalog/entities/by-query"
ENTITIES = "/api/catalog/entities"
ODD = (
    None,
    True,
    5,
    -1,
    2**63,
    1e300,
    0.5,
    "",
    "x",
    "\x00",
    "ü" * 5000,
    [],
    [None],
    ["x", "y", "z"],
    {},
    {"$in": 1},
)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail when the body takes longer; generous, since a machine may be busy: what it finds is minutes."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


@pytest.fixture
def people(api: Api, web: FileServer) -> Api:
    """A client, and a catalog with twelve components and two groups."""
    documents = [component(f"c{number}", note=f"n{number % 3}") for number in range(12)]
    url = web.put("a.yaml", several(*documents, group("mine"), group("theirs")))
    assert api.post("/api/catalog/locations", {"type": "url", "target": url}).status_code == 201
    ingest_now(Location.objects.get(target=url))
    return api


def refused(answer: Any, *words: str) -> None:
    """400 in the contract's envelope, with a sentence that says what is wrong."""
    assert answer.status_code == 400, (answer.status_code, answer.content[:300])
    error = answer.json()["error"]
    assert error["name"] == "InputError"
    for word in words:
        assert word in error["message"]


def sealed(document: Any) -> str:
    return base64.b64encode(orjson.dumps(document)).decode()


def opened(api: Api, query: str) -> dict[str, Any]:
    """What the cursor of a query's second page says."""
    cursor = api.get(f"{BY_QUERY}?limit=3&{query}").json()["pageInfo"]["nextCursor"]
    return dict(orjson.loads(base64.b64decode(cursor)))


@pytest.mark.parametrize(
    "query", ["orderField=metadata.name,asc", "filter=kind=component", "orderField=spec.note"]
)
def test_a_forged_cursor_is_refused_or_harmless(people: Api, query: str) -> None:
    good = opened(people, query)
    for name in sorted({"query", "totalItems", *good}):
        for odd in ODD:
            cursor = sealed({**good, name: odd})
            answer = people.get(BY_QUERY, {"cursor": cursor, "limit": 2})
            if answer.status_code != 200:
                refused(answer)
            else:
                page = answer.json()
                assert type(page["totalItems"]) is int, (name, odd)
                assert page["totalItems"] >= 0
                assert len(page["items"]) <= 2
    for name in ("orderFields", "orderFieldValues"):
        less = sealed({key: value for key, value in good.items() if key != name})
        refused(people.get(BY_QUERY, {"cursor": less}), name)


@pytest.mark.parametrize(
    "cursor",
    [
        "zzz",
        "ü",
        "e30=",
        "W10=",
        "bnVsbA==",
        "MQ==",
        "x" * 100_000,
        sealed("x" * 1000),
        "%00",
        sealed([[]] * 1000),
    ],
)
def test_a_cursor_that_is_none_is_refused(people: Api, cursor: str) -> None:
    refused(people.get(BY_QUERY, {"cursor": cursor}), "Malformed cursor")
    refused(people.post(BY_QUERY, {"cursor": cursor}), "Malformed cursor")


def test_a_forged_window_is_refused_or_harmless(people: Api) -> None:
    limits = (2**63 - 1, 2**64, 10**19, -1, "2", None, 1.5, True, [], 1e300)
    for limit, offset in product(limits, (0, 2**63 - 1, -1, 10**19, 1e300, "2", None)):
        after = base64.b64encode(_json({"limit": limit, "offset": offset})).decode()
        for query in ({"after": after}, {"after": after, "limit": 2}):
            answer = people.get(ENTITIES, query)
            if answer.status_code != 200:
                refused(answer, "Malformed after cursor")
            elif "limit" in query:
                assert len(answer.json()) <= 2


def _json(value: Any) -> bytes:
    return str(value).replace("'", '"').replace("None", "null").replace("True", "true").encode()


def test_a_cursor_of_somebody_else_shows_only_what_its_user_may_see(people: Api) -> None:
    cursor = people.get(f"{BY_QUERY}?limit=1&orderField=metadata.name").json()["pageInfo"]["nextCursor"]
    condition = {"rule": "IS_ENTITY_KIND", "params": {"kinds": ["Group"]}}
    _, secret = create_token(
        name="limited", role="viewer", conditions={"catalog.entity.read": condition}, by=TESTS
    )
    seen = Api(secret).get(BY_QUERY, {"cursor": cursor, "limit": 100}).json()
    assert {item["kind"] for item in seen["items"]} == {"Group"}


@pytest.mark.parametrize(
    ("limit", "status"), [("-1", 400), ("1000000000", 200), ("9" * 18, 200), ("9" * 19, 400)]
)
def test_limits_from_nowhere(people: Api, limit: str, status: int) -> None:
    for path in (ENTITIES, BY_QUERY):
        for name in ("limit", "offset"):
            answer = people.get(f"{path}?{name}={limit}")
            assert answer.status_code == status, answer.content
            if status == 400:
                refused(answer, f"request/query/{name} must be")
    assert len(people.get(f"{ENTITIES}?limit=1000000000").json()) == 15
    assert people.post(BY_QUERY, {"limit": 10**9, "offset": 10**15}).json()["items"] == []
    for odd in (-1, 2**53 + 1, 10**19, 1.5, "1", None, True):
        refused(people.post(BY_QUERY, {"limit": odd}), "request/body/limit")


def test_ten_thousand_conditions(people: Api) -> None:
    many = ",".join(f"spec.k{number}=v" for number in range(10_000))
    refused(people.get(f"{ENTITIES}?filter={many}"), "10000 conditions", "split it")
    refused(people.get(f"{BY_QUERY}?filter={many}"), "10000 conditions", "split it")
    refused(people.get(f"{ENTITIES}?{'filter=kind=component&' * 10_000}limit=1"), "")
    listed = {"spec.note": {"$in": [f"v{number}" for number in range(10_000)]}}
    either = {"$any": [{"spec.note": f"v{number}"} for number in range(10_000)]}
    wide = {f"spec.k{number}": "v" for number in range(10_000)}
    deep = {"$not": _nested(150)}  # deeper ones are refused before anybody asks what they mean
    refused(people.post(BY_QUERY, {"query": _nested(250)}), "more than 200 levels")
    for query in (listed, either, wide, deep):
        with within(5):
            refused(people.post(BY_QUERY, {"query": query}), "Invalid query")
            refused(
                people.post("/api/catalog/entity-facets", {"facets": ["kind"], "query": query}),
                "Invalid query",
            )


def _nested(levels: int) -> dict[str, Any]:
    query: dict[str, Any] = {"kind": "component"}
    for _ in range(levels):
        query = {"$not": query}
    return query


def test_as_many_conditions_as_are_taken_cost_little(people: Api) -> None:
    queries = [
        {"$any": [{"spec.note": f"v{number}"} for number in range(1_990)]},
        {"$all": [{"$not": {"spec.note": f"v{number}"}} for number in range(1_990)]},
        {"$any": [{"spec.note": {"$hasPrefix": f"v{number}"}} for number in range(1_990)]},
        {"$any": [{"metadata.links": {"$contains": {"url": f"v{number}"}}} for number in range(60)]},
    ]
    for query in queries:
        with within(10):
            answer = people.post(BY_QUERY, {"query": query, "limit": 1})
            assert answer.status_code == 200, answer.content[:300]


def test_one_large_entity_asked_for_ten_thousand_times(people: Api, web: FileServer) -> None:
    url = web.put("large.yaml", component("large", definition="x" * 1_000_000))
    assert people.post("/api/catalog/locations", {"type": "url", "target": url}).status_code == 201
    ingest_now(Location.objects.get(target=url))
    with within(10):
        answer = people.post(
            "/api/catalog/entities/by-refs", {"entityRefs": ["component:default/large"] * 10_000}
        )
    assert (answer.status_code, len(answer.content) < 1_000) == (413, True)
    assert "256 MB" in answer.json()["error"]["message"]


def test_names_that_nobody_knows(people: Api) -> None:
    for odd in (
        "nope",
        "a.b.c",
        "%27%22;--",
        "x" * 10_000,
        "%F0%9F%98%80",
        "spec.note%5C",
        "%25s",
    ):
        assert people.get(f"{ENTITIES}?filter={odd}").json() == []
        assert people.get(f"{ENTITIES}?fields={odd}&limit=1").json() == [{}]
        assert people.get(f"{BY_QUERY}?orderField={odd}").json()["items"] == []
        (held,) = people.get(f"/api/catalog/entity-facets?facet={odd}").json()["facets"].values()
        assert held == []
    refused(people.get(f"{ENTITIES}?nope=1"), "Unknown query parameter 'nope'")
    refused(people.get(f"{ENTITIES}?filter=a%00"), "NUL")
    refused(people.post(BY_QUERY, {"query": {"a": "\x00"}}), "NUL")


def test_more_than_anybody_reads(people: Api) -> None:
    names = [f"spec.k{number}" for number in range(100_000)]
    with within(10):
        refused(people.post(BY_QUERY, {"fields": names}), "fields", "500")
        refused(people.get(f"{ENTITIES}?fields={','.join(names[:2_000])}"), "fields", "500")
        refused(
            people.post("/api/catalog/entity-facets", {"facets": names}),
            "facets must NOT have more than 100 items",
        )
        refs = {"entityRefs": ["component:default/c1"] * 200_000}
        refused(
            people.post("/api/catalog/entities/by-refs", refs),
            "entityRefs must NOT have more than 10000 items",
        )
        fields = {"term": "x", "fields": names}
        refused(people.post(BY_QUERY, {"fullTextFilter": fields}), "fields", "500")
    for term in ("%" * 1000, "_" * 1000, "%a" * 400, "\\", "x" * 100_000):
        with within(5):
            answer = people.post(BY_QUERY, {"fullTextFilter": {"term": term, "fields": ["spec.note"]}})
            assert answer.status_code == 200, answer.content[:300]


@pytest.mark.parametrize(
    "name", ["%00", "%ED%A0%80", "x" * 50_000, "..%5c..", "%0a", "%F0%9F%98%80", "c1%00"]
)
def test_names_in_paths(people: Api, name: str) -> None:
    for path in (
        f"entities/by-name/component/default/{name}",
        f"entities/by-uid/{name}",
        f"locations/{name}",
    ):
        answer = people.get(f"/api/catalog/{path}")
        assert answer.status_code in {400, 404}, (path[:80], answer.content[:300])
    for refs in (["\ud800"], ["x" * 100_000], [""]):
        answer = people.post("/api/catalog/entities/by-refs", {"entityRefs": refs})
        assert answer.status_code in {200, 400}
