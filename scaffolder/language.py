"""What the expressions of a workflow may use: the hosts that repository addresses name, and what a run knows."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from scaffolder.expressions import Environment, backstage_filters, render_value, truthy
from scaffolder.expressions.extensions import LOADED
from scaffolder.links import refusal
from scm.registry import hosts

PUBLIC_HOSTS = {
    "github.com": "github",
    "gitlab.com": "gitlab",
    "bitbucket.org": "bitbucketCloud",
    "dev.azure.com": "azure",
}
"""Hosts whose addresses can be taken apart without being configured."""
_RUNS_AFTER_FAILURE = re.compile(r"\b(always|failure)\s*\(")


def repository_hosts() -> dict[str, str]:
    """Host → integration type, for `parseRepoUrl`. A host's name is its type, but for the public ones."""
    return PUBLIC_HOSTS | {name: PUBLIC_HOSTS.get(name, name) for name in hosts()}


def environment(functions: Mapping[str, Callable[..., Any]] | None = None) -> Environment:
    """The filters of the contract, with the hosts that there are, and what the installation adds."""
    return Environment(
        filters=backstage_filters(repository_hosts()) | LOADED.filter_bodies(),
        functions={**LOADED.function_bodies(), **(functions or {})},
        values=LOADED.plain_values(),
    )


def runs_after_failure(condition: object) -> bool:
    """Whether a step's `if` asks for `always()` or `failure()`; all other steps are skipped after a failure."""
    return isinstance(condition, str) and bool(_RUNS_AFTER_FAILURE.search(condition))


def holds(condition: object, context: Mapping[str, Any], *, failed: bool) -> bool:
    """Whether a step's `if` lets it run. A text that cannot be rendered holds, as any text does (QUIRKS 38)."""
    if condition is None or isinstance(condition, bool):
        return condition is not False
    functions = {"always": lambda: True, "failure": lambda: failed}
    return truthy(render_value(condition, context, environment=environment(functions)))


def render_output(
    output: Mapping[str, Any],
    context: Mapping[str, Any],
    warn: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """What a finished run shows. Links and texts whose `if` is false are left out, and links that run a script.

    An `if` that renders undefined leaves no key behind, and so keeps its item: clients rely on it (QUIRKS 38).
    """
    rendered: dict[str, Any] = render_value(dict(output), context, environment=environment())
    for name in ("links", "text"):
        items = rendered.get(name)
        if isinstance(items, list):
            rendered[name] = [_without_condition(item) for item in items if _shown(item)]
    if isinstance(links := rendered.get("links"), list):
        refused = [(link, refusal(link)) for link in links]
        rendered["links"] = [link for link, reason in refused if reason is None]
        for reason in (reason for _, reason in refused if reason is not None):
            warn(reason)
    return rendered


def _shown(item: Any) -> bool:
    return isinstance(item, Mapping) and ("if" not in item or truthy(item["if"]))


def _without_condition(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key != "if"}
