"""What an action is: its id, its schemas, and what it may use while it runs."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from scaffolder.errors import RunCancelled


class Ledger(Protocol):
    """What this run makes outside of its workspace: noted before, proved after."""

    def intend(self, kind: str, key: str, **details: Any) -> None:
        """Note that something is about to be made. Noting it twice is noting it once."""
        ...

    def prove(self, kind: str, key: str, **details: Any) -> None:
        """Note that it is there, and that this run made it."""
        ...

    def proved(self, kind: str, key: str) -> bool:
        """Whether this run has made it."""
        ...


@dataclass(frozen=True, slots=True)
class User:
    """Who asked for the run: a reference, and their entity when the catalog has one."""

    ref: str
    entity: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StepContext:
    """What one step may use. `again` says that a worker that died had begun the same step before.

    An action looks whether what it makes is there already, so that doing it again is free.
    """

    run_id: str
    step_id: str
    step_name: str
    workspace: Path
    scratch: Path
    """A folder outside of the workspace that the step may make and fill; it is removed with the run."""
    template_ref: str
    base_url: str
    """Where the template lies; relative addresses are meant from here."""
    user: User
    log: Callable[[str], None]
    ledger: Ledger
    cancelled: threading.Event
    again: bool = False

    def check_cancelled(self) -> None:
        """Raise RunCancelled when somebody cancelled the run."""
        if self.cancelled.is_set():
            raise cancellation(self.run_id, self.step_id, self.step_name)

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than until the run is cancelled."""
        if self.cancelled.wait(seconds):
            self.check_cancelled()


def cancellation(run_id: str, step_id: str, step_name: str) -> RunCancelled:
    """The error of a step in which its run was cancelled, in the contract's words."""
    return RunCancelled(f"Step {step_id} ({step_name}) of task {run_id} has been cancelled.")


@dataclass(frozen=True, slots=True)
class Example:
    """A piece of a template that shows the action."""

    description: str
    example: str

    def document(self) -> dict[str, str]:
        return {"description": self.description, "example": self.example}


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a step can do. `run` takes the context and the checked input, and gives the output."""

    id: str
    description: str
    input: Mapping[str, Any]
    """JSON Schema of the input. Keys that it does not know are ignored and told in the log."""
    run: Callable[[StepContext, dict[str, Any]], Mapping[str, Any] | None]
    output: Mapping[str, Any] | None = None
    examples: tuple[Example, ...] = field(default=())

    def document(self) -> dict[str, Any]:
        """As `GET /v2/actions` shows it."""
        shown: dict[str, Any] = {"id": self.id, "description": self.description}
        if self.examples:
            shown["examples"] = [example.document() for example in self.examples]
        shown["schema"] = {"input": self.input} | ({"output": self.output} if self.output else {})
        return shown


def object_schema(required: tuple[str, ...] = (), **properties: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON Schema of an object with these properties."""
    schema: dict[str, Any] = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return schema | ({"required": list(required)} if required else {})


def text(description: str, **more: Any) -> dict[str, Any]:
    """A JSON Schema of a text."""
    return {"type": "string", "description": description, **more}


def flag(description: str) -> dict[str, Any]:
    """A JSON Schema of a yes or no."""
    return {"type": "boolean", "description": description}


def texts(description: str) -> dict[str, Any]:
    """A JSON Schema of a list of texts."""
    return {"type": "array", "items": {"type": "string"}, "description": description}
