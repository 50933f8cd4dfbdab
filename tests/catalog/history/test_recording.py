"""Each change of the catalog leaves one small revision: who, what, when, and a step back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from catalog.actions import delete_entity, ingest_now, remove_orphans
from catalog.history import STITCHED, Change, Revision, Verb, by_location, record
from catalog.history.delta import Unfit, delta, undo
from catalog.models import Entity, Location
from catalog.problems import Refused
from core.api.subjects import System
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, group, several

TESTS = System("system:tests")


def register(api: Any, url: str) -> Location:
    answer = api.post("/api/catalog/locations", {"type": "url", "target": url})
    assert answer.status_code == 201, answer.content
    return Location.objects.get(pk=answer.json()["location"]["id"])


def told(ref: str) -> list[tuple[str, str]]:
    """What happened to an entity and why, oldest first."""
    rows = Revision.objects.filter(ref=ref).order_by("number")
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    return [(Verb(row.verb).label, row.cause) for row in rows]


def test_every_change_is_told_with_its_cause(api: Any, web: FileServer, settings: Any) -> None:
    place = register(api, web.put("a.yaml", several(component("web"), group("team-a"))))
    by_place = by_location(place.pk)
    ingest_now(place)
    web.put("a.yaml", several(component("web", owner="team-b"), group("team-a")))
    ingest_now(place)
    assert told("component:default/web") == [("created", by_place), ("changed", by_place)]
    assert told("group:default/team-a") == [("created", by_place), ("changed", STITCHED)]

    web.put("a.yaml", several(component("web").replace("type: service", "type: 7"), group("team-a")))
    with pytest.raises(Refused):
        ingest_now(place)
    web.put("a.yaml", group("team-a"))
    ingest_now(place)
    web.put("a.yaml", several(component("web"), group("team-a")))
    ingest_now(place)
    delete_entity(str(Entity.objects.get(name="web").uid), by=TESTS)
    ingest_now(place)
    assert told("component:default/web")[2:] == [
        ("broken", by_place),
        ("orphaned", by_place),
        ("restored", by_place),
        ("deleted", TESTS.ref),
        ("created", by_place),
    ]


def test_what_the_grace_period_removes_and_what_is_unregistered_is_told(
    api: Any, web: FileServer, settings: Any
) -> None:
    place = register(api, web.put("a.yaml", several(component("web"), component("db"))))
    ingest_now(place)
    web.put("a.yaml", component("db"))
    ingest_now(place)
    settings.GREENROOM_ORPHAN_GRACE = settings.GREENROOM_ORPHAN_GRACE * 0
    assert remove_orphans(by=TESTS) == 1
    assert told("component:default/web")[-1] == ("deleted", TESTS.ref)
    api.delete(f"/api/catalog/locations/{place.pk}")
    assert [verb for verb, _ in told("component:default/db")] == ["created", "deleted"]
    assert [verb for verb, _ in told(place.entity_ref)] == ["created", "deleted"]


def test_what_does_not_change_is_not_told(api: Any, web: FileServer, work: Callable[[], None]) -> None:
    register(api, web.put("a.yaml", component("web")))
    work()
    count = Revision.objects.count()
    web.put("a.yaml", component("web") + "# a remark\n")
    work()
    assert Revision.objects.count() == count


def test_one_relation_more_of_a_thousand_is_kept_in_a_few_bytes(api: Any, web: FileServer) -> None:
    crowd = [component(f"service-{number:04}") for number in range(1_000)]
    place = register(api, web.put("a.yaml", several(group("team-a"), *crowd)))
    ingest_now(place)
    other = register(api, web.put("b.yaml", component("newcomer")))
    ingest_now(other)
    (revision,) = Revision.objects.filter(ref="group:default/team-a", cause=STITCHED)
    assert len(bytes(revision.step_back or b"")) < 150
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(pg_column_size(r)) / count(*) FROM catalog_revision r WHERE verb = 1")
        assert cursor.fetchone()[0] < 160


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "a"),
        ("a", ""),
        ("", ""),
        ("abc", "abd"),
        ("aé\U0001f600b", "aè\U0001f601b"),
        ("x" * 100_000, "x" * 50_000 + "y" + "x" * 50_000),
        ("one" * 30_000, "two" * 30_000),
        ('{"etag":"' + "1" * 40 + '","a":1}', '{"etag":"' + "2" * 40 + '","a":22}'),
    ],
)
def test_a_step_back_is_exact(before: str, after: str) -> None:
    step = delta(before, after)
    assert undo(after, step) == before
    assert undo(before, delta(after, before)) == after


def test_a_step_back_from_another_text_is_refused() -> None:
    step = delta("the quick brown fox jumps", "the slow brown fox jumps")
    for other in ("the slow brown cat jumps", "", "the slow brown fox jumps over"):
        with pytest.raises(Unfit):
            undo(other, step)
    for damaged in (b"", step[:6], b"\x09" + step[1:]):
        with pytest.raises(Unfit):
            undo("the slow brown fox jumps", damaged)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_is_one_moment_and_times_never_run_backwards() -> None:
    one, other = (Change(f"component:default/{name}", uuid4(), Verb.CREATED, None, "", "x") for name in "ab")
    with transaction.atomic():
        record([one])
        record([other, Change.between(one.ref, one.uid, "before", "after", "x")])
    assert Revision.objects.values("at").distinct().count() == 1
    ahead = timezone.now() + timedelta(hours=1)
    Revision.objects.filter(ref=one.ref).update(at=ahead)
    record([Change.between(change.ref, change.uid, "after", "later", "x") for change in (one, other)])
    assert list(Revision.objects.filter(ref=one.ref).order_by("number").values_list("number", "at")) == [
        (1, ahead),
        (2, ahead),
        (3, ahead),
    ]
    assert Revision.objects.get(ref=other.ref, number=2).at < ahead
