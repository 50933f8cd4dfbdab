"""What an action is: its id, its schemas, what it may use while it runs, and how what it made is taken back."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from core.api.subjects import Subject
from scaffolder.errors import RunCancelled


class Ledger(Protocol):
    """What this run makes outside of its workspace: noted before, proved after."""

    def intend(self, kind: str, key: str, **details: Any) -> None:
        """Note that something is about to be made. Noting it twice is noting it once."""
        ...

    def prove(self, kind: str, key: str, **details: Any) -> None:
        """Note that it is there, and that this run made it."""
        ...

    def proved(self, kind: str, key: str) -> Mapping[str, Any] | None:
        """The details of what this run has made and not taken back; None when it has not."""
        ...

    def noted(self, kind: str, key: str) -> Mapping[str, Any] | None:
        """As `proved`, and also what was about to be made: by an earlier attempt that was killed or that failed."""
        ...


class Checkpoints(Protocol):
    """Marks inside a step: what is done under a key is not done again by whoever takes the step over."""

    def __call__(self, key: str, work: Callable[[], Any]) -> Any:
        """What `work` gave when it was done under this key in this step, else what it gives now, kept from here on.

        A JSON value; it is kept sealed, and forgotten when the run ends. Only work that ended well is kept.
        """
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
    """Where the template lies; relative addresses are meant from here, at the run's version of the template."""
    user: User
    subject: Subject
    """On whose behalf: what the catalog shows a step is what it shows them."""
    log: Callable[[str], None]
    warn: Callable[[str], None]
    """As `log`, at the level of a warning."""
    ledger: Ledger
    checkpoint: Checkpoints
    cancelled: threading.Event
    again: bool = False
    dry_run: bool = False
    """Nothing outside of the workspace may change."""
    hide: Callable[[str], None] = lambda _secret: None
    """Mask a text from now on wherever the run says something: for a secret that the step makes. Before it is said."""
    mask: Callable[[str], str] = lambda told: told
    """A text as it may be shown: with the run's secrets masked. For what a step says elsewhere than in its log."""
    kept: str = ""
    """The digest of the copy that was kept of a template's folder on this machine; files are read from there."""

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
class Foreseen:
    """What a step would make: effects as (kind, key) in the ledger's words, and the output as far as it is known."""

    effects: tuple[tuple[str, str], ...] = ()
    output: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """An effect of a run that is to be taken back. Not `proved`: it was about to be made when its worker died, and
    whether this run made it has to be found out at the host.
    """

    kind: str
    key: str
    details: Mapping[str, Any]
    proved: bool


@dataclass(frozen=True, slots=True)
class UndoContext:
    """What taking back may use. `made_by` is the mark that the run gave to what it made."""

    run_id: str
    log: Callable[[str], None]

    @property
    def made_by(self) -> str:
        return maker(self.run_id)


def maker(run_id: str) -> str:
    """The `made_by` that a run gives to repositories."""
    return f"run:{run_id}"


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
    dry_run: bool = False
    """Whether `run` may be called in a dry run: it changes nothing but the workspace, or looks at `ctx.dry_run`."""
    foresee: Callable[[StepContext, dict[str, Any]], Foreseen] | None = None
    """What `run` would make, told without making anything; for those that make something outside."""
    undo: Callable[[UndoContext, Made], None] | None = None
    """Takes back one effect that `run` noted; what is gone already is fine. CannotUndo leaves it to a person.

    Only what the run can prove that it made is touched: by the host's own id, or by the run's mark.
    """

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
