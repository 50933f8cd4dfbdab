"""Secrets are used where a step's input names them, and appear nowhere else: not in rows, answers, logs, files."""

import json
from typing import Any

import pytest
from django.db import connection

from scaffolder.models import Run
from tests.scaffolder.conftest import Workshop

pytestmark = pytest.mark.django_db

CANARY = 'canary-"4711\nend'
STEPS: list[dict[str, Any]] = [
    {
        "id": "log",
        "action": "debug:log",
        "input": {"message": "key=${{ secrets.key }} up=${{ secrets.key | upper }}"},
    },
    {
        "id": "write",
        "action": "catalog:write",
        "input": {"entity": {"metadata": {"name": "${{ secrets.key }}"}}},
    },
    {"id": "bad", "action": "fs:delete", "input": {"files": ["../${{ secrets.key }}"]}},
]
SCHEMA = {
    "schema": {
        "type": "object",
        "required": ["key"],
        "properties": {"key": {"type": "string", "minLength": 5}},
    }
}


def everything_stored() -> str:
    """The text of all rows that the scaffolder and the audit write."""
    with connection.cursor() as cursor:
        texts = []
        for table in ("run", "steprun", "runevent", "effect"):
            cursor.execute(f"SELECT t::text FROM scaffolder_{table} t")  # noqa: S608 - our own names
            texts += [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT t::text FROM core_auditevent t")
        return "\n".join([*texts, *(row[0] for row in cursor.fetchall())])


def test_no_secret_is_stored_or_said(workshop: Workshop, caplog: pytest.LogCaptureFixture) -> None:
    ref = workshop.offer("keep", STEPS, secrets=SCHEMA)
    run_id = workshop.start(ref, secrets={"key": CANARY})
    for place in (everything_stored(), caplog.text, json.dumps(workshop.task(run_id))):
        assert "canary" not in place.lower()
    from scaffolder.tasks import execute_run

    execute_run(run_id)
    for place in (
        everything_stored(),
        caplog.text,
        json.dumps([workshop.task(run_id), workshop.events(run_id)]),
    ):
        assert "canary" not in place.lower()
        assert "4711" not in place
    assert Run.objects.get(pk=run_id).secrets is None
    # the contract masks the whole text that was made from a secret
    assert '\u001b[32minfo\u001b[39m: {\n  "message": "***"\n}' in workshop.messages(run_id)


def test_a_wrong_secret_is_refused_without_being_repeated(workshop: Workshop) -> None:
    ref = workshop.offer("keep", STEPS, secrets=SCHEMA)
    body = {"templateRef": ref, "values": {}, "secrets": {"key": "oops"}}
    answer = workshop.api.post("/api/scaffolder/v2/tasks", body)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["property"] == "secrets.key"
    assert error["instance"] == {}
    assert "oops" not in answer.content.decode()


def test_outputs_and_conditions_see_no_secrets(workshop: Workshop) -> None:
    steps = [{"id": "log", "if": "${{ secrets.key }}", "action": "debug:log", "input": {"message": "seen"}}]
    ref = workshop.offer("blind", steps, output={"key": "${{ secrets.key }}"})
    run_id = workshop.run(ref, secrets={"key": "topsecret"})
    assert workshop.output(run_id) == {}
    assert "Skipping step log because its if condition was false" in workshop.messages(run_id)
