"""Which code hosts a run may write to, as far as its steps tell before any of them has run."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from scaffolder.expressions import render_value
from scaffolder.language import environment
from scaffolder.steps import ACTIONS

_DEPENDS = re.compile(r"\b(steps|secrets|each|environment)\b")
REPOSITORY = "repoUrl"
"""The input by which actions are told a repository: `host?owner=…&repo=…`."""


def hosts_of(spec: Mapping[str, Any]) -> set[str | None]:
    """The hosts that steps name; None stands for one that depends on what earlier steps give, so may be any."""
    return set(_hosts(spec))


def _hosts(spec: Mapping[str, Any]) -> Iterator[str | None]:
    known = {"parameters": spec["parameters"], "user": spec["user"]}
    for step in spec["steps"]:
        action = ACTIONS.get(step["action"])
        if action is None or REPOSITORY not in action.input.get("properties", {}):
            continue
        raw = (step.get("input") or {}).get(REPOSITORY)
        if raw is None:
            continue
        if "each" in step or _DEPENDS.search(str(raw)):
            yield None
            continue
        rendered = render_value(raw, known, environment=environment())
        host, found, _ = str(rendered).partition("?")
        yield host.lower() if found and host and "$" not in host else None
