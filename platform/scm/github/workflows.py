"""Workflows of GitHub Actions, started by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core.errors import NotFound
from scm.github.paths import of
from scm.values import RepositoryName

if TYPE_CHECKING:
    from scm.github.access import Access


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A run of a workflow: GitHub's number, its address in the API and for people."""

    id: int
    url: str
    web_url: str


def dispatch(
    access: "Access",
    name: RepositoryName,
    workflow: str,
    ref: str,
    inputs: Mapping[str, str],
    *,
    tells: bool,
) -> WorkflowRun | None:
    """Start a workflow at a branch or tag; the run, where it is asked to tell (older Enterprise Servers cannot)."""
    wanted: dict[str, Any] = {"ref": ref, "inputs": dict(inputs)}
    wanted |= {"return_run_details": True} if tells else {}
    try:
        found = access.post(name.owner, of(name, "actions", "workflows", workflow, "dispatches"), wanted).data
    except NotFound as error:
        raise NotFound(
            f"workflowId {workflow!r} is not a workflow on the default branch of '{name}', or {access.whose} "
            "may not start it"
        ) from error
    if not found:
        return None
    return WorkflowRun(int(found["workflow_run_id"]), found["run_url"], found["html_url"])


def dispatched_since(
    access: "Access", name: RepositoryName, workflow: str, ref: str, since: datetime
) -> WorkflowRun | None:
    """The first run of a workflow that somebody started by hand at a ref, at a time or after it."""
    asked = {
        "event": "workflow_dispatch",
        "branch": ref,
        "created": f">={since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    listed: list[dict[str, Any]] = list(
        access.pages(name.owner, of(name, "actions", "workflows", workflow, "runs"), asked)
    )
    if not listed:
        return None
    first = min(listed, key=lambda one: int(one["id"]))
    return WorkflowRun(int(first["id"]), first["url"], first["html_url"])
