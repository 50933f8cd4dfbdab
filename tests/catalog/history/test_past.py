"""The catalog as it was: one entity, lists, differences; asked through the API, compared with what it said then."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from catalog.actions import ingest_now, register
from catalog.history import Horizon, Revision
from catalog.history.retention import forget_before
from catalog.ingest.refresh import refresh
from catalog.models import Entity, Location, Relation
from catalog.sweeps import forget_old_history
from core.api.subjects import System
from identity.actions import create_token
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, group, several
from tests.conftest import Api

pytestmark = pytest.mark.django_db(transaction=True)  # one transaction is one moment
TESTS = System("system:tests")
LIST = "/api/v1/catalog/entities"
WEB = f"{LIST}/component/default/web"
QUESTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"kind": "Component"},
    {"filter": "spec.owner=one"},
    {"filter": ["relations.ownedby=group:default/two", "metadata.annotations.backstage.io/orphan=true"]},
    {"filter": "kind=group,relations.ownerOf"},
    {"filter": "metadata.tags.java"},
)


def now() -> str:
    return timezone.now().isoformat()


def ask(api: Api, path: str, **query: Any) -> Any:
    answer = api.get(path, query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def everything(api: Api, **query: Any) -> list[Any]:
    """All pages of a list."""
    items: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = ask(api, LIST, **query, **cursor)
        items += page["items"]
        if "nextCursor" not in page["pageInfo"]:
            return items
        cursor = {"cursor": page["pageInfo"]["nextCursor"]}


FILES = st.dictionaries(
    st.sampled_from(["web", "db", "job"]),
    st.tuples(st.sampled_from(["one", "two"]), st.sampled_from(["[java]", "[go, java]", "broken"])),
)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # making a failure smaller would take minutes
)
@given(steps=st.lists(st.tuples(FILES, st.sampled_from(["write", "delete", "unregister"])), max_size=6))
def test_each_moment_is_answered_as_it_was_then(
    api: Api, web: FileServer, steps: list[tuple[dict[str, tuple[str, str]], str]]
) -> None:
    for model in (Relation, Entity, Location, Revision):
        model.objects.all().delete()
    moments: list[tuple[str, list[Any]]] = [(now(), [everything(api, **query) for query in QUESTIONS])]
    for files, deed in steps:
        documents = [_document(name, *said) for name, said in files.items()]
        url = web.put("all.yaml", several(group("one"), group("two"), *documents))
        place = Location.objects.filter(target=url).first() or register("url", url, by=TESTS)
        refresh(str(place.pk))
        if deed == "delete" and (gone := Entity.objects.filter(kind__iexact="component").first()):
            api.delete(f"/api/catalog/entities/by-uid/{gone.uid}")
        elif deed == "unregister":
            api.delete(f"/api/catalog/locations/{place.pk}")
        moments.append((now(), [everything(api, **query) for query in QUESTIONS]))
    for moment, answers in moments:
        for query, items in zip(QUESTIONS, answers, strict=True):
            assert everything(api, as_of=moment, limit=3, **query) == items
    for (start, before), (end, after) in pairwise(moments):
        then, later = ({_ref(one): one for one in all_of[0]} for all_of in (before, after))
        net = {ref for ref in then.keys() | later.keys() if then.get(ref) != later.get(ref)}
        found = ask(api, "/api/v1/catalog/changes", **{"from": start, "to": end, "limit": 500})
        assert {one["ref"] for one in found["items"]} == net


def _document(name: str, owner: str, tags: str) -> str:
    text = component(name, owner).replace(f"  name: {name}\n", f"  name: {name}\n  tags: {tags}\n")
    return text.replace("  type: service\n", "") if tags == "broken" else text


def _ref(entity: dict[str, Any]) -> str:
    return f"{entity['kind']}:default/{entity['metadata']['name']}".lower()


@pytest.fixture
def story(api: Api, web: FileServer) -> list[str]:
    """Moments: before anything, after web came, after it changed owner, after it was deleted."""
    moments = [now()]
    place = register("url", web.put("a.yaml", several(component("web"), group("team-a"))), by=TESTS)
    ingest_now(place)
    moments.append(now())
    web.put("a.yaml", several(component("web", owner="team-b", system="shop"), group("team-a")))
    ingest_now(place)
    moments.append(now())
    api.delete(f"/api/catalog/entities/by-uid/{Entity.objects.get(name='web').uid}")
    moments.append(now())
    return moments


def test_one_entity_at_each_moment_also_when_it_is_gone(api: Api, story: list[str]) -> None:
    before, came, changed, gone = story
    assert ask(api, WEB, as_of=came)["spec"]["owner"] == "team-a"
    assert ask(api, WEB, as_of=changed)["spec"]["owner"] == "team-b"
    for moment in (before, gone):
        assert api.get(WEB, {"as_of": moment}).status_code == 404
    assert api.get(WEB).status_code == 404
    assert ask(api, f"{LIST}/Group/default/Team-A") == ask(api, f"{LIST}/group/default/team-a", as_of=gone)
    for path in (f"{LIST}/component/default/nobody", f"{LIST}/component/de%00fault/web"):
        for tail in ("", "/history", f"/diff?from={came.replace('+', '%2B')}"):
            assert api.get(path + tail).status_code == 404


def test_the_history_of_a_deleted_entity(api: Api, story: list[str]) -> None:
    place = Location.objects.get()
    found = ask(api, f"{WEB}/history")
    assert [(one["number"], one["verb"]) for one in found["items"]] == [
        (3, "deleted"),
        (2, "changed"),
        (1, "created"),
    ]
    deleted, changed, created = found["items"]
    assert deleted["cause"] == {"kind": "actor", "ref": "service:admin-service"}
    assert changed["cause"] == {"kind": "location", "id": str(place.pk), "location": str(place)}
    assert (created["changes"], created["moreChanges"]) == ([], 0)
    assert changed["changes"] == [
        {"path": "/spec/owner", "before": "team-a", "after": "team-b"},
        {"path": "/spec/system", "after": "shop"},
        {"path": "/relations/ownedBy", "before": ["group:default/team-a"], "after": ["group:default/team-b"]},
        {"path": "/relations/partOf", "after": ["system:default/shop"]},
    ]
    group_told = ask(api, f"{LIST}/group/default/team-a/history")["items"]
    assert [one["cause"]["kind"] for one in group_told] == ["stitched", "location"]
    api.delete(f"/api/catalog/locations/{place.pk}")
    assert ask(api, f"{WEB}/history")["items"][1]["cause"] == {"kind": "location", "id": str(place.pk)}


def test_history_comes_in_pages(
    api: Api, story: list[str], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    whole = ask(api, f"{WEB}/history")["items"]
    paged: list[Any] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        with django_assert_max_num_queries(14):
            page = ask(api, f"{WEB}/history", limit=1, **cursor)
        assert page["totalItems"] == 3
        paged += page["items"]
        cursor = {"cursor": page["pageInfo"].get("nextCursor", "")}
    assert paged == whole
    assert cursor == {"cursor": ""}


def test_what_differs_between_two_moments(api: Api, story: list[str]) -> None:
    before, came, changed, gone = story
    words = [
        ask(api, f"{WEB}/diff", **{"from": one, "to": other})["change"]
        for one, other in ((before, came), (came, changed), (changed, gone), (before, gone), (came, came))
    ]
    assert words == ["added", "changed", "removed", "none", "none"]
    told = ask(api, "/api/v1/catalog/changes", **{"from": came, "to": gone})
    assert [(one["ref"], one["change"]) for one in told["items"]] == [
        ("component:default/web", "removed"),
        ("group:default/team-a", "changed"),
    ]
    assert told["items"][1]["changes"] == [
        {"path": "/relations/ownerOf", "before": ["component:default/web"]}
    ]
    first = ask(api, "/api/v1/catalog/changes", **{"from": before, "limit": 1})
    rest = ask(api, "/api/v1/catalog/changes", **{"from": before, "cursor": first["pageInfo"]["nextCursor"]})
    assert rest["to"] == first["to"]
    assert [one["ref"].split(":")[0] for one in first["items"] + rest["items"]] == ["group", "location"]


def test_a_long_value_is_shown_in_part(api: Api, web: FileServer) -> None:
    described = component("web").replace("  name: web\n", "  name: web\n  description: {}\n")
    place = register("url", web.put("a.yaml", described.format("short")), by=TESTS)
    ingest_now(place)
    web.put("a.yaml", described.format("é" * 5_000))
    ingest_now(place)
    (told,) = ask(api, f"{WEB}/history")["items"][0]["changes"]
    assert (told["path"], told["before"], told["truncated"]) == ("/metadata/description", "short", True)
    assert len(told["after"].encode()) <= 1_003


def test_pages_of_the_past_have_a_query_budget(
    api: Api,
    web: FileServer,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    place = register(
        "url", web.put("a.yaml", several(*[component(f"c{number:03}") for number in range(150)])), by=TESTS
    )
    ingest_now(place)
    moment = now()
    web.put("a.yaml", several(*[component(f"c{number:03}", owner="other") for number in range(0, 150, 2)]))
    ingest_now(place)
    with django_assert_max_num_queries(22):
        page = ask(api, LIST, as_of=moment, limit=100, filter="spec.owner=team-a")
    assert len(page["items"]) == 100
    with django_assert_max_num_queries(22):
        ask(api, "/api/v1/catalog/changes", **{"from": moment, "limit": 100})


@pytest.mark.parametrize(
    ("path", "query", "says"),
    [
        (LIST, {"as_of": "yesterday"}, "RFC 3339"),
        (LIST, {"as_of": "2026-11-23T12:00:00"}, "with its offset"),
        (LIST, {"as_of": "2026-13-23T12:00:00Z"}, "RFC 3339"),
        (LIST, {"as_of": "0001-01-01T00:00:00+23:00"}, "RFC 3339"),
        (LIST, {"as_of": "2026-11-23T12:00:00Z", "owned_by": "team"}, "do not go together"),
        (LIST, {"as_of": "2026-11-23T12:00:00Z", "cursor": "e30"}, "Malformed cursor"),
        (f"{WEB}/diff", {}, "'from' is missing"),
        ("/api/v1/catalog/changes", {}, "'from' is missing"),
        (
            "/api/v1/catalog/changes",
            {"from": "2026-11-23T12:00:00Z", "to": "2026-11-23T11:00:00Z"},
            "exchange",
        ),
    ],
)
def test_what_cannot_be_asked(api: Api, path: str, query: dict[str, str], says: str) -> None:
    answer = api.get(path, query)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]


def test_an_offset_whose_plus_was_not_escaped_is_understood(api: Api, story: list[str]) -> None:
    assert api.get(f"{WEB}?as_of={story[1]}").status_code == 200
    assert "+" in story[1]
    moment = datetime.fromisoformat(story[1]).astimezone(UTC)
    assert ask(api, WEB, as_of=moment.strftime("%Y-%m-%dt%H:%M:%S.%fz"))["spec"]["owner"] == "team-a"


def test_old_history_is_let_go_and_the_rest_is_still_told(
    api: Api, story: list[str], settings: Settings
) -> None:
    group_path = f"{LIST}/group/default/team-a"
    settings.GREENROOM_HISTORY = None
    forget_old_history()
    assert not Horizon.objects.exists()
    changed = datetime.fromisoformat(story[2])
    assert forget_before(changed) == 3
    assert ask(api, WEB, as_of=story[2])["spec"]["owner"] == "team-b"
    assert [one["number"] for one in ask(api, f"{WEB}/history")["items"]] == [3]
    refused = api.get(group_path, {"as_of": story[1]})
    assert refused.status_code == 400
    assert "reaches back to" in refused.json()["error"]["message"]
    settings.GREENROOM_HISTORY = timedelta(0)
    forget_old_history()
    assert [one["number"] for one in ask(api, f"{group_path}/history")["items"]] == [2]
    assert api.get(f"{WEB}/history").status_code == 404
    assert Horizon.objects.count() == 1


def test_a_document_written_past_the_history_is_told_apart(
    api: Api, web: FileServer, work: Callable[[], None]
) -> None:
    register("url", web.put("a.yaml", component("web")), by=TESTS)
    work()
    web.put("a.yaml", component("web", owner="b"))
    work()
    Revision.objects.filter(ref="component:default/web", number=2).update(step_back=b"\x01" + bytes(8))
    answer = api.get(f"{WEB}/history")
    assert answer.status_code == 409
    assert "revision 2 of component:default/web" in answer.json()["error"]["message"]


def test_who_may_see_a_part_looks_back_at_that_part(api: Api, web: FileServer) -> None:
    owned = {"rule": "IS_ENTITY_OWNER", "params": {"claims": ["group:default/team-a"]}}
    conditions = {"catalog.entity.read": owned}
    _, secret = create_token(name="limited", role="viewer", by=TESTS, conditions=conditions)
    limited = Api(secret)
    first = [component("given"), component("gone"), component("kept"), component("lost", owner="b")]
    place = register("url", web.put("a.yaml", several(*first)), by=TESTS)
    ingest_now(place)
    moment = now()
    web.put("a.yaml", several(component("given", owner="b"), *first[1:]))
    ingest_now(place)
    for name in ("gone", "lost"):
        api.delete(f"/api/catalog/entities/by-uid/{Entity.objects.get(name=name).uid}")
    items = everything(limited, as_of=moment, limit=1)
    assert [one["metadata"]["name"] for one in items] == ["gone", "kept"]
    changes = ask(limited, "/api/v1/catalog/changes", **{"from": moment})["items"]
    assert [(one["ref"], one["change"]) for one in changes] == [("component:default/gone", "removed")]
    for name, status in (("given", 404), ("gone", 200), ("kept", 200), ("lost", 404)):
        for tail in ("/history", ""):
            path = f"{LIST}/component/default/{name}{tail}"
            assert limited.get(path, {} if tail else {"as_of": moment}).status_code == status, path
