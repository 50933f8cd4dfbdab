"""Runs and templates in the admin."""

import pytest
from django.test import Client

from core.models import AuditEvent
from identity.models import Person
from scaffolder.models import Run
from tests.scaffolder.conftest import Workshop

pytestmark = pytest.mark.django_db
LOG = [{"id": "log", "action": "debug:log", "input": {"message": "hello"}}]


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(Person.objects.create_superuser("ada", "ada@greenroom.invalid", "pass"))
    return client


def test_runs_and_templates_are_shown(browser: Client, workshop: Workshop) -> None:
    run_id = workshop.run(workshop.offer("log", LOG))
    assert run_id in browser.get("/admin/scaffolder/run/").content.decode()
    page = browser.get(f"/admin/scaffolder/run/{run_id}/change/").content.decode()
    assert "Finished step debug:log" in page
    assert "template:default/log" in browser.get("/admin/scaffolder/templateentity/").content.decode()
    assert "template:default/log" in browser.get("/admin/scaffolder/run/?q=template").content.decode()


def test_runs_are_cancelled_and_retried(browser: Client, workshop: Workshop) -> None:
    run_id = workshop.start(workshop.offer("log", LOG))
    for action, state in (("cancel", "cancelled"), ("retry", "open"), ("retry", "open")):
        answer = browser.post(
            "/admin/scaffolder/run/", {"action": action, "_selected_action": [run_id]}, follow=True
        )
        assert answer.status_code == 200
        assert Run.objects.get(pk=run_id).state == state
    assert "cannot be retried" in answer.content.decode()
    verbs = AuditEvent.objects.filter(actor="user:default/ada").values_list("verb", flat=True)
    assert sorted(verbs) == ["cancelled", "retried"]
