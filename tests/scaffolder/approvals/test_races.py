"""Two who decide at once, and workers that lost the run while they planned it: one comes first, the other is told."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from core.errors import Conflict, GreenroomError
from scaffolder import actions as runs
from scaffolder.approvals import actions, planning
from scaffolder.approvals.models import Approval, ApprovalRequest
from scaffolder.models import Run
from scaffolder.states import RunState
from scaffolder.tasks import plan_run
from tests.conftest import TESTS
from tests.scaffolder.approvals.conftest import PLATFORM, Desk

pytestmark = pytest.mark.django_db(transaction=True)


class Person:
    kind = "person"

    def __init__(self, name: str) -> None:
        self.ref = self.entity_ref = f"user:default/{name}"


def at_once(*deeds: Callable[[], Any]) -> list[Exception | None]:
    """What each of these met, all begun at the same moment."""
    start, met = threading.Barrier(len(deeds)), [None] * len(deeds)

    def do(number: int, deed: Callable[[], Any]) -> None:
        start.wait()
        try:
            deed()
        except GreenroomError as error:
            met[number] = error  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=one) for one in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return list(met)


def approving(run: Run, digest: str, name: str) -> Callable[[], Any]:
    return lambda: actions.approve(run=run, digest=digest, by=Person(name))


def test_two_approvers_at_once_are_one_approval(desk: Desk) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM))
    run, digest = Run.objects.get(pk=run_id), desk.request(run_id)["digest"]
    met = at_once(*(approving(run, digest, name) for name in ("pat", "pia", "vic")))
    assert sorted(type(one).__name__ for one in met) == ["Conflict", "Conflict", "NoneType"]
    assert Approval.objects.count() == 1
    assert Run.objects.get().state == RunState.OPEN


def test_one_person_twice_at_once_counts_once(desk: Desk) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM, approvals_needed="2"))
    run, digest = Run.objects.get(pk=run_id), desk.request(run_id)["digest"]
    met = at_once(*(approving(run, digest, "pat") for _ in range(3)))
    assert sum(one is None for one in met) == 1
    assert Run.objects.get().state == RunState.WAITING


def test_approve_and_cancel_at_once_end_cancelled(desk: Desk) -> None:
    ref = desk.offer(approval=PLATFORM)
    for number in range(5):
        run_id = desk.planned(ref, name=f"n{number}")
        run, digest = Run.objects.get(pk=run_id), desk.request(run_id)["digest"]
        met = at_once(approving(run, digest, "pat"), lambda run=run: runs.cancel(run=run, by=TESTS))  # type: ignore[misc]
        assert met[1] is None
        assert met[0] is None or isinstance(met[0], Conflict)
        assert Run.objects.get(pk=run_id).state == RunState.CANCELLED


def test_approve_and_reject_at_once_do_one_of_the_two(desk: Desk) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM))
    run, digest = Run.objects.get(pk=run_id), desk.request(run_id)["digest"]
    met = at_once(
        approving(run, digest, "pat"), lambda: actions.reject(run=run, reason="no", by=Person("pia"))
    )
    assert sum(one is None for one in met) == 1
    assert Run.objects.get().state == (RunState.OPEN if met[0] is None else RunState.CANCELLED)


@pytest.mark.parametrize("what", ["another worker", "a cancellation"])
def test_a_planner_that_lost_the_run_writes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    run_id = desk.start(desk.offer(approval=PLATFORM))
    whole = planning.plan_of

    def slow(run: Run, *more: Any) -> dict[str, Any]:
        made = whole(run, *more)
        if what == "another worker":
            Run.objects.filter(pk=run.pk).update(attempts=run.attempts + 1)
        else:
            runs.cancel(run=run, by=TESTS)
        return made

    monkeypatch.setattr(planning, "plan_of", slow)
    plan_run(run_id)
    assert ApprovalRequest.objects.get().digest == ""
    assert Run.objects.get().state == (RunState.WAITING if what == "another worker" else RunState.CANCELLED)


def test_two_planners_at_once_make_one_plan(desk: Desk) -> None:
    run_id = desk.start(desk.offer(approval=PLATFORM))
    at_once(lambda: plan_run(run_id), lambda: plan_run(run_id))
    request = desk.request(run_id)
    assert request["digest"]
    said = [event.body["message"] for event in Run.objects.get().events.all()]
    assert sum(message.startswith("Waiting for the approval") for message in said) == 1


def test_a_run_that_is_cancelled_while_a_worker_takes_it_back_does_not_wait_for_ever(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM))
    desk.approve(run_id)
    whole = planning.plan_of

    def cancelled_meanwhile(run: Run, *more: Any) -> dict[str, Any]:
        runs.cancel(run=run, by=TESTS)
        return {**whole(run, *more), "format": 0}

    monkeypatch.setattr(planning, "plan_of", cancelled_meanwhile)
    from scaffolder.tasks import execute_run

    execute_run(run_id)
    assert Run.objects.get().state == RunState.CANCELLED
