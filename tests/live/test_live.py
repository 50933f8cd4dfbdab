"""The main job with real processes, and what happens to it when they are killed."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
import requests

from tests.core.waiting import until

from .conftest import Running

pytestmark = pytest.mark.live


def entity(running: Running, name: str) -> requests.Response:
    return running.http.get(
        f"{running.url}/api/catalog/entities/by-name/component/default/{name}", timeout=10
    )


def clone(running: Running, name: str, into: Path) -> subprocess.CompletedProcess[str]:
    header = str(running.http.headers["Authorization"])
    settings = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: {header}",
    }
    return subprocess.run(
        ["git", "clone", "--quiet", f"{running.url}/git/acme/{name}.git", str(into)],
        env={"PATH": os.environ["PATH"], "HOME": str(into.parent), "GIT_TERMINAL_PROMPT": "0", **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_main_job(running: Running, tmp_path: Path) -> None:
    task = running.start("payments")
    events = running.events(task)
    assert events[-1]["type"] == "completion"
    assert events[-1]["body"]["message"] == "Run completed with status: completed"
    assert [event["id"] for event in events] == sorted({event["id"] for event in events})
    found = entity(running, "payments")  # at once: nothing waits for the catalog
    assert found.status_code == 200
    assert {"type": "ownedBy", "targetRef": "group:default/tests"} in found.json()["relations"]
    cloned = clone(running, "payments", tmp_path / "payments")
    assert cloned.returncode == 0, cloned.stderr
    assert "name: payments" in (tmp_path / "payments" / "catalog-info.yaml").read_text()
    assert not list((running.data / "workspaces").iterdir())


def test_the_same_repository_twice_is_refused_and_nothing_is_left(running: Running) -> None:
    first = running.start("taken")
    assert running.events(first)[-1]["body"]["message"].endswith("completed")
    second = running.events(running.start("taken"))
    assert second[-1]["body"]["error"]["name"] == "ConflictError"
    assert "taken" in second[-1]["body"]["error"]["message"]


def test_commands_speak_to_it(running: Running) -> None:
    token = str(running.http.headers["Authorization"]).removeprefix("Bearer ")
    running.environ |= {"GREENROOM_TOKEN": token, "GREENROOM_URL": running.url}
    listed = running.command("catalog", "list", "--kind", "template", "--json")
    assert listed.returncode == 0, listed.stderr
    assert "patient" in listed.stdout
    doctor = running.command("doctor")
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr


@pytest.mark.parametrize("victim", ["redis", "postgres", "worker"])
def test_a_killed_process_costs_no_run(running: Running, victim: str, tmp_path: Path) -> None:
    name = f"survives-{victim}"
    task = running.start(name, seconds=3)
    until(lambda: "Beginning step Before" in running.messages(task), seconds=30)
    before = running.supervisor.status()[victim]
    assert before["pid"] is not None
    os.kill(before["pid"], signal.SIGKILL)
    until(lambda: running.supervisor.status()[victim]["restarts"] > before["restarts"], seconds=30)
    until(running.answers, seconds=30)
    until(lambda: running.task(task)["status"] == "completed", seconds=90)
    messages = running.messages(task)
    for step in ("Fetch", "Before", "Publish", "After", "Register"):
        assert messages.count(f"Finished step {step}") == 1, messages
    assert sum(message.startswith("Run completed") for message in messages) == 1
    assert entity(running, name).status_code == 200
    assert clone(running, name, tmp_path / name).returncode == 0
    log = subprocess.run(
        ["git", "-C", str(tmp_path / name), "log", "--oneline"], capture_output=True, text=True, check=True
    )
    assert len(log.stdout.splitlines()) == 1


def test_a_run_started_while_redis_is_away_is_found_by_the_sweep(running: Running) -> None:
    redis = running.supervisor.status()["redis"]
    assert redis["pid"] is not None
    os.kill(redis["pid"], signal.SIGSTOP)  # takes connections, answers nobody
    try:
        task = running.start("no-bell")
    finally:
        os.kill(redis["pid"], signal.SIGKILL)
    until(lambda: running.task(task)["status"] == "completed", seconds=60)


def test_no_secret_reaches_the_log(running: Running) -> None:
    token = str(running.http.headers["Authorization"]).removeprefix("Bearer ")
    assert token not in (running.data / "greenroom.log").read_text()
