"""An action that does what a test says, such as dying in its middle."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from scaffolder.models import Run
from scaffolder.steps.port import StepContext


class Killed(BaseException):
    """Stands for `kill -9`: nothing of ours catches it, and nothing more is written."""


def nothing(_ctx: StepContext) -> None:
    """Do nothing, and end well."""


class Trap:
    """An action that does what a test says, once it is sprung."""

    def __init__(self) -> None:
        self.calls = 0
        self.then: Callable[[StepContext], Any] = nothing

    def __call__(self, ctx: StepContext, given: dict[str, Any]) -> Mapping[str, Any] | None:
        self.calls += 1
        return self.then(ctx)


def kill(_ctx: StepContext) -> None:
    raise Killed


def run_out(run_id: str) -> None:
    """Let the lease of a dead worker run out."""
    Run.objects.filter(pk=run_id).update(lease_until=timezone.now() - timedelta(seconds=1))


TRAP = {"id": "trap", "action": "test:trap"}
