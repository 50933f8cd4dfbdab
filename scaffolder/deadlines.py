"""How long a step and a run may take: at the deadline the step is stopped as by a cancellation, with its children."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from scaffolder.errors import StepTimedOut


@dataclass
class Deadline:
    """Whether the step that works now was stopped for having taken too long, and in which words."""

    passed: str = ""
    _timer: threading.Timer | None = field(default=None, repr=False)

    @contextmanager
    def kept(self, seconds: float, words: str, stop: threading.Event) -> Iterator[None]:
        """While the body runs, and after `seconds`, set `stop` and remember why. StepTimedOut when no time is left."""
        self.passed = ""
        if seconds <= 0:
            raise StepTimedOut(words)

        def reached() -> None:
            self.passed = words
            stop.set()

        self._timer = threading.Timer(seconds, reached)
        self._timer.daemon = True
        self._timer.start()
        try:
            yield
        finally:
            self._timer.cancel()
            self._timer.join()  # it may be about to set what belongs to the next step
        if self.passed:  # in the very moment in which the step was done
            self.passed = ""
            stop.clear()


def allowed(step: Mapping[str, Any], started_at: datetime | None) -> tuple[float, str]:
    """Seconds that are left for a step, and what to say when they are over. Without `started_at` the run's limit is not asked.

    A template may ask for less by a positive number `timeoutSeconds` on the step; any other value asks for nothing.
    """
    minutes, hours = settings.GREENROOM_STEP_MINUTES, settings.GREENROOM_RUN_HOURS
    asked = step.get("timeoutSeconds")
    left = minutes * 60.0
    words = f"Step {step['id']} took more than {minutes} minutes (GREENROOM_STEP_MINUTES) and was stopped"
    if isinstance(asked, int | float) and not isinstance(asked, bool) and 0 < asked < left:
        left = float(asked)
        words = f"Step {step['id']} took more than the {asked:g} seconds that the template allows it (timeoutSeconds)"
    if started_at is not None:
        rest = (started_at + timedelta(hours=hours) - timezone.now()).total_seconds()
        if rest < left:
            return (
                rest,
                f"The run took more than {hours} hours (GREENROOM_RUN_HOURS) and was stopped in step {step['id']}",
            )
    return left, words
