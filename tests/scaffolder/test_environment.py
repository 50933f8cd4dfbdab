"""What an installation gives to all templates: seen where it may be, shown nowhere, and said at the start when it is wrong."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from core.redaction import MASK
from scaffolder.checks import environment_is_understood
from scaffolder.dry_run import dry_run
from scaffolder.steps import ACTIONS
from scaffolder.steps.port import Action, StepContext, object_schema, text
from scaffolder.template import frozen_spec
from tests.conftest import Api
from tests.scaffolder.conftest import TASKS, Workshop, template_document
from tests.scaffolder.test_dry_run import DRY_RUN, SUBJECT
from tests.scaffolder.test_secrets import everything_stored
from tests.scaffolder.traps import TRAP, Trap, nothing

File = Callable[[str], None]
CANARY = "environment-canary"


@pytest.fixture
def file(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> File:
    """Give the installation a file with this text; TOKEN is a variable, and `kept` a file with a secret."""
    monkeypatch.setenv("TEMPLATES_TOKEN", CANARY)
    (tmp_path / "kept").write_text(f"{CANARY}-2\n")

    def write(said: str) -> None:
        path = tmp_path / "environment.yaml"
        path.write_text(said.replace("KEPT", str(tmp_path / "kept")))
        settings.GREENROOM_SCAFFOLDER_ENVIRONMENT = str(path)

    return write


WHOLE = """
parameters: {region: north, ports: [80, 443]}
secrets:
  token: {env: TEMPLATES_TOKEN}
  kept: {file: KEPT}
"""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What `test:tell` was told; it gives that back, and says it."""
    heard: list[Any] = []

    def run(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
        heard.append(given["it"])
        ctx.log(f"heard {given['it']}")
        return {"it": given["it"]}

    schema = object_schema((), it={})
    action = Action("test:tell", "Tell", schema, run, schema, dry_run=True)
    monkeypatch.setitem(ACTIONS, "test:tell", action)
    return heard


def tell(it: str, **more: Any) -> dict[str, Any]:
    return {"id": "tell", "action": "test:tell", "input": {"it": it}, **more}


@pytest.mark.django_db
def test_parameters_are_seen_everywhere(workshop: Workshop, file: File, told: list[Any]) -> None:
    file(WHOLE)
    steps = [
        tell(
            "${{ environment.parameters.ports }}", **{"if": "${{ environment.parameters.region == 'north' }}"}
        ),
        tell("no", id="no", **{"if": "${{ environment.parameters.region == 'south' }}"}),
    ]
    run_id = workshop.run(workshop.offer("env", steps, output={"in": "${{ environment.parameters.region }}"}))
    assert told == [[80, 443]]
    assert workshop.output(run_id) == {"in": "north"}


@pytest.mark.django_db
def test_secrets_reach_the_input_of_steps_and_nothing_else(
    workshop: Workshop, file: File, told: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    file(WHOLE)
    steps = [
        tell("Bearer ${{ environment.secrets.token }}"),
        tell("${{ each.value }}", id="each", each=["${{ environment.secrets.kept }}"]),
        tell("seen", id="if", **{"if": "${{ environment.secrets.token }}"}),
    ]
    output = {"a": "${{ environment.secrets.token }}", "b": "${{ steps.tell.output.it }}"}
    run_id = workshop.run(workshop.offer("env", steps, output=output))
    assert told == [f"Bearer {CANARY}", f"{CANARY}-2"]
    assert workshop.output(run_id) == {"b": MASK}
    assert "\u001b[32minfo\u001b[39m: heard ***" in workshop.messages(run_id)
    shown = json.dumps([workshop.task(run_id), workshop.events(run_id)])
    for place in (everything_stored(), caplog.text, shown):
        assert "canary" not in place
        assert base64.b64encode(CANARY.encode()).decode()[:16] not in place


@pytest.mark.django_db
def test_without_a_file_there_is_nothing(workshop: Workshop, told: list[Any]) -> None:
    workshop.run(workshop.offer("env", [tell("${{ environment | dump }}")]))
    (found,) = told
    assert (json.loads(found) if isinstance(found, str) else found) == {"parameters": {}, "secrets": {}}


@pytest.mark.django_db
def test_a_dry_run_is_given_masks(api: Api, file: File, told: list[Any]) -> None:
    file(WHOLE)
    write = {
        "id": "w",
        "action": "fs:write",
        "input": {"path": "a", "content": "<${{ environment.secrets.kept }}>"},
    }
    steps = [tell("${{ environment.secrets.token }} in ${{ environment.parameters.region }}"), write]
    output = {"it": "${{ steps.tell.output.it }}"}
    body = {"template": template_document("dry", steps, output=output), "values": {}, "directoryContents": []}
    answer = api.post(DRY_RUN, body)
    assert answer.status_code == 200, answer.content
    assert told == [f"{MASK} in north"]
    files = {
        one["path"]: base64.b64decode(one["base64Content"]) for one in answer.json()["directoryContents"]
    }
    assert "canary" not in answer.content.decode()
    assert files["a"] == f"<{MASK}>".encode()


def test_what_a_step_of_a_dry_run_makes_is_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(ctx: StepContext, _given: dict[str, Any]) -> dict[str, Any]:
        ctx.hide("hidden-canary")
        return {"token": "made-canary", "name": "plain"}

    made = object_schema((), token=text("A token", format="password"), name=text("A name"))
    action = Action("test:makes", "Make", object_schema(), run, made, dry_run=True)
    monkeypatch.setitem(ACTIONS, "test:makes", action)
    monkeypatch.setitem(ACTIONS, "test:passed", Action("test:passed", "", object_schema(), run, made))
    steps = [
        {"id": "passed", "action": "test:passed"},
        {"id": "make", "action": "test:makes"},
        {
            "id": "say",
            "action": "debug:log",
            "input": {"message": "${{ steps.make.output | dump }} hidden-canary"},
        },
    ]
    output = {"token": "${{ steps.make.output.token }}", "passed": "${{ steps.passed.output.name }}"}
    spec = frozen_spec(template_document("dry", steps, output=output), ref="template:a/b", values={}, user={})

    found = dry_run(spec, secrets={}, subject=SUBJECT, into=tmp_path / "work")
    assert found.failure is None
    assert found.output == {"token": MASK, "passed": "<example>"}
    assert "canary" not in json.dumps(found.log)
    assert "plain" in json.dumps(found.log)


@pytest.mark.django_db
def test_secrets_of_the_installation_are_never_wiped(
    workshop: Workshop, api: Api, file: File, told: list[Any], trap: Trap
) -> None:
    """A run's own secret of the same name is."""

    def fails(_ctx: StepContext) -> None:
        raise ValueError("a fault")

    from scaffolder.tasks import execute_run

    file(WHOLE)
    trap.then = fails
    ref = workshop.offer("env", [TRAP, tell("${{ environment.secrets.token }}")])
    run_id = workshop.run(ref, secrets={"token": "its-own"})
    trap.then = nothing
    assert api.post(f"{TASKS}/{run_id}/retry", {}).status_code == 201
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "completed"
    assert told == [CANARY]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            "secrets: {token: {env: NOT_SET_ANYWHERE}}",
            "secrets.token: the variable NOT_SET_ANYWHERE is not set",
        ),
        ("secrets: {token: {file: /nowhere/at/all}}", "secrets.token: /nowhere/at/all: No such file"),
        ("secrets: {token: plain-canary}", "secrets.token: a secret does not stand here; write {env: NAME}"),
        ("secrets: {token: {env: A, file: b}}", "secrets.token: a secret does not stand here"),
        ("parameters: [canary]", "parameters: the value is not of type"),
        ("other: {}", "'other' was unexpected"),
        ("- canary", "the file: the value is not of type"),
        ("a: [canary", "not YAML in line"),
        ("parameters: {day: 2026-01-01}", "put dates into quotes"),
        ("parameters: {much: .inf}", "put dates into quotes"),
        ("x" * (1024 * 1024 + 1), "bytes, 1048576 at the most"),
    ],
)
def test_what_is_wrong_is_said_at_the_start_without_a_value(file: File, said: str, why: str) -> None:
    file(said)
    (fault,) = environment_is_understood()
    assert fault.id == "scaffolder.E003"
    assert why in fault.msg
    assert "GREENROOM_SCAFFOLDER_ENVIRONMENT=" in fault.msg
    assert "canary" not in fault.msg


def test_all_faults_are_named_together_and_a_good_file_has_none(file: File) -> None:
    file("secrets: {a: {env: NOT_SET_1}, b: {env: NOT_SET_2}}")
    (fault,) = environment_is_understood()
    assert "NOT_SET_1" in fault.msg
    assert "NOT_SET_2" in fault.msg
    file(WHOLE)
    assert environment_is_understood() == []
    file("")
    assert environment_is_understood() == []


@pytest.mark.django_db
def test_a_file_that_is_broken_later_fails_the_run_which_can_be_retried(
    workshop: Workshop, api: Api, file: File, told: list[Any]
) -> None:
    from scaffolder.tasks import execute_run

    ref = workshop.offer("env", [tell("${{ environment.parameters.region }}")])
    file("secrets: {a: {env: NOT_SET_1}}")
    run_id = workshop.run(ref)
    error = workshop.completion(run_id)["error"]
    assert error["name"] == "ServiceUnavailableError"
    assert "GREENROOM_SCAFFOLDER_ENVIRONMENT cannot be used; the server's log says why" in error["message"]
    body = {"template": template_document("dry", [tell("a")]), "values": {}, "directoryContents": []}
    assert api.post(DRY_RUN, body).status_code == 200  # it needs no secret
    file("a: [")
    assert api.post(DRY_RUN, body).status_code == 503
    told.clear()
    file(WHOLE)
    assert api.post(f"{TASKS}/{run_id}/retry", {}).status_code == 201
    execute_run(run_id)
    assert told == ["north"]
