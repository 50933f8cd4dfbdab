"""The same request twice is one run; another one under the same key is refused."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from core.audit import AuditEvent
from scaffolder.models import Run
from tests.conftest import Api
from tests.scaffolder.conftest import TASKS, Workshop

LOG = [{"id": "log", "action": "debug:log", "input": {"message": "hello"}}]


def ask(api: Api, body: dict[str, Any], key: str | None) -> Any:
    """A start with this header, without the comparison with the description that all others have."""
    headers = {} if key is None else {"Idempotency-Key": key}
    return api.client.post(TASKS, json.dumps(body), content_type="application/json", headers=headers)


@pytest.fixture
def body(workshop: Workshop) -> dict[str, Any]:
    return {"templateRef": workshop.offer("log", LOG), "values": {"name": "a"}, "secrets": {"key": "hidden"}}


@pytest.mark.django_db
def test_the_same_request_is_one_run(api: Api, body: dict[str, Any]) -> None:
    first = ask(api, body, "key-1")
    second = ask(api, body, "key-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert Run.objects.count() == 1
    assert AuditEvent.objects.filter(verb="started").count() == 1
    assert ask(api, body, "key-2").json() != first.json()
    assert ask(api, body, None).json() != ask(api, body, None).json()
    assert Run.objects.count() == 4


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"values": {"name": "b"}}, {"secrets": {"key": "other"}}, {"secrets": {}}]
)
def test_the_key_of_another_request_is_refused(
    api: Api, body: dict[str, Any], change: dict[str, Any]
) -> None:
    first = ask(api, body, "key-1").json()["id"]
    answer = ask(api, body | change, "key-1")
    assert answer.status_code == 409
    message = answer.json()["error"]["message"]
    assert first in message
    assert "use a new key" in message
    assert "hidden" not in message
    assert Run.objects.count() == 1


@pytest.mark.django_db
def test_a_key_belongs_to_who_used_it(as_role: Callable[..., Api], body: dict[str, Any]) -> None:
    ana, ben = (as_role("developer", acts_for=f"user:default/{name}") for name in ("ana", "ben"))
    assert ask(ana, body, "key-1").json() != ask(ben, body | {"values": {"name": "b"}}, "key-1").json()
    assert sorted(Run.objects.values_list("created_by", flat=True)) == [
        "user:default/ana",
        "user:default/ben",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "schlüssel"])
def test_a_key_that_cannot_be_kept_is_refused(api: Api, body: dict[str, Any], key: str) -> None:
    answer = ask(api, body, key)
    assert answer.status_code == 400
    assert "Idempotency-Key must be 1 to 255 printable ASCII characters" in answer.json()["error"]["message"]
    assert not Run.objects.exists()


@pytest.mark.django_db
def test_a_key_is_remembered_for_a_day(api: Api, body: dict[str, Any]) -> None:
    first = ask(api, body, "key-1").json()
    Run.objects.update(created_at=timezone.now() - timedelta(hours=23))
    assert ask(api, body, "key-1").json() == first
    Run.objects.update(created_at=timezone.now() - timedelta(hours=25))
    later = ask(api, body | {"values": {}}, "key-1")
    assert later.status_code == 201
    assert later.json() != first
    assert Run.objects.get(pk=first["id"]).request_key == ""


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_one_run(api: Api, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked for the key before either has made its run."""
    from scaffolder import actions

    both, answers = threading.Barrier(2, timeout=20), []
    real = actions.versions.record

    def meets(*args: Any) -> Any:
        both.wait()
        return real(*args)

    monkeypatch.setattr(actions.versions, "record", meets)

    def start() -> None:
        try:
            answers.append(ask(Api(api.secret), body, "key-1"))
        finally:
            connection.close()

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [answer.status_code for answer in answers] == [201, 201], [one.content for one in answers]
    assert answers[0].json() == answers[1].json()
    assert Run.objects.count() == 1
    assert AuditEvent.objects.filter(verb="started").count() == 1
