"""Searching through the API: what is found, in which order, page by page, by whom, and how much it costs."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from catalog.search.asking import Wanted
from catalog.search.finding import WINDOW, find
from core.api.subjects import Subject, System
from identity.actions import create_token
from tests.catalog.conftest import FileServer
from tests.catalog.search.conftest import thing
from tests.conftest import Api

Titles = Callable[..., list[str]]


def test_a_change_is_found_at_once_and_what_went_is_not(catalog: Any, titles: Titles, api: Any) -> None:
    catalog(thing("orders", description="Takes parcels"), thing("billing"))
    assert titles("parcels") == ["orders"]
    catalog(thing("orders", description="Takes letters"), thing("billing"))
    assert titles("parcels") == []
    assert titles("letters") == ["orders"]
    uid = api.get("/api/catalog/entities/by-name/component/default/orders").json()["metadata"]["uid"]
    api.delete(f"/api/catalog/entities/by-uid/{uid}")
    assert titles("letters") == []
    assert titles("billing") == ["billing"]


def test_the_best_name_comes_first(catalog: Any, titles: Titles) -> None:
    catalog(
        thing("ledger", description="All about pay and payments"),
        thing("payments-worker"),
        thing("payments", kind="Resource", type_="database"),
        thing("old-payments", lifecycle="deprecated"),
        thing("mailer", tags="[payments]"),
    )
    assert titles("payments") == ["payments", "payments-worker", "old-payments", "mailer", "ledger"]
    assert titles("Payments Worker")[0] == "payments-worker"


def test_words_are_beginnings_and_all_of_them_must_be_there(catalog: Any, titles: Titles) -> None:
    catalog(thing("orders-api"), thing("orders-db", kind="Resource", type_="database"), thing("billing-api"))
    assert set(titles("ord")) == {"orders-api", "orders-db"}
    assert titles("ord api") == ["orders-api"]
    assert titles("database ord") == ["orders-db"]
    assert titles("orders mail") == []


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        *[("web-shop", "web-shop"), ("webshop", "web-shop"), ("web shop", "web-shop"), ("WebSh", "web-shop")],
        *[("gateway", "PaymentGateway"), ("paymentgateway", "PaymentGateway")],
        *[
            ("orders.db", "orders.db"),
            ("db", "orders.db"),
            ("naive", "Naïve Résumé"),
            ("RESUME", "Naïve Résumé"),
        ],
        *[
            ("支付", "支付服务"),
            ("服务", "支付服务"),
            ("付", "支付服务"),
            ("משלמ", "תשלום משלמים"),
            ("مدفوع", "مدفوعات"),
        ],
        *[("🚀", "🚀 launch"), ("c++", "compiler"), ("हिन्दी", "हिन्दी")],
    ],
)
def test_names_are_found_as_people_write_them(catalog: Any, titles: Titles, typed: str, found: str) -> None:
    catalog(
        *(thing("web-shop"), thing("PaymentGateway"), thing("orders.db"), thing("r", title="Naïve Résumé")),
        *(thing("pay", title="支付服务"), thing("he", title="תשלום משלמים"), thing("ar", title="مدفوعات")),
        *(thing("l", title="🚀 launch"), thing("compiler", tags="[c++]"), thing("hi", title="हिन्दी")),
    )
    assert titles(typed) == [found]


@pytest.mark.parametrize(
    "typed",
    ["paymnets", "paymentss", "payment", "oayments", "paynents", "pyments", "paymens gatway", "paymet"],
)
def test_a_slip_of_the_finger_is_forgiven_when_nothing_is_found(
    catalog: Any, titles: Titles, typed: str
) -> None:
    catalog(thing("payments-gateway"), thing("kafka-bridge"))
    assert titles(typed) == ["payments-gateway"]


def test_what_is_there_is_never_corrected_and_what_is_too_far_is_not_found(
    catalog: Any, titles: Titles
) -> None:
    catalog(thing("auth-proxy"), thing("auto-scaler"), thing("payments-2"))
    assert titles("auth") == ["auth-proxy"]
    assert titles("kubernetes") == []
    assert titles("cat") == []
    assert titles("payments-3") == []


def test_a_word_that_only_hidden_entities_have_is_no_hint(catalog: Any) -> None:
    catalog(thing("secret-falcon", owner="team-b"), thing("falcons-nest", owner="team-a"))
    mine = Subject(
        *("service", "token:a", frozenset({"*"})),
        conditions={
            "catalog.entity.read": {"rule": "HAS_SPEC", "params": {"key": "owner", "value": "team-a"}}
        },
    )
    everything = Subject("service", "token:b", frozenset({"*"}))
    nothing = Subject("service", "token:c", frozenset({"search.query.read"}))
    for term in ("falcon", ""):
        assert (find(Wanted(term), mine).total, find(Wanted(term), nothing).total) == (1, 0)
    assert find(Wanted("falcon"), everything).total == 2
    assert find(Wanted("secret"), mine).total == 0
    assert find(Wanted("secrte"), mine).total == 0


def test_types_and_filters(catalog: Any, titles: Titles, search: Callable[..., Any]) -> None:
    catalog(
        thing("orders"),
        thing("orders-db", kind="Resource", type_="database", owner="team-b"),
        thing("orders-lib", type_="library", lifecycle="experimental", namespace="team-b"),
    )
    assert titles("orders", **{"filters[kind]": "component"}) == ["orders", "orders-lib"]
    assert titles("orders", **{"filters[kind]": ["Component", "Resource"], "filters[owner]": "team-b"}) == [
        "orders-db"
    ]
    either = titles("", **{"filters[type][0]": "library", "filters[type][1]": "database"})
    assert set(either) == {"orders-lib", "orders-db"}
    assert titles("", **{"filters[namespace]": "team-b", "filters[lifecycle]": "experimental"}) == [
        "orders-lib"
    ]
    assert titles("", **{"filters[kind]": "", "filters[componentType]": "service"}) == ["orders"]
    assert titles("", **{"filters[kind]": "it's \\ 'a' & | !"}) == []
    assert titles("orders", types="techdocs") == []
    assert search("orders", **{"types[]": ["techdocs", "software-catalog"]})["numberOfResults"] == 3


def test_pages_meet_each_result_once_both_ways(catalog: Any, search: Callable[..., Any]) -> None:
    catalog(*(thing(f"parcel-{number:02}") for number in range(12)))
    for term in ("parcel", ""):
        seen, cursor = [], ""
        while True:
            answer = search(term, pageLimit=5, pageCursor=cursor, **{"filters[kind]": "Component"})
            assert answer["numberOfResults"] == 12
            seen.append([(one["rank"], one["document"]["title"]) for one in answer["results"]])
            if "nextPageCursor" not in answer:
                break
            cursor = answer["nextPageCursor"]
        assert [len(page) for page in seen] == [5, 5, 2]
        assert [rank for page in seen for rank, _ in page] == list(range(1, 13))
        assert len({title for page in seen for _, title in page}) == 12
        back = []
        while "previousPageCursor" in answer:
            answer = search(
                term, pageLimit=5, pageCursor=answer["previousPageCursor"], **{"filters[kind]": "Component"}
            )
            back.append([(one["rank"], one["document"]["title"]) for one in answer["results"]])
        assert back == seen[-2::-1]


def test_a_page_behind_the_last_one_is_empty_and_tells_the_total(
    catalog: Any, search: Callable[..., Any]
) -> None:
    catalog(thing("orders"))
    behind = base64.b64encode(b"999999999").decode()
    for term in ("orders", "ordres", ""):
        answer = search(term, pageCursor=behind, **{"filters[kind]": "Component"})
        assert (answer["results"], answer["numberOfResults"]) == ([], 1)


@pytest.mark.parametrize("query", ["pageLimit=101", "pageLimit=-1", "pageLimit=x", "pageLimit=1e9", "types=x",
                                   "filters[nope]=1", "filters=1", "filters[kind][a]=1", "term=" + "x" * 10_000])  # fmt: skip
def test_what_cannot_be_answered_says_so(api: Any, query: str) -> None:
    answer = api.get(f"/api/search/query?{query}")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["name"] == "InputError"
    assert error["message"].startswith("Invalid query string: [")


@pytest.mark.parametrize(
    "term",
    [
        *[
            "a\x00b",
            "'",
            "''",
            "\\",
            "\\'",
            "a' | 'b",
            "!a & (b",
            "a:*",
            ":*",
            "a:A",
            "<->",
            "a <2> b",
            "%",
            "_",
            "*",
        ],
        *[
            "(",
            ")",
            "&&&",
            "\u202eorders",
            "e\u0301",
            "\U0001d560\U0001d563",
            "orders\u200b",
            "🙈🙉🙊",
            "支" * 100,
            "a " * 50,
            "@@@",
        ],
        *["a@b", "=orders", "kind=component", "is=techdocs", "-", "\ufffd", "\ud7ff", "x" * 100],
    ],
)
def test_any_text_is_a_search(catalog: Any, search: Callable[..., Any], term: str) -> None:
    catalog(thing("orders", description="a b it's"))
    assert search(term, **{"filters[kind]": "Component"})["numberOfResults"] in {0, 1}


def test_other_parameters_and_empty_ones_pass(catalog: Any, search: Callable[..., Any]) -> None:
    catalog(thing("orders"))
    assert (
        search("orders", pageCursor="", pageLimit="", types="", _="1", filters2="x")["numberOfResults"] == 1
    )
    assert search("orders", pageCursor="not a cursor")["results"][0]["rank"] == 1


def test_highlights_mark_what_was_found_and_nothing_else(catalog: Any, search: Callable[..., Any]) -> None:
    text = "<b>Orders</b> & more. " + "filler " * 60 + "at last the parcel arrives"
    catalog(thing("orders-api", description=text))
    first, second = (search("orders api")["results"][0]["highlight"] for _ in range(2))
    pre, post = first["preTag"], first["postTag"]
    assert pre != second["preTag"]
    assert post == f"</{pre[1:]}"
    assert first["fields"]["title"] == f"{pre}orders{post}-{pre}api{post}"
    assert first["fields"]["text"].startswith(f"<b>{pre}Orders{post}</b> & more. filler")
    assert len(first["fields"]["text"].split()) < 40
    assert first["fields"]["location"] == "/catalog/default/component/orders-api"
    far = search("parcel")["results"][0]["highlight"]
    assert f"{far['preTag']}parcel{far['postTag']} arrives" in far["fields"]["text"]
    assert search("")["results"][0]["highlight"]["fields"] == {}


def test_a_common_word_is_ranked_within_a_window_that_holds_its_namesake(
    catalog: Any, search: Callable[..., Any]
) -> None:
    catalog(
        *(thing(f"parcel-{number}") for number in range(WINDOW + 10)),
        thing("parcel", kind="Resource", type_="database"),
    )
    answer = search("parcel")
    assert answer["results"][0]["document"]["title"] == "parcel"
    assert answer["numberOfResults"] in {WINDOW, WINDOW + 1}
    assert search("", **{"filters[owner]": "team-a"})["numberOfResults"] == WINDOW + 11


@pytest.mark.parametrize("query", ["term=orders", "term=", "term=ordrse", "term=zzzzzz"])
def test_a_search_costs_few_queries(
    catalog: Any, api: Any, query: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    catalog(*(thing(f"orders-{number}") for number in range(30)))
    api.get("/api/search/query")
    with django_assert_max_num_queries(4 if query in {"term=orders", "term="} else 6):
        assert api.get(f"/api/search/query?{query}&pageLimit=100").status_code == 200


def test_who_may_search(catalog: Any, as_role: Callable[..., Api], web: FileServer) -> None:
    catalog(thing("orders"))
    assert as_role("viewer").get("/api/search/query?term=orders").json()["numberOfResults"] == 1
    _, other = create_token(name="x", scopes=["catalog.entity.read"], by=System("system:tests"))
    assert Api(other).get("/api/search/query").status_code == 403
    _, blind = create_token(name="y", scopes=["search.query.read"], by=System("system:tests"))
    assert Api(blind).get("/api/search/query?term=orders").json()["numberOfResults"] == 0
