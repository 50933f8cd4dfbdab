"""Statuses and check runs on GitHub: taken together, and waited for by a campaign."""

from typing import Any

import pytest

from scaffolder.models import Instance, Run
from scaffolder.tasks import advance_campaign, execute_run
from scm.fakes.github import FakeGitHub
from scm.port import Checks, CodeHost, PullRequests
from scm.registry import publishing_host
from scm.values import CheckState, RepositoryName
from tests.conftest import Api
from tests.scaffolder.conftest import Workshop
from tests.scaffolder.registry_world import STEPS, change, offer

pytestmark = pytest.mark.django_db
OURS = "/api/v1/scaffolder"
ONE = RepositoryName("acme", "one")
PUBLISH = {
    "id": "publish",
    "action": "publish:github",
    "input": {"repoUrl": "github.test?owner=acme&repo=one"},
}


@pytest.fixture
def instance(workshop: Workshop, hub: FakeGitHub) -> Instance:
    """A repository on GitHub, of version 1; the template is at version 2."""
    ref = offer(workshop, steps=[STEPS[0], PUBLISH, STEPS[2]])
    run_id = workshop.run(ref, {"name": "one"})
    assert workshop.task(run_id)["status"] == "completed", workshop.messages(run_id)
    change(workshop, "service", {"skeleton/README.md": "# ${{ values.name }}\n\nsecond\n"})
    return Instance.objects.get()


def host() -> Any:
    found: CodeHost = publishing_host("github.test")
    assert isinstance(found, PullRequests)
    assert isinstance(found, Checks)
    return found


def test_a_campaign_waits_for_the_checks_of_its_canary(api: Api, hub: FakeGitHub, instance: Instance) -> None:
    campaign = api.post(f"{OURS}/campaigns", {"template": "service"}).json()["id"]
    advance_campaign(str(campaign))
    for run in Run.objects.filter(serves="upgrade", state="open"):
        execute_run(str(run.pk))
    (pull,) = host().open_pull_requests(ONE)
    facts = hub.facts(str(ONE))

    def state() -> tuple[str, str]:
        advance_campaign(str(campaign))
        member = api.get(f"{OURS}/campaigns/{campaign}/members").json()["items"][0]
        return api.get(f"{OURS}/campaigns/{campaign}").json()["campaign"]["state"], member["checks"]

    assert state() == ("running", "none")
    facts.check_runs[pull.head_sha] = {"build": None}
    assert state() == ("running", "pending")
    facts.check_runs[pull.head_sha] = {"build": "success"}
    facts.statuses[pull.head_sha] = {"lint": "failure"}
    assert state() == ("paused", "red")
    facts.statuses[pull.head_sha] = {"lint": "success"}
    api.post(f"{OURS}/campaigns/{campaign}/resume", {})
    assert state() == ("completed", "green")


@pytest.mark.parametrize(
    ("statuses", "runs", "expected"),
    [
        ({}, {}, CheckState.NONE),
        ({"a": "success"}, {}, CheckState.GREEN),
        ({}, {"a": "skipped", "b": "neutral"}, CheckState.GREEN),
        ({"a": "error"}, {"b": None}, CheckState.RED),
        ({}, {"a": "timed_out"}, CheckState.RED),
        ({"a": "success"}, {"b": None}, CheckState.PENDING),
        ({f"s{number}": "success" for number in range(30)} | {"last": "failure"}, {}, CheckState.RED),
        ({}, {f"r{number}": "success" for number in range(100)} | {"last": "failure"}, CheckState.RED),
    ],
)
def test_checks_are_taken_together(
    hub: FakeGitHub, statuses: dict[str, str], runs: dict[str, str | None], expected: CheckState
) -> None:
    made = hub.state.repository(str(ONE), {"a": b"a\n"})
    sha = made.heads["main"]
    facts = hub.facts(str(ONE))
    facts.statuses[sha], facts.check_runs[sha] = statuses, runs
    assert host().checks(ONE, sha) == expected
