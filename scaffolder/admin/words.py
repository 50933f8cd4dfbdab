"""How the admin says states, lengths of time, answers and lists."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from scaffolder.admin.links import NOTHING
from scaffolder.models import Run
from scaffolder.states import RunState

LONGEST = 100_000
"""Characters of one document on a page; the API sends all of it."""


def badge(run: Run) -> SafeString:
    """The state of a run, in words and in a colour."""
    said = RunState(run.state).label
    if run.cancel_requested and run.state == RunState.PROCESSING:
        said = "being cancelled"
    return label(run.state, said)


def label(state: str, words: str) -> SafeString:
    """A state in words, in the colour that it has on all pages."""
    return format_html('<span class="run-badge run-{}">{}</span>', state, words)


def facts(values: Mapping[str, Any]) -> SafeString:
    """Names with their values, as a form's answers: texts as they are, anything else as JSON."""
    said = (
        (name, cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)))
        for name, value in values.items()
    )
    rows = format_html_join("", "<tr><th>{}</th><td>{}</td></tr>", said)
    return format_html('<table class="run-facts">{}</table>', rows) if values else NOTHING


def lines(texts: Iterable[object]) -> SafeString:
    """One below the other; a dash when there are none."""
    return format_html_join("", "<div>{}</div>", ((text,) for text in texts)) or NOTHING


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
