"""What takes too long is stopped with its children, says which limit it was, and what cleans up still runs."""

import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from core.errors import Unavailable
from scaffolder import runner
from scaffolder.deadlines import allowed
from scaffolder.models import Run
from scaffolder.steps import ACTIONS
from scaffolder.steps.port import Action, StepContext, object_schema
from scaffolder.tasks import execute_run
from scm.git import git
from tests.conftest import Api
from tests.scaffolder.conftest import TASKS, Workshop
from tests.scaffolder.traps import TRAP, Trap

CLEAN = {"id": "clean", "if": "${{ always() }}", "action": "debug:log", "input": {"message": "cleaned up"}}
AFTER = {"id": "after", "action": "debug:log", "input": {"message": "never"}}
SLOW_FILE = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"


def slow(seconds: float = 0.3) -> dict[str, Any]:
    return {"id": "slow", "action": "debug:wait", "input": {"seconds": 60}, "timeoutSeconds": seconds}


def failure(workshop: Workshop, run_id: str) -> dict[str, Any]:
    assert workshop.task(run_id)["status"] == "failed"
    return dict(workshop.completion(run_id)["error"])


@pytest.mark.django_db
def test_a_step_over_its_time_fails_and_names_the_limit(workshop: Workshop) -> None:
    run_id = workshop.run(workshop.offer("slow", [slow(), AFTER, CLEAN]))
    assert failure(workshop, run_id) == {
        "name": "TimeoutError",
        "message": "Step slow took more than the 0.3 seconds that the template allows it (timeoutSeconds)",
    }
    said = workshop.messages(run_id)
    assert "Skipping step after because a previous step failed" in said
    assert "\u001b[32minfo\u001b[39m: cleaned up" in "\n".join(said)
    assert "Finished step debug:log" in said


@pytest.mark.django_db
def test_several_steps_that_clean_up_each_have_a_time_of_their_own(workshop: Workshop) -> None:
    cleaning = {**slow(), "id": "hangs", "if": "${{ always() }}"}
    run_id = workshop.run(workshop.offer("slow", [slow(), cleaning, CLEAN]))
    said = workshop.messages(run_id)
    assert any(line.startswith("TimeoutError: Step hangs took more than") for line in said)
    assert "Finished step debug:log" in said
    assert "Step slow took" in failure(workshop, run_id)["message"]


def gone(pid: int) -> bool:
    """Killed; perhaps nobody has collected it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.django_db
def test_a_renderer_is_killed(workshop: Workshop) -> None:
    fetch = {"id": "fetch", "action": "fetch:template", "input": {"url": "./skeleton"}, "timeoutSeconds": 1.5}
    began = time.monotonic()
    run_id = workshop.run(workshop.offer("slow", [fetch, CLEAN], {"skeleton/slow.txt": SLOW_FILE}))
    assert "Step fetch took more than the 1.5 seconds" in failure(workshop, run_id)["message"]
    assert time.monotonic() - began < 15
    assert "Finished step debug:log" in workshop.messages(run_id)


@pytest.mark.django_db
def test_git_is_killed(
    workshop: Workshop,
    trap: Trap,
    tmp_path: Path,
) -> None:
    """However deep down a step starts it: here it waits for an answer that never comes."""
    told = tmp_path / "pid"
    alias = ("alias.hang", f"!echo $$ > {told}; exec sleep 300")

    def hang(_ctx: StepContext) -> None:
        git("hang", settings=[alias])

    trap.then = hang
    run_id = workshop.run(workshop.offer("slow", [{**TRAP, "timeoutSeconds": 2}, CLEAN]))
    assert "Step trap took more than the 2 seconds" in failure(workshop, run_id)["message"]
    assert gone(int(told.read_text()))
    assert "Finished step debug:log" in workshop.messages(run_id)


@pytest.mark.django_db
def test_the_time_is_for_all_attempts_together(
    workshop: Workshop,
    trap: Trap,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "PAUSE", 0.0)

    def busy(ctx: StepContext) -> None:
        ctx.cancelled.wait(0.6)
        raise Unavailable("the host does not answer")

    trap.then = busy
    run_id = workshop.run(workshop.offer("busy", [{**TRAP, "timeoutSeconds": 1}]))
    assert "took more than the 1 seconds" in failure(workshop, run_id)["message"]
    assert trap.calls == 2


@pytest.mark.django_db
def test_a_run_over_its_hours_begins_no_further_step(workshop: Workshop, trap: Trap) -> None:
    run_id = workshop.start(workshop.offer("long", [TRAP, AFTER, CLEAN]))
    long_ago = timezone.now() - timedelta(hours=7)

    def dies(_ctx: StepContext) -> None:
        Run.objects.filter(pk=run_id).update(started_at=long_ago, lease_until=long_ago)
        raise SystemExit  # nothing of ours catches it

    trap.then = dies
    with pytest.raises(SystemExit):
        execute_run(run_id)
    execute_run(run_id)  # the worker that takes it over counts from the first one's beginning
    message = "The run took more than 6 hours (GREENROOM_RUN_HOURS) and was stopped in step trap"
    assert failure(workshop, run_id) == {"name": "TimeoutError", "message": message}
    assert trap.calls == 1
    said = workshop.messages(run_id)
    assert "Skipping step after because a previous step failed" in said
    assert "Finished step debug:log" in said


@pytest.mark.django_db
def test_waiting_for_its_turn_is_not_counted_and_a_retry_counts_anew(
    workshop: Workshop,
    api: Api,
    trap: Trap,
) -> None:
    run_id = workshop.start(workshop.offer("long", [TRAP]))
    Run.objects.filter(pk=run_id).update(created_at=timezone.now() - timedelta(hours=7))
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "completed"
    Run.objects.filter(pk=run_id).update(started_at=timezone.now() - timedelta(hours=7))
    assert api.post(f"{TASKS}/{run_id}/retry", {}).status_code == 201
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "completed"


@pytest.mark.parametrize("asked", [0, -1, True, "5", None, 1800, 1e9, float("nan"), float("inf"), [1]])
def test_a_template_cannot_ask_for_more_or_for_nonsense(settings: Settings, asked: Any) -> None:
    settings.GREENROOM_STEP_MINUTES = 30
    seconds, words = allowed({"id": "x", "timeoutSeconds": asked}, None)
    assert seconds == 1800
    assert words == "Step x took more than 30 minutes (GREENROOM_STEP_MINUTES) and was stopped"


@pytest.mark.django_db(transaction=True)
def test_a_cancellation_at_the_deadline_ends_the_run_once(
    workshop: Workshop, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def run(ctx: StepContext, _given: dict[str, Any]) -> Mapping[str, Any] | None:
        ctx.cancelled.wait(20)  # its time is over; before it says so, somebody cancels
        reached.set()
        go_on.wait(20)
        ctx.check_cancelled()
        return None

    monkeypatch.setitem(ACTIONS, "test:late", Action("test:late", "Late", object_schema(), run))
    late = {"id": "late", "action": "test:late", "timeoutSeconds": 0.2}
    run_id = workshop.start(workshop.offer("late", [late, AFTER, CLEAN]))

    def work() -> None:
        try:
            execute_run(run_id)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    assert reached.wait(20)
    assert api.post(f"{TASKS}/{run_id}/cancel").status_code == 200
    go_on.set()
    worker.join(20)
    assert not worker.is_alive()
    assert failure(workshop, run_id)["name"] == "TimeoutError"
    said = workshop.messages(run_id)
    assert "Step late has been cancelled." in said
    assert "Skipping step after because a previous step failed" in said
    assert "Finished step debug:log" in said
