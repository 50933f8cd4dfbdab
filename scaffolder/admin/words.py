"""How the admin says states and lengths of time."""

from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from scaffolder.models import Run
from scaffolder.states import RunState

LONGEST = 100_000
"""Characters of one document on a page; the API sends all of it."""


def badge(run: Run) -> SafeString:
    """The state of a run, in words and in a colour."""
    said = RunState(run.state).label
    if run.cancel_requested and run.state == RunState.PROCESSING:
        said = "being cancelled"
    return format_html('<span class="run-badge run-{}">{}</span>', run.state, said)


def lasted(began: datetime | None, ended: datetime | None) -> str:
    """How long something took, or takes so far; a dash before it begins."""
    if began is None:
        return "-"
    seconds = max(0.0, ((ended or timezone.now()) - began).total_seconds())
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def cut(text: str) -> str:
    """A text that a page can show."""
    over = len(text) - LONGEST
    return text if over <= 0 else f"{text[:LONGEST]}\n… {over:,} characters more; the API sends all of it."
