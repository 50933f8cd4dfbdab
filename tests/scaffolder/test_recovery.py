"""Workers that die, runs that are cancelled, a database that goes away: each run ends once."""

import shutil
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from core.errors import Unavailable
from core.states import move
from scaffolder import runner, sweeps
from scaffolder.jobs import EXECUTE_RUN
from scaffolder.models import Run, RunEvent
from scaffolder.states import FINISHED, MOVES, RunState
from scaffolder.steps.port import StepContext
from scaffolder.tasks import execute_run
from scaffolder.workspace import folder_of
from tests.conftest import Api
from tests.scaffolder.conftest import TASKS, Workshop
from tests.scaffolder.test_runs import OUTPUT, SERVICE, SKELETON
from tests.scaffolder.traps import TRAP, Killed, Trap, kill, nothing, run_out


@pytest.mark.django_db
def test_another_worker_goes_on_after_the_last_checkpoint(workshop: Workshop, trap: Trap, api: Api) -> None:
    ref = workshop.offer("service", [*SERVICE[:2], TRAP, SERVICE[2]], SKELETON, output=OUTPUT)
    run_id = workshop.start(ref, {"name": "payments"})
    trap.then = kill
    with pytest.raises(Killed):
        execute_run(run_id)
    assert workshop.task(run_id)["status"] == "processing"
    execute_run(run_id)  # a second call while the lease holds does nothing
    assert trap.calls == 1
    run_out(run_id)
    trap.then = nothing
    execute_run(run_id)
    said = workshop.messages(run_id)
    assert said.count("Beginning step fetch:template") == 1
    assert said.count("Beginning step publish:local") == 1
    assert said.count("Beginning step test:trap") == 2
    assert workshop.output(run_id)["entityRef"] == "component:default/payments"


@pytest.mark.django_db
def test_a_workspace_that_is_gone_is_made_again(workshop: Workshop, trap: Trap) -> None:
    ref = workshop.offer("service", [*SERVICE[:2], TRAP, SERVICE[2]], SKELETON, output=OUTPUT)
    run_id = workshop.start(ref, {"name": "payments"})
    trap.then = kill
    with pytest.raises(Killed):
        execute_run(run_id)
    shutil.rmtree(folder_of(run_id))
    run_out(run_id)
    trap.then = nothing
    execute_run(run_id)
    said = workshop.messages(run_id)
    assert said.count("Beginning step publish:local") == 2
    assert workshop.output(run_id)["entityRef"] == "component:default/payments"


@pytest.mark.django_db
@pytest.mark.parametrize("step", ["fetch", "publish", "register"])
def test_a_step_that_was_killed_at_its_end_is_done_once(
    workshop: Workshop, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: all is made outside, and the checkpoint is not written."""
    ref = workshop.offer("service", SERVICE, SKELETON, output=OUTPUT)
    run_id = workshop.start(ref, {"name": "payments"})
    real = runner.Journal.complete

    def dies(self: Any, position: int, done: Mapping[str, Any], output: Mapping[str, Any]) -> None:
        if done["id"] == step:
            raise Killed
        real(self, position, done, output)

    monkeypatch.setattr(runner.Journal, "complete", dies)
    with pytest.raises(Killed):
        execute_run(run_id)
    monkeypatch.undo()
    run_out(run_id)
    execute_run(run_id)
    assert workshop.output(run_id)["entityRef"] == "component:default/payments"


@pytest.mark.django_db
def test_who_lost_the_run_writes_nothing(workshop: Workshop, trap: Trap) -> None:
    run_id = workshop.start(
        workshop.offer("lost", [TRAP, {"action": "debug:log", "input": {"message": "late"}}])
    )

    def taken(ctx: StepContext) -> None:
        Run.objects.filter(pk=run_id).update(attempts=99)  # another worker has it now
        ctx.log("too late")

    trap.then = taken
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "processing"
    assert not any("late" in text for text in workshop.messages(run_id))


@pytest.mark.django_db
def test_a_step_that_kills_its_workers_is_given_up(workshop: Workshop, trap: Trap) -> None:
    run_id = workshop.start(workshop.offer("poison", [TRAP]))
    trap.then = kill
    for _ in range(runner.MOST_RESTARTS + 1):
        with pytest.raises(Killed):
            execute_run(run_id)
        run_out(run_id)
    execute_run(run_id)
    assert trap.calls == runner.MOST_RESTARTS + 1
    assert "workers died in it" in workshop.completion(run_id)["error"]["message"]


@pytest.mark.django_db
def test_workers_that_die_in_different_steps_are_not_added_up(workshop: Workshop, trap: Trap) -> None:
    steps = [{**TRAP, "id": f"trap-{number}"} for number in range(3)]
    run_id = workshop.start(workshop.offer("unlucky", steps))
    deaths = {step["id"]: runner.MOST_RESTARTS - 1 for step in steps}

    def unlucky(ctx: StepContext) -> None:
        if deaths[ctx.step_id]:
            deaths[ctx.step_id] -= 1
            raise Killed

    trap.then = unlucky
    for _ in range(sum(deaths.values())):
        with pytest.raises(Killed):
            execute_run(run_id)
        run_out(run_id)
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "completed"


@pytest.mark.django_db
def test_a_database_that_goes_away_in_a_step_is_waited_for(
    workshop: Workshop, trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = workshop.start(workshop.offer("away", [TRAP]))

    def away(ctx: StepContext) -> None:
        if trap.calls == 1:
            raise OperationalError("the server closed the connection")
        assert ctx.again

    trap.then = away
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "completed"
    assert trap.calls == 2


@pytest.mark.django_db
def test_what_does_not_answer_is_asked_again(
    workshop: Workshop, trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "PAUSE", 0.0)
    run_id = workshop.start(workshop.offer("busy", [TRAP]))

    def busy(_ctx: StepContext) -> None:
        raise Unavailable("the host does not answer")

    trap.then = busy
    execute_run(run_id)
    assert trap.calls == runner.TRIES
    error = {"name": "ServiceUnavailableError", "message": "the host does not answer"}
    assert workshop.completion(run_id)["error"] == error


@pytest.mark.django_db
def test_the_sweep_calls_again_for_what_was_left(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = workshop.offer("log", [{"action": "debug:log", "input": {}}])
    waiting, working, dead, ended = (workshop.start(ref) for _ in range(4))
    old, now = timezone.now() - timedelta(minutes=1), timezone.now()
    Run.objects.update(rung_at=old)
    Run.objects.filter(pk=working).update(state="processing", lease_until=now + timedelta(seconds=20))
    Run.objects.filter(pk=dead).update(state="processing", lease_until=old)
    execute_run(ended)
    called: list[str] = []
    monkeypatch.setattr(type(EXECUTE_RUN), "now", lambda _job, pk: called.append(pk))
    sweeps.reclaim_abandoned()
    assert sorted(called) == sorted([waiting, dead])
    sweeps.reclaim_abandoned()  # called for a moment ago
    assert len(called) == 2


@pytest.mark.django_db
def test_workspaces_without_a_run_are_removed(workshop: Workshop) -> None:
    run_id = workshop.run(workshop.offer("log", [{"action": "debug:log", "input": {}}]))
    waiting = workshop.start("template:default/log")
    for one in (run_id, waiting, "00000000-0000-0000-0000-000000000000"):
        folder_of(one).mkdir(parents=True)
    sweeps.remove_workspaces()
    assert [path.name for path in folder_of(run_id).parent.iterdir()] == [waiting]


@pytest.mark.django_db
def test_a_waiting_run_is_cancelled_at_once(workshop: Workshop, api: Api) -> None:
    run_id = workshop.start(
        workshop.offer("log", [{"action": "debug:log", "input": {}}]), secrets={"a": "hidden"}
    )
    for _ in range(2):
        assert api.post(f"{TASKS}/{run_id}/cancel").json() == {"status": "cancelled"}
    assert workshop.task(run_id)["status"] == "cancelled"
    assert [event["type"] for event in workshop.events(run_id)] == ["cancelled", "completion"]
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "cancelled"
    assert api.post(f"{TASKS}/{run_id}/retry", {}).status_code == 201
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "completed"


@pytest.mark.django_db(transaction=True)
def test_a_long_step_is_cancelled_in_its_middle(workshop: Workshop, api: Api) -> None:
    steps = [
        {"id": "wait", "name": "Wait", "action": "debug:wait", "input": {"seconds": 60}},
        {"id": "after", "action": "debug:log", "input": {"message": "after"}},
        {"id": "clean", "if": "${{ always() }}", "action": "debug:wait", "input": {"milliseconds": 1}},
    ]
    run_id = workshop.start(workshop.offer("slow", steps))

    def work() -> None:
        try:
            execute_run(run_id)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    deadline = time.monotonic() + 20
    while "Beginning step Wait" not in workshop.messages(run_id):
        assert time.monotonic() < deadline
    assert api.post(f"{TASKS}/{run_id}/retry", {}).status_code == 409
    assert api.post(f"{TASKS}/{run_id}/cancel").status_code == 200
    worker.join(20)
    assert not worker.is_alive()
    assert workshop.task(run_id)["status"] == "failed"
    message = f"Step wait (Wait) of task {run_id} has been cancelled."
    assert workshop.completion(run_id)["error"] == {"name": "Error", "message": message}
    said = workshop.messages(run_id)
    assert "Step wait has been cancelled." in said
    assert "Skipping step after because a previous step failed" in said
    assert "Finished step debug:wait" in said


@pytest.mark.django_db
@pytest.mark.parametrize("to", RunState)
@pytest.mark.parametrize("source", RunState)
def test_only_the_listed_moves_happen(source: RunState, to: RunState) -> None:
    run = Run.objects.create(
        template_ref="template:default/x", spec={}, created_by="user:default/a", state=source
    )
    assert move(Run.objects.filter(pk=run.pk), to, MOVES) is (source in MOVES[to])
    run.refresh_from_db()
    assert run.state == (to if source in MOVES[to] else source)
    assert all(source in {entry for sources in MOVES.values() for entry in sources} for source in FINISHED)
    assert not RunEvent.objects.exists()
