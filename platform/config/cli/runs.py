"""A scaffolder run as it is told by its events: the state of each step, its log, and how it ended."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import ExternalError

from .checklist import Checklist, Mark
from .client import Client, Event

COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")
MARKS = {
    "processing": Mark.RUNNING,
    "completed": Mark.DONE,
    "skipped": Mark.SKIPPED,
    "failed": Mark.FAILED,
    "cancelled": Mark.FAILED,
}


@dataclass
class Ended:
    """How a run ended, with the log of every step."""

    completed: bool
    error: str
    output: Mapping[str, Any]
    failed_step: str | None = None
    log: dict[str | None, list[str]] = field(default_factory=dict)


def events(client: Client, run: str, after: int = 0) -> Iterator[Event]:
    """The events of a run behind that one until it has ended, across streams that the server closes early."""
    last = after
    for _ in range(100):
        for event in client.events(
            f"scaffolder/v2/tasks/{run}/eventstream", **({"after": last} if last else {})
        ):
            last = max(last, int(event.data.get("id", 0)))
            yield event
            if event.name == "completion":
                return
    raise ExternalError(
        f"the event stream of run {run} closed without an end, many times: look at the server's log"
    )


def follow(
    found: Iterable[Event], *, line: Callable[[str | None, str], None], steps: Checklist | None = None
) -> Ended:
    """Read events to the end; each log line goes to `line`, each step's state to the checklist."""
    ended = Ended(completed=False, error="the run was left before its end", output={})
    for event in found:
        body = event.data["body"]
        step, message = body.get("stepId"), COLOUR_CODES.sub("", str(body.get("message", "")))
        mark = MARKS.get(body.get("status", ""))
        if step and mark and steps:
            steps.set(step, mark)
        if mark is Mark.FAILED:
            ended.failed_step = step
        if event.name == "completion":
            error = body.get("error") or {}
            ended.completed = not error
            ended.error = str(error.get("message", ""))
            ended.output = body.get("output") or {}
            line(None, message)
            return ended
        ended.log.setdefault(step, []).append(message)
        line(step, message)
    return ended
