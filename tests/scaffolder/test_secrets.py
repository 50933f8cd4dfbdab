"""Secrets are used where a step's input names them, and appear nowhere else: not in rows, answers, logs, files."""

import base64
import html
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from django.db import connection

from core.redaction import MASK
from scaffolder.masking import Masker
from scaffolder.models import Run
from scaffolder.spellings import LONGEST_ENCODED, spellings
from scaffolder.steps import ACTIONS
from scaffolder.steps.port import Action, StepContext, object_schema, text
from scaffolder.tasks import execute_run
from tests.scaffolder.conftest import Workshop
from tests.scaffolder.test_admin import signed_in
from tests.scaffolder.traps import Killed, run_out

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


SECRETS = {
    "key": CANARY,
    "pem": "-----BEGIN KEY-----\nMIIcanaryQ7+/\n-----END KEY-----\n",
    "address": "ca na/ry?&=ü",
}
WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "address": lambda text: quote(text, safe=""),
    "path": quote,
    "form": quote_plus,
    "lower codes": lambda text: re.sub("%..", lambda code: code[0].lower(), quote(text, safe="")),
    "JSON": lambda text: json.dumps({"a": text}),
    "JSON with its letters": lambda text: json.dumps([text], ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON with slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "Python": repr,
    "HTML": html.escape,
}


@pytest.mark.parametrize("how", WRITTEN)
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_masked_however_it_is_written(name: str, how: str) -> None:
    written = WRITTEN[how](SECRETS[name])
    shown = Masker(SECRETS).text(f"before {written} after")
    inside = written.strip("[]{}\"'").removeprefix('a": "')
    assert inside not in shown
    assert "canary" not in shown.lower()
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert MASK in shown


@pytest.mark.parametrize("user", ["a", "ab", "abc", "someone:"])
def test_a_secret_behind_a_name_in_base64_is_masked(user: str) -> None:
    """As in the header of basic authentication: where the secret starts moves by the name's length."""
    secret = "correct horse battery"
    written = base64.b64encode(f"{user}{secret}".encode()).decode()
    shown = Masker({"key": secret}).text(written)
    hidden = base64.b64decode(shown.replace(MASK, "").ljust(len(written), "A").encode() + b"===")
    assert MASK in shown
    assert b"horse" not in hidden


def test_each_line_of_a_secret_is_masked() -> None:
    masker = Masker({"pem": SECRETS["pem"]})
    assert masker.text("the key is MIIcanaryQ7+/ indeed") == "the key is *** indeed"


def test_short_secrets_and_what_is_short_of_them_blank_nothing() -> None:
    masker = Masker({"pin": "abc", "many": "no\nor\nif you"})
    said = "abc YWJj 616263 or no"
    assert masker.text(said) == said


def test_a_very_long_secret_is_masked_without_its_spellings() -> None:
    secret = "x" * (LONGEST_ENCODED + 1)
    assert len(list(spellings([secret]))) == 1
    assert Masker({"key": secret}).text(f"<{secret}>") == "<***>"


MAKES = object_schema(
    (),
    token=text("A token", format="password"),
    parts={"type": "array", "items": {"type": "string", "writeOnly": True}},
    name=text("A name"),
)


@pytest.fixture
def makes_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_ctx: StepContext, _given: dict[str, Any]) -> dict[str, Any]:
        return {"token": "made-canary-1", "parts": ["made-canary-2"], "name": "plain-name"}

    monkeypatch.setitem(ACTIONS, "test:makes", Action("test:makes", "", object_schema(), run, MAKES))


SAYS = {
    "id": "says",
    "action": "debug:log",
    "input": {"message": "${{ steps.make.output | dump }} ${{ parameters.plain }}"},
}


def test_secrets_that_a_step_makes_are_used_and_not_shown(workshop: Workshop, makes_secrets: None) -> None:
    steps = [{"id": "make", "action": "test:makes"}, SAYS]
    output = {"token": "${{ steps.make.output.token }}", "name": "${{ steps.make.output.name }}"}
    run_id = workshop.run(workshop.offer("makes", steps, output=output), {"plain": "plain-value"})
    assert workshop.output(run_id) == {"token": MASK, "name": "plain-name"}
    assert any("plain-name" in said and "plain-value" in said for said in workshop.messages(run_id))
    for place in (everything_stored(), json.dumps([workshop.task(run_id), workshop.events(run_id)])):
        assert "canary" not in place


def test_the_worker_that_takes_over_hides_what_the_first_one_hid(
    workshop: Workshop, makes_secrets: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has not seen the secrets being made, nor what was derived from those given."""
    derive = {
        "id": "derive",
        "action": "test:derive",
        "input": {"name": "${{ secrets.key | upper }}"},
    }

    def run(_ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
        return {"name": f"it is {given['name']}!", given["name"]: 1}

    schema = object_schema((), name=text("A name"))
    monkeypatch.setitem(ACTIONS, "test:derive", Action("test:derive", "", schema, run, schema))

    def dies(_ctx: StepContext, _given: dict[str, Any]) -> None:
        raise Killed

    monkeypatch.setitem(ACTIONS, "test:dies", Action("test:dies", "", object_schema(), dies))
    last = {**SAYS, "id": "last", "input": {"message": "${{ steps.derive.output.name.slice(6) }}"}}
    steps = [
        {"id": "make", "action": "test:makes"},
        derive,
        {"id": "dies", "action": "test:dies"},
        SAYS,
        last,
    ]
    run_id = workshop.start(workshop.offer("makes", steps), secrets={"key": "a-canary"})
    with pytest.raises(Killed):
        execute_run(run_id)
    assert "canary" not in everything_stored().lower()
    monkeypatch.setitem(ACTIONS, "test:dies", Action("test:dies", "", object_schema(), lambda *_: None))
    run_out(run_id)
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "completed"
    assert "\u001b[32minfo\u001b[39m: ***!" in workshop.messages(run_id)
    assert "canary" not in json.dumps([workshop.task(run_id), workshop.events(run_id)]).lower()
    assert "canary" not in everything_stored().lower()


def test_admin_pages_and_our_own_routes_show_no_secret(workshop: Workshop, makes_secrets: None) -> None:
    steps = [*STEPS[:2], {"id": "make", "action": "test:makes"}, SAYS, STEPS[2]]
    run_id = workshop.run(workshop.offer("keep", steps), secrets={"key": CANARY})
    assert workshop.task(run_id)["status"] == "failed"
    browser = signed_in("ada", superuser=True)
    pages = [browser.get(f"/admin/scaffolder/run/{run_id}/change/"), browser.get("/admin/scaffolder/run/")]
    own = [workshop.api.get(f"/api/v1/scaffolder/runs/{run_id}"), workshop.api.get("/api/v1/scaffolder/runs")]
    for page in (*pages, *own):
        assert page.status_code == 200, pages
        assert "canary" not in page.content.decode().lower()
