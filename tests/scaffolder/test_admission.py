"""How many runs work at once: limits hold between workers, who waited longer comes first, and a free place is called for."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from scaffolder import admission
from scaffolder.jobs import EXECUTE_RUN
from scaffolder.models import Run
from scaffolder.states import RunState
from scaffolder.tasks import execute_run
from tests.conftest import Api
from tests.scaffolder.conftest import TASKS, Workshop

LOG = [{"id": "log", "action": "debug:log", "input": {"message": "hello"}}]
ELSEWHERE = {"metadata": {"name": "other"}, "spec": {"owner": "group:default/others"}}
RUNS = "/api/v1/scaffolder/runs"


@pytest.fixture
def one_each(settings: Settings) -> Settings:
    """No limits, for a test to set one."""
    settings.GREENROOM_RUNS_PER_TEMPLATE = 0
    settings.GREENROOM_RUNS_PER_OWNER = 0
    settings.GREENROOM_RUNS_PER_HOST = 0
    return settings


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs that a worker was called for, in order."""
    calls: list[str] = []
    monkeypatch.setattr(type(EXECUTE_RUN), "now", lambda _job, pk: calls.append(pk))
    return calls


def working(run_id: str, *, alive: bool = True) -> None:
    """As if a worker had the run; one that died when not `alive`."""
    until = timezone.now() + timedelta(seconds=20 if alive else -1)
    Run.objects.filter(pk=run_id).update(state=RunState.PROCESSING, lease_until=until, attempts=1)


def ended(run_id: str) -> None:
    Run.objects.filter(pk=run_id).update(state=RunState.COMPLETED, lease_until=None)


def waits_for(api: Api, run_id: str) -> str:
    return str(api.get(f"{RUNS}/{run_id}").json()["waitsFor"])


def completed(workshop: Workshop, run_id: str) -> bool:
    return bool(workshop.task(run_id)["status"] == "completed")


@pytest.fixture
def limited(one_each: Settings, workshop: Workshop) -> Callable[[str], tuple[str, str, str]]:
    """For a limit of one: a run that has the place, one that the limit keeps waiting, one that it is not about."""
    addresses = {"a": "local?owner=acme&repo=a", "b": "nowhere.example?owner=acme&repo=b"}

    def make(limit: str) -> tuple[str, str, str]:
        setattr(one_each, f"GREENROOM_RUNS_PER_{limit}", 1)
        ours = workshop.offer("ours", LOG)
        same = workshop.offer("same", LOG)
        theirs = workshop.offer("theirs", LOG, owner="group:default/others")
        second = {"TEMPLATE": ours, "OWNER": same, "HOST": theirs}[limit]
        third = {"TEMPLATE": same, "OWNER": theirs, "HOST": ours}[limit]
        first = workshop.start(ours, {"repoUrl": addresses["a"]})
        return (
            first,
            workshop.start(second, {"repoUrl": addresses["a"]}),
            workshop.start(third, {"repoUrl": addresses["b"]}),
        )

    return make


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("limit", "what"),
    [
        ("TEMPLATE", "of template:default/ours"),
        ("OWNER", "of templates of group:default/platform"),
        ("HOST", "that work with local"),
    ],
)
def test_a_limit_keeps_waiting_whom_it_is_about(
    workshop: Workshop, api: Api, limited: Callable[[str], tuple[str, str, str]], limit: str, what: str
) -> None:
    first, second, third = limited(limit)
    working(first)
    for _ in range(2):  # called again and again, it says so once
        execute_run(second)
    reason = f"1 runs {what} work or wait already, and 1 may work at the same time"
    assert workshop.messages(second) == [f"Waiting for its turn: {reason}"]
    assert workshop.task(second)["status"] == "open"
    assert waits_for(api, second) == reason
    execute_run(third)
    assert completed(workshop, third)
    ended(first)
    execute_run(second)
    assert completed(workshop, second)
    assert waits_for(api, second) == ""


@pytest.mark.django_db
def test_without_limits_nobody_waits(workshop: Workshop, one_each: Settings) -> None:
    ref = workshop.offer("ours", LOG)
    runs = [workshop.start(ref, {"repoUrl": "local?owner=a&repo=b"}) for _ in range(3)]
    working(runs[0])
    working(runs[1])
    execute_run(runs[2])
    assert completed(workshop, runs[2])


@pytest.mark.django_db
def test_a_newer_run_gets_no_place_that_an_older_one_waits_for(
    workshop: Workshop, one_each: Settings, rung: list[str]
) -> None:
    one_each.GREENROOM_RUNS_PER_TEMPLATE = 1
    ref = workshop.offer("ours", LOG)
    first, older, newer = (workshop.start(ref) for _ in range(3))
    working(first)
    execute_run(older)
    ended(first)
    execute_run(newer)
    assert workshop.task(newer)["status"] == "open"
    rung.clear()
    execute_run(older)
    assert completed(workshop, older)
    assert rung == [newer]  # its place is free
    execute_run(newer)
    assert completed(workshop, newer)


@pytest.mark.django_db
def test_a_run_that_fails_frees_its_place_too(
    workshop: Workshop, one_each: Settings, rung: list[str]
) -> None:
    one_each.GREENROOM_RUNS_PER_OWNER = 1
    bad = workshop.offer("bad", [{"id": "no", "action": "fs:delete", "input": {"files": ["../x"]}}])
    first, second = workshop.start(bad), workshop.start(workshop.offer("ours", LOG))
    working(first)
    execute_run(second)
    rung.clear()
    Run.objects.filter(pk=first).update(lease_until=None)
    execute_run(first)
    assert workshop.task(first)["status"] == "failed"
    assert rung == [second]


@pytest.mark.django_db
def test_what_a_dead_worker_left_behind_has_its_place_still(workshop: Workshop, one_each: Settings) -> None:
    one_each.GREENROOM_RUNS_PER_TEMPLATE = 1
    ref = workshop.offer("ours", LOG)
    first, second = workshop.start(ref), workshop.start(ref)
    working(first, alive=False)
    execute_run(second)
    assert workshop.task(second)["status"] == "open"
    execute_run(first)
    assert completed(workshop, first)


@pytest.mark.django_db
def test_a_run_that_waits_for_its_turn_can_be_cancelled_and_retried(
    workshop: Workshop, api: Api, one_each: Settings, rung: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    one_each.GREENROOM_RUNS_PER_TEMPLATE = 1
    ref = workshop.offer("ours", LOG)
    first, second, third = (workshop.start(ref) for _ in range(3))
    working(first)
    execute_run(second)
    execute_run(third)
    ended(first)
    rung.clear()
    with django_capture_on_commit_callbacks(execute=True):
        assert api.post(f"{TASKS}/{second}/cancel").status_code == 200
    assert workshop.task(second)["status"] == "cancelled"
    assert waits_for(api, second) == ""
    assert rung == [third]
    execute_run(third)
    assert completed(workshop, third)
    assert api.post(f"{TASKS}/{second}/retry", {}).status_code == 201
    execute_run(second)
    assert completed(workshop, second)


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_never_pass_a_limit(workshop: Workshop, one_each: Settings) -> None:
    one_each.GREENROOM_RUNS_PER_TEMPLATE = 2
    ref = workshop.offer("ours", LOG)
    runs = [workshop.start(ref) for _ in range(6)]
    together = threading.Barrier(6, timeout=20)
    taken: list[Run] = []

    def take(run_id: str) -> None:
        try:
            together.wait()
            found = admission.take(run_id)
            if found is not None:
                taken.append(found)
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=[run_id]) for run_id in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(taken) == 2
    assert Run.objects.filter(state=RunState.PROCESSING).count() == 2
    assert Run.objects.filter(state=RunState.OPEN).exclude(waits_for="").count() == 4


@pytest.mark.django_db(transaction=True)
def test_two_workers_take_one_run_once(workshop: Workshop) -> None:
    run_id = workshop.start(workshop.offer("ours", LOG))
    together = threading.Barrier(2, timeout=20)
    taken: list[Run | None] = []

    def take() -> None:
        try:
            together.wait()
            taken.append(admission.take(run_id))
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found is None for found in taken) == [False, True]
    assert Run.objects.get(pk=run_id).attempts == 1


@pytest.mark.django_db
def test_made_up_hosts_are_no_places(workshop: Workshop) -> None:
    """Each place is a query under a lock that all workers share."""
    values = {"hosts": [f"h{n}?repo=x" for n in range(1000)], "repoUrl": "LOCAL?owner=acme&repo=a"}
    run_id = workshop.start(workshop.offer("ours", LOG), values)
    assert Run.objects.get(pk=run_id).places == ["local"]


@pytest.mark.django_db
def test_the_longest_queue_asks_a_fixed_number_of_times(
    workshop: Workshop, one_each: Settings, rung: list[str], django_assert_max_num_queries: Any
) -> None:
    one_each.GREENROOM_RUNS_PER_TEMPLATE = 1
    ref = workshop.offer("ours", LOG)
    first, *others = (workshop.start(ref) for _ in range(4))
    working(first)
    made = Run.objects.get(pk=others[0])
    Run.objects.bulk_create(
        Run(template_ref=ref, spec=made.spec, created_by="a", waits_for="x", created_at=made.created_at)
        for _ in range(admission.MOST_CALLED + 5)
    )
    with django_assert_max_num_queries(10):
        assert admission.take(others[-1]) is None
    rung.clear()
    with django_assert_max_num_queries(1):
        admission.call_next()
    assert len(rung) == admission.MOST_CALLED
