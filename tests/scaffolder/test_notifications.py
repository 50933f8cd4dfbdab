"""notification:send through whole runs, and what the person it is for reads over REST."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from scaffolder.models import Effect, Run
from scaffolder.notifications.models import Notification
from scaffolder.notifications.sweeps import KEPT, remove_old
from scaffolder.rollback.actions import roll_back
from scaffolder.rollback.models import Rollback
from scaffolder.rollback.runner import execute as take_back
from scaffolder.tasks import execute_run
from tests.conftest import Api
from tests.scaffolder.conftest import BY, TASKS, Workshop

pytestmark = pytest.mark.django_db

LIST, UPDATE, STATUS = (
    f"/api/notifications/{one}" for one in ("notifications", "notifications/update", "status")
)
ANA, BO, CY = "user:default/ana", "user:default/bo", "user:default/cy"


@pytest.fixture
def organisation(catalog_files: Callable[[Path], str], tmp_path: Path) -> None:
    """Platform has ana and, below it, a team with bo; cy is nobody's; a component is platform's."""
    documents: list[dict[str, Any]] = [
        {"kind": "Group", "metadata": {"name": "platform"}, "spec": {"type": "team", "children": []}},
        {"kind": "Group", "metadata": {"name": "web"}, "spec": {"type": "team", "parent": "platform", "children": []}},
        {"kind": "Group", "metadata": {"name": "empty"}, "spec": {"type": "team", "children": []}},
        {"kind": "User", "metadata": {"name": "ana"}, "spec": {"memberOf": ["platform"]}},
        {"kind": "User", "metadata": {"name": "bo"}, "spec": {"memberOf": ["web"]}},
        {"kind": "User", "metadata": {"name": "cy"}, "spec": {"memberOf": []}},
        {"kind": "System", "metadata": {"name": "shop"}, "spec": {"owner": "platform"}},
    ]  # fmt: skip
    file = tmp_path / "organisation.yaml"
    file.write_text(
        "\n---\n".join(json.dumps({"apiVersion": "backstage.io/v1alpha1", **one}) for one in documents)
    )
    catalog_files(file)


def step(**given: Any) -> dict[str, Any]:
    return {"id": "tell", "action": "notification:send", "input": {"title": "Ready", **given}}


def sent(workshop: Workshop, *steps: dict[str, Any], **more: Any) -> str:
    """The id of a run of these steps, which ended well."""
    run_id = workshop.run(workshop.offer(f"tell-{uuid.uuid4().hex[:8]}", list(steps)), **more)
    assert workshop.task(run_id)["status"] == "completed", workshop.messages(run_id)
    return run_id


def refused(workshop: Workshop, one: dict[str, Any]) -> str:
    run_id = workshop.run(workshop.offer(f"tell-{uuid.uuid4().hex[:8]}", [one]))
    return str(workshop.completion(run_id)["error"]["message"])


def titles(api: Api, query: str = "") -> list[str]:
    answer = api.get(f"{LIST}{query}")
    assert answer.status_code == 200, answer.content
    return [one["payload"]["title"] for one in answer.json()["notifications"]]


@pytest.fixture
def people(as_role: Callable[..., Api]) -> dict[str, Api]:
    return {ref: as_role("viewer", acts_for=ref) for ref in (ANA, BO, CY)}


@pytest.mark.parametrize(
    ("refs", "reached"),
    [
        (["group:default/platform"], [ANA, BO]),
        (["Group:default/Web", BO], [BO]),
        (["system:default/shop"], [ANA, BO]),
        ([CY], [CY]),
        (["group:default/empty"], []),
    ],
)
def test_it_reaches_whom_it_names_and_nobody_else(
    organisation: None, workshop: Workshop, people: dict[str, Api], refs: list[str], reached: list[str]
) -> None:
    sent(workshop, step(recipients="entity", entityRefs=refs))
    assert [ref for ref, api in people.items() if titles(api) == ["Ready"]] == reached
    assert Notification.objects.count() == len(reached)


def test_a_notification_has_the_contracts_form(workshop: Workshop, people: dict[str, Api]) -> None:
    sent(
        workshop,
        step(
            recipients="broadcast",
            info="All of it",
            link="/catalog",
            severity="high",
            topic="news",
            scope="s",
        ),
    )
    answer = people[ANA].get(LIST).json()
    (shown,) = answer["notifications"]
    assert answer["totalCount"] == 1
    assert shown["created"].endswith("Z")
    assert people[ANA].get(f"{LIST}/{shown['id']}").json() == shown
    assert people[ANA].get(f"/api/notifications/{shown['id']}").json() == shown
    del shown["id"], shown["created"]
    assert shown == {
        "user": None,
        "saved": None,
        "read": None,
        "updated": None,
        "origin": "plugin:scaffolder",
        "payload": {
            "title": "Ready",
            "description": "All of it",
            "link": "/catalog",
            "topic": "news",
            "severity": "high",
            "scope": "s",
            "icon": None,
        },
    }


def test_reading_a_broadcast_is_ones_own(workshop: Workshop, people: dict[str, Api]) -> None:
    sent(workshop, step(recipients="broadcast"))
    ana, bo = people[ANA], people[BO]
    id_ = ana.get(LIST).json()["notifications"][0]["id"]
    (updated,) = ana.post(UPDATE, {"ids": [id_, "nope"], "read": True, "saved": True}).json()
    assert updated["read"]
    assert updated["saved"]
    assert ana.get(STATUS).json() == {"unread": 0, "read": 1}
    assert bo.get(STATUS).json() == {"unread": 1, "read": 0}
    assert titles(ana, "?read=false") == titles(bo, "?saved=true") == []
    assert titles(ana, "?saved=true") == titles(bo, "?read=false") == ["Ready"]
    (back,) = ana.post(UPDATE, {"ids": [id_], "read": False}).json()
    assert back["read"] is None
    assert back["saved"] == updated["saved"]


def test_a_notification_of_somebody_else_is_not_there(workshop: Workshop, people: dict[str, Api]) -> None:
    sent(workshop, step(recipients="entity", entityRefs=[ANA]))
    id_ = people[ANA].get(LIST).json()["notifications"][0]["id"]
    assert people[BO].get(f"{LIST}/{id_}").status_code == 404
    assert people[BO].post(UPDATE, {"ids": [id_], "read": True}).json() == []
    assert people[ANA].get(STATUS).json() == {"unread": 1, "read": 0}
    assert people[BO].get(f"{LIST}/nope").status_code == 404


def test_a_service_has_no_notifications(api: Api) -> None:
    for path in (LIST, STATUS, "/api/notifications/topics"):
        answer = api.get(path)
        assert answer.status_code == 403
        assert answer.json()["error"]["message"] == "This endpoint does not allow 'service' credentials"


def test_lists_are_filtered_ordered_cut_and_cost_the_same(
    workshop: Workshop, people: dict[str, Api], django_assert_max_num_queries: Any
) -> None:
    sent(
        workshop,
        *(
            {
                **step(recipients="broadcast", title=f"Note {n}", severity=severity, topic=f"t{n % 2}"),
                "id": f"s{n}",
            }
            for n, severity in enumerate(["low", "normal", "high", "critical"])
        ),
    )
    ana = people[ANA]
    with django_assert_max_num_queries(4):
        assert titles(ana, "?orderField=title,asc") == ["Note 0", "Note 1", "Note 2", "Note 3"]
    assert titles(ana, "?minimumSeverity=high&orderField=title,asc") == ["Note 2", "Note 3"]
    assert titles(ana, "?search=note%202") == ["Note 2"]
    assert titles(ana, "?topic=t1&orderField=title,desc&limit=1") == ["Note 3"]
    assert titles(ana, "?orderField=title,asc&limit=2&offset=1") == ["Note 1", "Note 2"]
    assert ana.get(f"{LIST}?limit=0").json() == {"totalCount": 4, "notifications": []}
    assert titles(ana, "?createdAfter=2100-01-01T00:00:00Z") == []
    assert ana.get("/api/notifications/topics").json() == {"topics": ["t0", "t1"]}
    assert ana.get("/api/notifications/topics?minimumSeverity=critical").json() == {"topics": ["t1"]}
    for wrong in ("orderField=key,asc", "createdAfter=yesterday", "createdAfter=2026-13-01T00:00:00Z",
                  "minimumSeverity=all", "read=yes", "limit=-1"):  # fmt: skip
        assert ana.get(f"{LIST}?{wrong}").status_code == 400, wrong


@pytest.mark.parametrize(
    "body",
    [{}, {"ids": "x"}, {"ids": [1]}, {"ids": [], "read": "yes"}, {"ids": ["x"] * 201}],
    ids=["none", "text", "number", "read", "many"],
)
def test_an_update_that_is_wrong_is_refused(people: dict[str, Api], body: dict[str, Any]) -> None:
    answer = people[ANA].post(UPDATE, body)
    assert answer.status_code == 400
    assert "request/body" in answer.json()["error"]["message"]


def test_it_is_sent_once_however_often_the_step_is_done(workshop: Workshop, api: Api) -> None:
    run_id = sent(workshop, step(recipients="broadcast"))
    api.post(f"{TASKS}/{run_id}/retry", {})
    execute_run(run_id)
    assert Notification.objects.count() == 1


def test_what_is_sent_and_its_proof_are_there_together(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker dies as it notes the proof: nothing was sent, and whoever takes over sends it once."""
    from scaffolder.journal import Journal

    whole, deaths = Journal.prove, []

    def dying(self: Journal, kind: str, key: str, **details: Any) -> None:
        if not deaths:
            deaths.append(key)
            raise KeyboardInterrupt
        whole(self, kind, key, **details)

    monkeypatch.setattr(Journal, "prove", dying)
    run_id = workshop.start(workshop.offer("dies", [step(recipients="broadcast")]))
    with pytest.raises(KeyboardInterrupt):
        execute_run(run_id)
    assert Notification.objects.count() == 0
    Run.objects.filter(pk=run_id).update(lease_until=timezone.now() - timedelta(seconds=1))
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "completed"
    assert Notification.objects.count() == 1


def test_each_item_is_told(workshop: Workshop, people: dict[str, Api]) -> None:
    each = {**step(recipients="broadcast", title="${{ each.value }}"), "each": ["One", "Two"]}
    sent(workshop, each)
    assert titles(people[ANA], "?orderField=title,asc") == ["One", "Two"]


def test_a_newer_one_of_the_same_scope_takes_its_place_unread(
    workshop: Workshop, people: dict[str, Api]
) -> None:
    sent(workshop, step(recipients="entity", entityRefs=[ANA], scope="build"))
    first = people[ANA].get(LIST).json()["notifications"][0]
    people[ANA].post(UPDATE, {"ids": [first["id"]], "read": True})
    sent(workshop, step(recipients="entity", entityRefs=[ANA, BO], scope="build", title="Newer"))
    (shown,) = people[ANA].get(LIST).json()["notifications"]
    assert (shown["id"], shown["payload"]["title"], shown["read"]) == (first["id"], "Newer", None)
    assert shown["updated"]
    assert titles(people[BO]) == ["Newer"]


def test_taking_a_run_back_removes_what_nobody_read(workshop: Workshop, people: dict[str, Api]) -> None:
    other = sent(workshop, step(recipients="broadcast", title="Other"))
    run_id = sent(
        workshop,
        step(recipients="broadcast"),
        {**step(recipients="entity", entityRefs=[ANA], title="To ana"), "id": "ana"},
    )
    shown = people[BO].get(f"{LIST}?search=ready").json()["notifications"]
    people[BO].post(UPDATE, {"ids": [shown[0]["id"]], "read": True})
    personal = people[ANA].get(f"{LIST}?search=ana").json()["notifications"]
    people[ANA].post(UPDATE, {"ids": [personal[0]["id"]], "saved": True})
    roll_back(run=Run.objects.get(pk=run_id), by=BY)
    take_back(Rollback.objects.get(run_id=run_id).pk)
    assert set(Effect.objects.filter(run_id=run_id).values_list("state", flat=True)) == {"undone"}
    said = workshop.messages(run_id)
    for told in ("0 unread notifications are gone; 1 had", "1 unread notifications are gone; 0 had"):
        assert any(told in line for line in said), said
    assert sorted(titles(people[BO])) == ["Other", "Ready"]
    assert titles(people[ANA]) == titles(people[CY]) == ["Other"]
    assert people[CY].get(STATUS).json() == {"unread": 1, "read": 0}
    assert list(Notification.objects.filter(run_id=other).values_list("title", flat=True)) == ["Other"]


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", " JaVa\tScript:alert(1)", "data:text/html,x", "vbscript:x"]
)
def test_a_link_that_runs_a_script_is_refused(workshop: Workshop, link: str) -> None:
    assert "a link begins with https://" in refused(workshop, step(recipients="broadcast", link=link))
    assert not Notification.objects.exists()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"recipients": "entity"}, "entityRefs is missing"),
        ({"recipients": "entity", "entityRefs": []}, "entityRefs is missing"),
        ({"recipients": "entity", "entityRefs": ["group:default/gone"]}, "'group:default/gone' is not in the catalog"),
        ({"recipients": "entity", "entityRefs": ["ana"]}, "'ana' is no reference"),
        ({"recipients": "entity", "entityRefs": ["user:default/a"] * 101}, "100 at the most"),
        ({"recipients": "broadcast", "title": "a\0b"}, "title holds a character"),
        ({"recipients": "broadcast", "title": "x" * 256}, "maximum length"),
        ({"recipients": "all"}, "recipients"),
        ({"recipients": "broadcast", "severity": "loud"}, "severity"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_refused_with_the_way_out(
    workshop: Workshop, given: dict[str, Any], says: str
) -> None:
    assert says in refused(workshop, step(**given))
    assert not Notification.objects.exists()


def test_a_failure_may_be_allowed(workshop: Workshop) -> None:
    run_id = sent(workshop, step(recipients="entity", entityRefs=["group:default/gone"], optional=True))
    assert any("was not sent, which this step allows" in line for line in workshop.messages(run_id))


def test_a_secret_is_masked_in_what_people_read(workshop: Workshop, people: dict[str, Api]) -> None:
    given = step(recipients="broadcast", title="T", info="${{ secrets.key }}", link="/x?${{ secrets.key }}")
    sent(workshop, given, secrets={"key": "hunter2-hunter2"})
    assert "hunter2" not in people[ANA].get(LIST).content.decode()
    assert not Notification.objects.filter(description__contains="hunter2").exists()


def test_old_ones_are_let_go_unless_saved(workshop: Workshop, people: dict[str, Api]) -> None:
    sent(
        workshop,
        *({**step(recipients="broadcast", title=name), "id": name} for name in ("Old", "Kept", "New")),
    )
    saved = people[ANA].get(f"{LIST}?search=Kept").json()["notifications"][0]["id"]
    people[ANA].post(UPDATE, {"ids": [saved], "saved": True})
    Notification.objects.exclude(title="New").update(sent_at=timezone.now() - KEPT - timedelta(seconds=1))
    remove_old()
    assert sorted(titles(people[ANA])) == ["Kept", "New"]
