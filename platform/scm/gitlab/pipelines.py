"""Pipelines of a GitLab project, started at a branch."""

from collections.abc import Mapping

from core.errors import NotFound
from scm.gitlab.access import Access
from scm.gitlab.paths import of


def start_pipeline(
    access: Access, project: str, branch: str, variables: Mapping[str, str]
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
