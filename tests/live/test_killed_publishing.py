"""The worker gets a real `kill -9` from the code host, in the middle of a request of publish: whole, or nothing."""

import base64
import os
import signal
import subprocess
from typing import Any

import pytest
import requests

from scm.fakes.github import FakeGitHub
from tests.core.waiting import until

from .conftest import TOKEN, Running
from .test_live import entity

pytestmark = pytest.mark.live

INSIDE = {
    "made": ("POST", "/orgs/acme/repos"),
    "pushed": ("POST", "/git-receive-pack"),
    "protected": ("PUT", "/protection"),
}
"""Requests that the host still does, and whose answer nobody gets."""
LONGER = pytest.mark.skipif(
    not os.environ.get("GREENROOM_LIVE"),
    reason="half a minute each, in which a lease runs out: `make live` does it",
)
LONG = 90.0
"""Seconds for a lease that runs out and for the next worker's work."""


def start_and_kill(running: Running, hub: FakeGitHub, name: str, inside: str) -> str:
    """Start a run; its worker is dead before the host does what it asks for."""
    before = running.supervisor.status()["worker"]
    killed: list[int] = []

    def kill() -> None:
        pid = running.supervisor.status()["worker"]["pid"]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)

    hub.meanwhile(*INSIDE[inside], kill)
    run_id = running.start_from("template:default/published", {"name": name})
    until(lambda: killed == [before["pid"]], seconds=60)
    until(lambda: running.supervisor.status()["worker"]["restarts"] > before["restarts"], seconds=30)
    return run_id


def listed(hub: FakeGitHub) -> list[str]:
    """What the host's own API lists."""
    answer = requests.get(
        f"{hub.api}/orgs/acme/repos", headers={"Authorization": f"token {TOKEN}"}, timeout=10
    )
    return sorted(one["name"] for one in answer.json())


def heads(hub: FakeGitHub, name: str) -> list[str]:
    """What git itself lists there."""
    basic = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    settings = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        "GIT_TERMINAL_PROMPT": "0",
    }
    asked = subprocess.run(
        ["git", "ls-remote", "--heads", f"{hub.url}/acme/{name}.git"],
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return [line.split("\t")[1] for line in asked.stdout.splitlines()]


def roll_back(running: Running, run_id: str) -> dict[str, Any]:
    """Have it taken back over REST; the run's page when that is done."""
    page = f"{running.url}/api/v1/scaffolder/runs/{run_id}"
    asked = running.http.post(f"{page}/rollback", json={}, timeout=10)
    assert asked.status_code == 202, asked.text

    def document() -> dict[str, Any]:
        return dict(running.http.get(page, timeout=10).json())

    until(lambda: (document()["rollback"] or {"state": "done"})["state"] == "done", seconds=60)
    return document()


def check_nothing(running: Running, hub: FakeGitHub, name: str, run_id: str) -> None:
    document = roll_back(running, run_id)
    assert {effect["state"] for effect in document["effects"]} == {"undone"}, document
    assert listed(hub) == []
    assert entity(running, name).status_code == 404


@pytest.mark.parametrize(
    "inside", ["made", *(pytest.param(one, marks=LONGER) for one in ("pushed", "protected"))]
)
def test_goes_on_and_is_taken_back(running: Running, hub: FakeGitHub, inside: str) -> None:
    run_id = start_and_kill(running, hub, inside, inside)
    until(lambda: running.task(run_id)["status"] == "completed", seconds=LONG)
    assert listed(hub) == [inside]
    assert heads(hub, inside) == ["refs/heads/main"]
    found = hub.state.named(f"acme/{inside}")
    assert found is not None
    log = ["git", "-C", str(found.bare.folder), "rev-list", "--all", "--count"]
    assert subprocess.run(log, capture_output=True, text=True, check=True).stdout.strip() == "1"
    assert len(hub.facts(f"acme/{inside}").hooks) == 1
    assert entity(running, inside).status_code == 200
    check_nothing(running, hub, inside, run_id)


@LONGER
def test_is_cancelled_and_taken_back(running: Running, hub: FakeGitHub) -> None:
    run_id = start_and_kill(running, hub, "stopped", "made")
    assert listed(hub) == ["stopped"]
    cancel = f"{running.url}/api/scaffolder/v2/tasks/{run_id}/cancel"
    assert running.http.post(cancel, timeout=10).status_code == 200
    until(lambda: running.task(run_id)["status"] == "failed", seconds=LONG)
    check_nothing(running, hub, "stopped", run_id)
