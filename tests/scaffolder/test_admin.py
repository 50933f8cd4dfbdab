"""Runs and templates in the admin: what is shown, what may be decided, the log as it comes, and what a page costs."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import AuditEvent
from identity.models import Person
from scaffolder.admin import page as run_page
from scaffolder.models import Effect, Run, RunEvent
from scaffolder.rollback.models import Rollback
from scaffolder.states import EffectState, RunState
from scaffolder.tasks import execute_run, plan_run
from tests.scaffolder.approvals.conftest import PLATFORM, Desk, desk, people  # noqa: F401 - fixtures
from tests.scaffolder.conftest import Workshop

pytestmark = pytest.mark.django_db
RUNS = "/admin/scaffolder/run/"
LOG = [{"id": "log", "action": "debug:log", "input": {"message": "hello"}}]
BROKEN = [*LOG, {"id": "broken", "action": "fs:delete", "input": {"files": ["../away"]}}]


def signed_in(name: str, *may: str, superuser: bool = False) -> Client:
    person = Person.objects.create_user(name, password="pass", is_staff=True, is_superuser=superuser)
    for codename in may:
        person.user_permissions.add(
            Permission.objects.get(codename=codename, content_type__app_label="scaffolder")
        )
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def browser(db: None) -> Client:
    return signed_in("ada", superuser=True)


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


def shown(client: Client, run_id: str) -> str:
    return text_of(client, f"{RUNS}{run_id}/change/")


def do(client: Client, run_id: str, deed: str, **body: str) -> Any:
    return client.post(f"{RUNS}{run_id}/do/{deed}/", body, follow=True)


def offered(text: str) -> set[str]:
    return set(re.findall(r"/do/(\w+)/\"", text))


def test_runs_and_templates_are_shown(browser: Client, workshop: Workshop) -> None:
    run_id = workshop.run(workshop.offer("log", LOG))
    assert run_id in text_of(browser, RUNS)
    assert "Finished step debug:log" in shown(browser, run_id)
    templates = text_of(browser, "/admin/scaffolder/templateentity/")
    assert ">log</a>" in templates
    assert "100 %" in templates


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=template", True),
        ("?q=log", True),
        ("?q=template:default/log", True),
        ("?q=other", False),
        ("?q=ana", True),
        ("?q=user:default/ana", True),
        ("?q=100%25", False),
        ("?state__exact=completed", True),
        ("?state__exact=failed", False),
    ],
)
def test_runs_are_filtered_and_looked_up(
    browser: Client, workshop: Workshop, as_role: Any, query: str, found: bool
) -> None:
    workshop.api = as_role("developer", acts_for="user:default/ana")
    run_id = workshop.run(workshop.offer("log", LOG))
    assert (run_id in text_of(browser, f"{RUNS}{query}")) == found
    assert run_id in text_of(browser, f"{RUNS}?q={run_id}")


def test_any_other_condition_in_an_address_is_refused(browser: Client, db: None) -> None:
    assert browser.get(f"{RUNS}?template_ref__regex=a").status_code == 400
    for run_id in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        for place in ("change/", "stream/"):
            assert browser.get(f"{RUNS}{run_id}/{place}").status_code == 404


def test_an_error_comes_first_and_what_is_left_has_its_reason(browser: Client, workshop: Workshop) -> None:
    run_id = workshop.run(workshop.offer("broken", BROKEN))
    Effect.objects.create(
        run_id=run_id,
        step_id="log",
        kind="repository",
        key="local:acme/x",
        state=EffectState.LEFT,
        reason="it has commits by others",
    )
    text = shown(browser, run_id)
    assert text.index('role="alert"') < text.index("<h2>Steps</h2>")
    assert "it has commits by others" in text
    assert "left to a person" in text
    assert "data-stream" not in text


def test_what_a_step_says_is_text_and_the_page_runs_no_script_but_its_own(
    browser: Client, workshop: Workshop
) -> None:
    evil = "<script>alert(1)</script>"
    run_id = workshop.run(workshop.offer("log", [{**LOG[0], "name": evil, "input": {"message": evil}}]))
    answer = browser.get(f"{RUNS}{run_id}/change/")
    assert evil not in answer.content.decode()
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)", answer.content.decode())
    assert " style=" not in answer.content.decode().partition('class="run"')[2]


# ---- deciding


def test_runs_are_cancelled_after_a_question_and_retried(browser: Client, workshop: Workshop) -> None:
    run_id = workshop.start(workshop.offer("log", LOG))
    assert offered(shown(browser, run_id)) == {"cancel"}
    assert "Cancel this run?" in do(browser, run_id, "cancel").content.decode()
    assert Run.objects.get().state == RunState.OPEN
    assert do(browser, run_id, "cancel", confirmed="yes").status_code == 200
    assert Run.objects.get().state == RunState.CANCELLED
    assert offered(shown(browser, run_id)) == {"retry"}
    do(browser, run_id, "retry")
    assert Run.objects.get().state == RunState.OPEN
    assert "cannot be retried" in do(browser, run_id, "retry").content.decode()
    verbs = AuditEvent.objects.filter(actor="user:default/ada").values_list("verb", flat=True)
    assert sorted(verbs) == ["cancelled", "retried"]


def test_nothing_is_decided_by_a_link_or_from_another_site(browser: Client, workshop: Workshop) -> None:
    run_id = workshop.start(workshop.offer("log", LOG))
    assert browser.get(f"{RUNS}{run_id}/do/cancel/?confirmed=yes").status_code == 405
    assert browser.post(f"{RUNS}{run_id}/do/explode/").status_code == 404
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(Person.objects.get(username="ada"))
    assert careful.post(f"{RUNS}{run_id}/do/cancel/", {"confirmed": "yes"}).status_code == 403
    assert Run.objects.get().state == RunState.OPEN


def test_who_may_look_may_not_act_and_a_stranger_sees_nothing(workshop: Workshop) -> None:
    run_id = workshop.start(workshop.offer("log", LOG))
    viewer = signed_in("vera", "view_run")
    assert offered(shown(viewer, run_id)) == set()
    assert do(viewer, run_id, "cancel", confirmed="yes").status_code == 403
    stranger = signed_in("nils")
    for place in ("change/", "stream/"):
        assert stranger.get(f"{RUNS}{run_id}/{place}").status_code == 404
    assert stranger.post(f"{RUNS}{run_id}/do/cancel/", {"confirmed": "yes"}).status_code == 404
    assert Client().get(f"{RUNS}{run_id}/stream/").status_code == 302  # to the sign-in
    assert Run.objects.get().state == RunState.OPEN


def test_a_plan_is_looked_at_and_approved(desk: Desk) -> None:  # noqa: F811
    run_id = desk.start(desk.offer(approval=PLATFORM))
    pat, zoe, ana = (signed_in(name, "view_run") for name in ("pat", "zoe", "ana"))
    assert "It is being planned" in shown(pat, run_id)
    assert offered(shown(pat, run_id)) == {"reject"}
    plan_run(run_id)
    text = shown(pat, run_id)
    assert "local:acme/shop" in text
    assert "1 file that it writes" in text
    assert offered(text) == {"approve", "reject"}
    assert offered(shown(zoe, run_id)) == set()
    assert offered(shown(ana, run_id)) == {"reject"}  # who asked may take it back, not wave it through
    (digest,) = re.findall(r'name="hash" value="(\w{64})"', text)
    assert "look at it, then decide again" in do(pat, run_id, "approve", hash="0" * 64).content.decode()
    for person in (zoe, ana):
        do(person, run_id, "approve", hash=digest)
        assert Run.objects.get().state == RunState.WAITING
    assert "You have approved the plan" in do(pat, run_id, "approve", hash=digest).content.decode()
    assert Run.objects.get().state == RunState.OPEN
    execute_run(run_id)
    assert "approved" in shown(pat, run_id)


def test_a_rejection_needs_a_reason(desk: Desk) -> None:  # noqa: F811
    run_id = desk.planned(desk.offer(approval=PLATFORM))
    pat = signed_in("pat", "view_run")
    assert "reason must be a text" in do(pat, run_id, "reject").content.decode()
    do(pat, run_id, "reject", reason="too costly")
    assert Run.objects.get().state == RunState.CANCELLED
    assert "rejected by user:default/pat: too costly" in shown(pat, run_id)


def test_what_a_run_made_is_taken_back_after_a_question(desk: Desk, browser: Client) -> None:  # noqa: F811
    run_id = desk.start(desk.offer())
    execute_run(run_id)
    assert offered(shown(browser, run_id)) == {"retry", "rollback"}
    assert "Take back what this run made?" in do(browser, run_id, "rollback").content.decode()
    assert not Rollback.objects.exists()
    do(browser, run_id, "rollback", confirmed="yes")
    text = shown(browser, run_id)
    assert "Rollback asked for by user:default/ada" in text
    assert "rollback" not in offered(text)


# ---- the log as it comes


def test_the_log_comes_by_the_session(browser: Client, workshop: Workshop) -> None:
    run_id = workshop.start(workshop.offer("log", LOG))
    text = shown(browser, run_id)
    (address,) = re.findall(r'data-stream="([^"]+)"', text)
    (after,) = re.findall(r'data-after="(\d+)"', text)
    execute_run(run_id)
    answer = browser.get(f"{address}?after={after}")
    assert answer.headers["Content-Type"] == "text/event-stream"
    said = b"".join(answer.streaming_content).decode()
    assert "Finished step debug:log" in said
    assert said.rstrip().rpartition("\n\n")[2].startswith("event: completion\n")


def test_a_watcher_too_many_is_sent_away(browser: Client, workshop: Workshop, settings: Any) -> None:
    settings.GREENROOM_STREAMS = 0
    run_id = workshop.start(workshop.offer("log", LOG))
    answer = browser.get(f"{RUNS}{run_id}/stream/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


# ---- cost


def queries(client: Client, address: str) -> int:
    text_of(client, address)
    with CaptureQueriesContext(connection) as captured:
        text_of(client, address)
    return len(captured)


def test_a_page_costs_the_same_with_many_rows(browser: Client, workshop: Workshop) -> None:
    ref = workshop.offer("log", LOG)
    first = workshop.run(ref)
    pages = (RUNS, f"{RUNS}?q=log", f"{RUNS}{first}/change/", "/admin/scaffolder/templateentity/")
    few = {address: queries(browser, address) for address in pages}
    assert max(few.values()) <= 15, few
    for _ in range(4):
        workshop.run(ref)
    RunEvent.objects.bulk_create(
        RunEvent(run_id=first, type="log", body={"message": f"line {number}"}) for number in range(30)
    )
    Effect.objects.bulk_create(
        Effect(run_id=first, step_id="log", kind="file", key=str(number)) for number in range(30)
    )
    assert {address: queries(browser, address) for address in pages} == few


def test_a_long_log_is_cut_at_its_beginning(
    browser: Client, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = workshop.run(workshop.offer("log", LOG))
    monkeypatch.setattr(run_page, "MOST_LINES", 2)
    text = shown(browser, run_id)
    assert "The latest 2 lines" in text
    assert "Run completed with status: completed" in text
    assert "Starting up task" not in text
