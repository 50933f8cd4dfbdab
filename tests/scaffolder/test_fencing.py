"""Lines that wait are written in order, with what they belong to, and by nobody who lost the run."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core.errors import LeaseLost
from scaffolder.fencing import LONGEST_WAIT, Fence
from scaffolder.models import Run, RunEvent
from scaffolder.states import RunState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run() -> Run:
    return Run.objects.create(
        template_ref="template:default/x",
        spec={},
        state=RunState.PROCESSING,
        attempts=1,
        lease_until=timezone.now() + timedelta(seconds=1),
        created_by="user:default/ana",
    )


@pytest.fixture
def fence(run: Run) -> Fence:
    return Fence(run, threading.Event())


def said(run: Run) -> list[str]:
    return [event.body["message"] for event in RunEvent.objects.filter(run=run)]


def say(fence: Fence, *messages: str) -> None:
    for message in messages:
        fence.say("log", {"message": message})


def test_what_is_said_quickly_is_one_write(run: Run, fence: Fence, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        say(fence, "one", "two", "three\x00\ud800")
        fence.flush()
    assert said(run) == ["one", "two", "three\x00\ud800"]


def test_a_line_does_not_wait_long(run: Run, fence: Fence) -> None:
    say(fence, "one")
    fence._waiting[0] = type(fence._waiting[0])("log", {"message": "one"}, timezone.now() - LONGEST_WAIT)
    say(fence, "two")
    assert said(run) == ["one", "two"]


def test_lines_go_with_what_is_written_and_come_back_when_it_is_not(run: Run, fence: Fence) -> None:
    say(fence, "one")

    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fence.write(fails)
    assert said(run) == []
    say(fence, "two")
    fence.write(lambda: Run.objects.filter(pk=run.pk).update(restarts=3))
    assert said(run) == ["one", "two"]
    assert RunEvent.objects.count() == 2


def test_what_is_written_later_goes_with_the_next_write(run: Run, fence: Fence) -> None:
    say(fence, "done")
    fence.later(lambda: run.steps.create(position=0, step_id="one"))
    fence.flush_in_passing()  # says nothing ahead of what it is said about
    assert (said(run), run.steps.count()) == ([], 0)
    fence.write(lambda: None)
    fence.write(lambda: None)
    assert (said(run), run.steps.count()) == (["done"], 1)


def test_who_lost_the_run_says_nothing(run: Run, fence: Fence) -> None:
    Run.objects.filter(pk=run.pk).update(attempts=2)
    say(fence, "late")
    for write in (fence.flush, lambda: fence.write(lambda: None)):
        with pytest.raises(LeaseLost):
            write()
    fence.flush_in_passing()
    assert said(run) == []


def test_a_write_renews_the_lease_and_sees_a_cancellation(run: Run, fence: Fence) -> None:
    Run.objects.filter(pk=run.pk).update(cancel_requested=True)
    say(fence, "one")
    fence.flush()
    assert fence._cancelled.is_set()
    run.refresh_from_db()
    assert run.lease_until is not None
    assert run.lease_until > timezone.now() + timedelta(seconds=20)


def test_in_passing_waits_for_nobody(run: Run, fence: Fence) -> None:
    """While a step holds the row in a transaction of its own, another thread must not wait for it with our lines."""
    say(fence, "one")

    def pass_by() -> None:
        try:
            fence.flush_in_passing()
        finally:
            connection.close()

    with transaction.atomic():
        Run.objects.select_for_update().get(pk=run.pk)
        thread = threading.Thread(target=pass_by)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
    assert said(run) == []
    fence.flush_in_passing()
    assert said(run) == ["one"]
