"""A retry does again what has to be done again, and nothing else."""

import json
import shutil
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from scaffolder.models import Checkpoint, Run
from scaffolder.rollback.models import Rollback
from scaffolder.steps import ACTIONS
from scaffolder.steps.port import Action, StepContext, object_schema, text
from scaffolder.sweeps import remove_workspaces
from scaffolder.tasks import execute_run, roll_back
from scaffolder.workspace import folder_of
from tests.conftest import Api
from tests.scaffolder.conftest import TASKS, Workshop
from tests.scaffolder.traps import TRAP, Killed, Trap, kill, nothing, run_out

pytestmark = pytest.mark.django_db

WRITE = {"id": "write", "action": "catalog:write", "input": {"entity": {"kind": "Component"}}}
PUBLISH = {"id": "publish", "action": "publish:local", "input": {"repoUrl": "local?owner=acme&repo=a"}}
SHOW = {
    "id": "show",
    "action": "debug:log",
    "input": {"message": "got ${{ steps.make.output.name }}", "listWorkspace": True},
}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """`test:make` gives the name that it was given; all names that it was called with."""
    names: list[str] = []

    def run(_ctx: StepContext, given: dict[str, Any]) -> Mapping[str, Any]:
        names.append(given["name"])
        return {"name": given["name"]}

    schema = object_schema((), name=text("A name"))
    monkeypatch.setitem(ACTIONS, "test:make", Action("test:make", "Make", schema, run, schema))
    return names


def make(name: str = "a-name") -> dict[str, Any]:
    return {"id": "make", "action": "test:make", "input": {"name": name}}


def fails(_ctx: StepContext) -> None:
    raise ValueError("a fault")


def retried(api: Api, run_id: str, body: dict[str, Any] | None = None) -> None:
    answer = api.post(f"{TASKS}/{run_id}/retry", body or {})
    assert answer.status_code == 201, answer.content
    execute_run(run_id)


def failed_at_trap(workshop: Workshop, trap: Trap, ref: str, **more: Any) -> str:
    """A run that failed; when it is carried out again, the trap no longer fails it."""
    trap.then = fails
    run_id = workshop.run(ref, **more)
    assert workshop.task(run_id)["status"] == "failed"
    trap.then = nothing
    return run_id


def begun(workshop: Workshop, run_id: str, action: str) -> int:
    return workshop.messages(run_id).count(f"Beginning step {action}")


def test_it_goes_on_at_the_failed_step_with_what_there_was(
    workshop: Workshop,
    api: Api,
    trap: Trap,
    made: list[str],
) -> None:
    cleanup = {"id": "clean", "if": "${{ always() }}", "action": "debug:log", "input": {"message": "clean"}}
    no = {"id": "no", "if": False, "action": "debug:log", "input": {}}
    output = {"name": "${{ steps.make.output.name }}"}
    ref = workshop.offer("goes-on", [make(), WRITE, no, TRAP, SHOW, cleanup], output=output)
    run_id = failed_at_trap(workshop, trap, ref)
    looked: list[bool] = []
    trap.then = lambda ctx: looked.append(ctx.again)
    retried(api, run_id)
    assert workshop.output(run_id) == {"name": "a-name"}
    assert made == ["a-name"]
    assert looked == [True]  # it may have made something before it failed
    said = workshop.messages(run_id)
    assert begun(workshop, run_id, "catalog:write") == 1
    assert said.count("Skipping step no because its if condition was false") == 1
    assert any("got a-name" in line for line in said)
    assert any("catalog-info.yaml" in line for line in said)  # the workspace is the same one
    assert (
        begun(workshop, run_id, "debug:log") == 4
    )  # two that clean up, one that shows, one that was skipped
    assert not folder_of(run_id).exists()


@pytest.mark.parametrize("why", ["workspace gone", "startOver", "completed"])
def test_it_starts_over(
    workshop: Workshop,
    api: Api,
    trap: Trap,
    made: list[str],
    why: str,
) -> None:
    strategy = {"EXPERIMENTAL_recovery": {"EXPERIMENTAL_strategy": "startOver"}} if why == "startOver" else {}
    ref = workshop.offer("over", [make(), TRAP, SHOW], **strategy)
    run_id = workshop.run(ref) if why == "completed" else failed_at_trap(workshop, trap, ref)
    if why == "workspace gone":
        shutil.rmtree(folder_of(run_id))
    retried(api, run_id)
    assert workshop.task(run_id)["status"] == "completed"
    assert made == ["a-name", "a-name"]
    assert [step.step_id for step in Run.objects.get(pk=run_id).steps.all()] == ["make", "trap", "show"]


def test_the_workspace_of_a_failed_run_is_kept_for_a_while(
    workshop: Workshop, trap: Trap, settings: Settings
) -> None:
    settings.GREENROOM_WORKSPACE_KEEP_MINUTES = 60
    run_id = failed_at_trap(workshop, trap, workshop.offer("kept", [WRITE, TRAP]))
    remove_workspaces()
    assert (folder_of(run_id) / "catalog-info.yaml").exists()
    Run.objects.filter(pk=run_id).update(last_heartbeat_at=timezone.now() - timedelta(minutes=61))
    remove_workspaces()
    assert not folder_of(run_id).exists()


def test_an_output_that_cannot_be_rendered_keeps_what_was_done(
    workshop: Workshop, api: Api, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from scaffolder import runner

    run_id = workshop.start(workshop.offer("out", [make()], output={"a": "${{ range(9999999) | dump }}"}))
    execute_run(run_id)
    assert workshop.completion(run_id)["error"]["message"].startswith("spec.output: ")
    assert folder_of(run_id).exists()
    monkeypatch.setattr(runner, "render_output", lambda *_args, **_more: {"a": 1})
    retried(api, run_id)
    assert workshop.output(run_id) == {"a": 1}
    assert made == ["a-name"]


def test_after_a_rollback_everything_is_made_anew(
    workshop: Workshop,
    api: Api,
    trap: Trap,
    made: list[str],
) -> None:
    run_id = failed_at_trap(workshop, trap, workshop.offer("back", [WRITE, PUBLISH, make(), TRAP]))
    assert api.post(f"/api/v1/scaffolder/runs/{run_id}/rollback").status_code == 202
    roll_back(str(Rollback.objects.get().pk))
    retried(api, run_id)
    assert workshop.task(run_id)["status"] == "completed"
    assert made == ["a-name", "a-name"]
    assert begun(workshop, run_id, "publish:local") == 2


def test_a_step_whose_output_had_secrets_is_done_again(
    workshop: Workshop,
    api: Api,
    trap: Trap,
    made: list[str],
) -> None:
    """The whole output is gone with the secrets; what is shown of it has masks."""
    ref = workshop.offer("keeps", [WRITE, make("${{ secrets.key }}"), TRAP, SHOW])
    run_id = failed_at_trap(workshop, trap, ref, secrets={"key": "first-secret"})
    assert made == ["first-secret"]
    retried(api, run_id, {"secrets": {"key": "second-secret"}})
    assert workshop.task(run_id)["status"] == "completed"
    assert made == ["first-secret", "second-secret"]
    assert begun(workshop, run_id, "catalog:write") == 1  # what stands before it is kept
    shown = json.dumps([workshop.task(run_id), workshop.events(run_id)])
    assert "second-secret" not in shown
    assert "first-secret" not in shown


def test_a_secret_that_is_not_given_again_is_named(
    workshop: Workshop,
    api: Api,
    trap: Trap,
    made: list[str],
) -> None:
    steps = [WRITE, TRAP, make("${{ secrets['key'] }} ${{ secrets.other }} ${{ parameters.keyed }}")]
    ref = workshop.offer("needs", steps)
    run_id = failed_at_trap(workshop, trap, ref, secrets={"key": "first-secret", "unused": "x-secret"})
    retried(api, run_id)
    error = workshop.completion(run_id)["error"]
    assert error["name"] == "InputError"
    assert error["message"] == (
        "Step make uses secrets.key, wiped when the run ended: give it again in a retry, as "
        '{"secrets": {…}} in its body'
    )
    assert made == []
    retried(api, run_id, {"secrets": {"key": "second-secret"}})
    assert workshop.task(run_id)["status"] == "completed"
    assert begun(workshop, run_id, "catalog:write") == 1


def test_what_a_run_made_before_it_started_over_is_looked_for(
    workshop: Workshop,
    api: Api,
    trap: Trap,
) -> None:
    looked: list[bool] = []

    def makes(ctx: StepContext) -> None:
        looked.append(ctx.again)
        ctx.ledger.intend("thing", "a")

    trap.then = makes
    run_id = workshop.run(workshop.offer("thing", [TRAP, {"id": "none", "action": "debug:log", "input": {}}]))
    retried(api, run_id)
    assert looked == [False, True]


class Work:
    """What a step does under a key."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> dict[str, int]:
        self.done += 1
        return {"number": self.done}


def test_what_was_done_under_a_key_is_not_done_again_by_who_takes_over(
    workshop: Workshop,
    trap: Trap,
) -> None:
    work, got = Work(), []

    def works(ctx: StepContext) -> None:
        got.append(ctx.checkpoint("thing", work))
        if trap.calls == 1:
            raise Killed

    trap.then = works
    run_id = workshop.start(workshop.offer("marks", [TRAP]))
    with pytest.raises(Killed):
        execute_run(run_id)
    assert b"number" not in bytes(Checkpoint.objects.get().value)  # sealed
    run_out(run_id)
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "completed"
    assert (work.done, got) == (1, [{"number": 1}, {"number": 1}])
    assert not Checkpoint.objects.exists()


def test_work_that_failed_is_not_kept_and_a_retry_does_all_anew(
    workshop: Workshop,
    api: Api,
    trap: Trap,
) -> None:
    """A mark may hold secrets, so it is gone when the run ends; a retry relies on the ledger."""
    work = Work()

    def works(ctx: StepContext) -> None:
        ctx.checkpoint("thing", work)
        ctx.checkpoint("fault", lambda: fails(ctx))

    trap.then = works
    run_id = workshop.run(workshop.offer("marks", [TRAP]))
    assert workshop.task(run_id)["status"] == "failed"
    assert not Checkpoint.objects.exists()
    trap.then = lambda ctx: ctx.checkpoint("thing", work) and None
    retried(api, run_id)
    assert workshop.task(run_id)["status"] == "completed"
    assert work.done == 2


def test_a_key_is_for_one_step_and_one_item_of_each(workshop: Workshop, trap: Trap) -> None:
    work = Work()
    trap.then = lambda ctx: ctx.checkpoint("thing", work) and None
    each = {**TRAP, "each": ["a", "b", "a"]}
    workshop.run(workshop.offer("marks", [{**TRAP, "id": "first"}, each]))
    assert work.done == 4


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_retry_that_is_killed_goes_on_like_any_run(
    workshop: Workshop,
    api: Api,
    trap: Trap,
    made: list[str],
    when: str,
) -> None:
    ref = workshop.offer("killed", [make(), TRAP, {**TRAP, "id": "second"}])
    run_id = failed_at_trap(workshop, trap, ref)
    calls = trap.calls + (1 if when == "after" else 0)

    def dies(ctx: StepContext) -> None:
        if trap.calls == calls + 1:
            kill(ctx)

    trap.then = dies
    assert api.post(f"{TASKS}/{run_id}/retry", {}).status_code == 201
    with pytest.raises(Killed):
        execute_run(run_id)
    run_out(run_id)
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "completed"
    assert made == ["a-name"]
