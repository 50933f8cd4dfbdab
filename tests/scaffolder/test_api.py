"""Runs and templates over HTTP: refusals, lists, events."""

import threading
from typing import Any

import pytest

from core.leases import LEASE
from scaffolder.api.streams import Seat
from scaffolder.tasks import execute_run
from tests.conftest import Api
from tests.scaffolder.conftest import TASKS, Workshop

pytestmark = pytest.mark.django_db
LOG: list[dict[str, Any]] = [{"id": "log", "action": "debug:log", "input": {"message": "hello"}}]


def test_permissions_of_the_roles(workshop: Workshop, as_role: Any) -> None:
    ref = workshop.offer("log", LOG)
    run_id = workshop.start(ref)
    viewer, developer = as_role("viewer"), as_role("developer")
    body = {"templateRef": ref, "values": {}}
    assert viewer.get(f"{TASKS}/{run_id}").status_code == 200
    assert viewer.get("/api/scaffolder/v2/actions").status_code == 200
    assert viewer.post(TASKS, body).status_code == 403
    assert viewer.post(f"{TASKS}/{run_id}/cancel").status_code == 403
    assert developer.post(TASKS, body).status_code == 201
    assert developer.post(f"{TASKS}/{run_id}/cancel").status_code == 200


def test_a_run_in_somebodys_name(workshop: Workshop, as_role: Any) -> None:
    ref = workshop.offer("log", LOG)
    ana = as_role("developer", acts_for="user:default/ana")
    run_id = ana.post(TASKS, {"templateRef": ref, "values": {}}).json()["id"]
    task = ana.get(f"{TASKS}/{run_id}").json()
    assert task["createdBy"] == "user:default/ana"
    assert task["spec"]["user"] == {"ref": "user:default/ana"}
    listed = ana.get(TASKS, {"createdBy": "user:default/ana"}).json()
    assert [one["id"] for one in listed["tasks"]] == [run_id]
    assert listed["totalTasks"] == 1


def test_a_list_in_pages_and_orders(workshop: Workshop, api: Api) -> None:
    ref = workshop.offer("log", LOG)
    ids = [workshop.start(ref) for _ in range(3)]
    assert [one["id"] for one in api.get(TASKS, {"limit": 2}).json()["tasks"]] == ids[:0:-1]
    assert [one["id"] for one in api.get(TASKS, {"limit": 2, "offset": 2}).json()["tasks"]] == ids[:1]
    assert [one["id"] for one in api.get(TASKS, {"order": "asc:created_at"}).json()["tasks"]] == ids
    execute_run(ids[0])
    assert api.get(TASKS, {"status": "completed"}).json()["totalTasks"] == 1
    assert api.get(TASKS, {"status": ["completed", "open"]}).json()["totalTasks"] == 3


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"values": {}}, "'templateRef'"),
        ({"templateRef": "x"}, "'values'"),
        ({"templateRef": 3, "values": {}}, "templateRef must be string"),
        ({"templateRef": "x", "values": []}, "values must be object"),
        ({"templateRef": "x", "values": {}, "secrets": ["a"]}, "secrets must be an object of strings"),
        ({"templateRef": "component:default/x", "values": {}}, "only 'Template' kind"),
        ({"templateRef": "", "values": {}}, "must not be empty"),
    ],
)
def test_bodies_that_are_refused(api: Api, body: dict[str, Any], says: str) -> None:
    answer = api.post(TASKS, body)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]


def test_values_are_checked_and_defaults_are_not_filled_in(workshop: Workshop, api: Api) -> None:
    parameters = {
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
            "size": {"type": "integer", "minimum": 1, "maximum": 3, "default": 2},
            "kind": {"enum": ["a", "b"]},
        },
    }
    ref = workshop.offer("form", LOG, parameters=[parameters])
    bad = api.post(TASKS, {"templateRef": ref, "values": {"name": "toolong", "size": 9, "kind": "c"}}).json()[
        "errors"
    ]
    assert [(one["property"], one["message"], one["argument"]) for one in bad] == [
        ("instance.name", "does not meet maximum length of 5", 5),
        ("instance.size", "must be less than or equal to 3", 3),
        ("instance.kind", "is not one of enum values: a,b", ["a", "b"]),
    ]
    run_id = workshop.start(ref, {"name": "abc", "more": 1})
    assert workshop.task(run_id)["spec"]["parameters"] == {"name": "abc", "more": 1}


def test_a_schema_that_would_fetch_another_is_refused(workshop: Workshop, api: Api) -> None:
    ref = workshop.offer("remote", LOG, parameters=[{"$ref": "http://127.0.0.1:1/schema.json"}])
    answer = api.post(TASKS, {"templateRef": ref, "values": {}})
    assert answer.status_code == 400
    assert "spec.parameters[0]" in answer.json()["error"]["message"]


def test_a_stream_tells_everything_and_ends(workshop: Workshop, api: Api) -> None:
    run_id = workshop.run(workshop.offer("log", LOG))
    answer = api.get(f"{TASKS}/{run_id}/eventstream")
    assert answer.headers["Content-Type"] == "text/event-stream"
    text = b"".join(answer.streaming_content).decode()
    frames = text.removesuffix("\n\n").split("\n\n")
    assert frames[0].startswith("event: log\ndata: {")
    assert frames[-1].startswith("event: completion\n")
    only = b"".join(api.get(f"{TASKS}/{run_id}/eventstream?after=999999").streaming_content).decode()
    assert only.count("event: ") == 1
    assert only.startswith("event: completion\n")
    assert Seat._taken == 0


@pytest.mark.django_db(transaction=True)
def test_streams_beyond_the_seats_are_sent_away(workshop: Workshop, api: Api, settings: Any) -> None:
    settings.GREENROOM_STREAMS = 1
    run_id = workshop.start(workshop.offer("log", LOG))
    first = api.get(f"{TASKS}/{run_id}/eventstream")
    second = api.get(f"{TASKS}/{run_id}/eventstream")
    assert second.status_code == 503
    assert second.headers["Retry-After"]
    first.close()
    third = api.get(f"{TASKS}/{run_id}/eventstream")
    assert third.status_code == 200
    third.close()
    assert Seat._taken == 0


@pytest.mark.django_db(transaction=True)
def test_a_stream_follows_a_run_while_it_works(workshop: Workshop, api: Api) -> None:
    run_id = workshop.start(
        workshop.offer("log", [*LOG, {"action": "debug:wait", "input": {"milliseconds": 50}}])
    )
    frames = iter(api.get(f"{TASKS}/{run_id}/eventstream").streaming_content)
    worker = threading.Thread(target=_in_thread, args=[run_id])
    worker.start()
    text = b"".join(frames).decode()
    worker.join(LEASE.total_seconds())
    assert text.count("event: completion") == 1
    assert "Finished step debug:wait" in text


@pytest.mark.django_db(transaction=True)
def test_a_long_poll_waits_for_the_first_event(workshop: Workshop, api: Api) -> None:
    run_id = workshop.start(workshop.offer("log", LOG))
    worker = threading.Thread(target=_in_thread, args=[run_id])
    worker.start()
    events = api.get(f"{TASKS}/{run_id}/events").json()
    worker.join(LEASE.total_seconds())
    assert events[0]["body"]["message"] == "Starting up task with 1 steps"


def _in_thread(run_id: str) -> None:
    from django.db import connection

    try:
        execute_run(run_id)
    finally:
        connection.close()


def test_ids_that_are_none(api: Api) -> None:
    for text in ("nope", "00000000-0000-0000-0000-000000000000"):
        for call, path in (
            (api.get, ""),
            (api.get, "/events"),
            (api.get, "/eventstream"),
            (api.post, "/cancel"),
        ):
            answer = call(f"{TASKS}/{text}{path}")
            assert answer.status_code == 404, path
            assert answer.json()["error"]["message"] == f"No task with id '{text}' found"


def test_actions_are_listed_by_id(api: Api) -> None:
    actions = api.get("/api/scaffolder/v2/actions").json()
    ids = [action["id"] for action in actions]
    assert ids == sorted(ids)
    assert {"fetch:template", "publish:local", "catalog:register", "debug:wait"} <= set(ids)
    assert all(action["schema"]["input"]["type"] == "object" for action in actions)
