"""Runs and events as the wire shows them; there a run is called a task."""

from datetime import UTC, datetime
from typing import Any

import orjson

from scaffolder.looking import Look
from scaffolder.models import Run, RunEvent
from scaffolder.states import RunState


def task_document(run: Run | Look) -> dict[str, Any]:
    """A run, never with secrets."""
    shown: dict[str, Any] = {
        "id": str(run.pk),
        "spec": run.spec,
        "status": wire_status(run.state),
        "createdAt": instant(run.created_at),
    }
    if run.last_heartbeat_at is not None:
        shown["lastHeartbeatAt"] = instant(run.last_heartbeat_at)
    shown["createdBy"] = run.created_by
    return shown


def wire_status(state: str) -> str:
    """The contract knows no run that waits for an approval: to its clients it is open."""
    return RunState.OPEN if state == RunState.WAITING else state


def event_document(event: RunEvent) -> dict[str, Any]:
    """One event of a run."""
    return {
        "id": event.pk,
        "isTaskRecoverable": False,
        "taskId": str(event.run_id),
        "body": event.body,
        "type": event.type,
        "createdAt": instant(event.created_at),
    }


def event_frame(event: RunEvent) -> bytes:
    """One event of a run as a server-sent event."""
    return b"event: %s\ndata: %s\n\n" % (event.type.encode(), orjson.dumps(event_document(event)))


def instant(moment: datetime) -> str:
    """`2026-01-01T00:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
