"""How a run is told: its steps on a checklist, its log by step, and the reason when it fails."""

import io

import pytest
from rich.console import Console

from config.cli.checklist import Checklist
from config.cli.client import Event
from config.cli.demo_display import Story
from config.cli.runs import follow


def log(message: str, step: str | None = None, status: str | None = None) -> Event:
    return Event("log", {"id": 1, "body": {"message": message, "stepId": step, "status": status}})


def end(**body: object) -> Event:
    return Event("completion", {"id": 2, "body": {"message": "Run completed", **body}})


def test_a_run_that_fails_tells_its_failing_step(capsys: pytest.CaptureFixture[str]) -> None:
    screen = io.StringIO()
    told: list[tuple[str | None, str]] = []
    with Checklist(Console(file=screen, width=80)) as steps:
        for step in ("fetch", "publish", "register"):
            steps.add(step, f"step {step}")
        events = [
            log("Beginning step", "fetch", "processing"),
            log("Finished step", "fetch", "completed"),
            log("\x1b[32minfo\x1b[39m: pushing", "publish", "processing"),
            log("the disk is full", "publish", "failed"),
            log("Skipping step", "register", "skipped"),
            end(error={"name": "Error", "message": "the disk is full"}),
        ]
        ended = follow(iter(events), line=lambda step, message: told.append((step, message)), steps=steps)
    assert not ended.completed
    assert (ended.failed_step, ended.error) == ("publish", "the disk is full")
    assert ended.log["publish"] == ["info: pushing", "the disk is full"]
    assert ("publish", "info: pushing") in told
    assert [line.split()[0] for line in screen.getvalue().splitlines()] == ["✓", "✗", "-"]

    Story().log_of_failure(ended)
    said = capsys.readouterr().out
    assert "The log of the step publish" in said
    assert "the disk is full" in said


def test_a_run_that_completes_gives_its_output() -> None:
    ended = follow(iter([log("a"), end(output={"links": []})]), line=lambda _step, _message: None)
    assert ended.completed
    assert ended.output == {"links": []}


def test_a_stream_without_an_end_is_no_success() -> None:
    assert not follow(iter([log("a")]), line=lambda _step, _message: None).completed
