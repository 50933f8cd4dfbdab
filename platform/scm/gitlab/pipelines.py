"""Pipelines of a GitLab project, started at a branch."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.errors import NotFound
from scm.gitlab.paths import of

if TYPE_CHECKING:
    from scm.gitlab.access import Access


def start_pipeline(
    access: "Access", project: str, branch: str, variables: Mapping[str, str]
) -> tuple[int, str]:
    """Start one with these variables; answer its number and where people look at it."""
    given = [{"key": key, "value": value} for key, value in variables.items()]
    try:
        made = access.post(of(project, "pipeline"), {"ref": branch, "variables": given})
    except NotFound as error:
        raise NotFound(
            f"project {project!r} is not on {access.connection.name}, or {access.whose} may not start pipelines there"
        ) from error
    return int(made["id"]), str(made["web_url"])


def newest_pipeline(access: "Access", project: str, branch: str) -> int:
    """The highest number of a pipeline of a branch; 0 when there is none."""
    found = access.pages(of(project, "pipelines"), ref=branch, order_by="id", sort="desc")
    return next((int(one["id"]) for one in found), 0)


def started_after(access: "Access", project: str, branch: str, number: int) -> tuple[int, str] | None:
    """The first pipeline of a branch above a number that somebody started by the API."""
    listed = access.pages(of(project, "pipelines"), ref=branch, source="api", order_by="id", sort="desc")
    found: tuple[int, str] | None = None
    for one in listed:
        if int(one["id"]) <= number:
            break
        found = (int(one["id"]), str(one["web_url"]))
    return found
