"""Issues of a GitLab project."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.errors import NotFound
from scm.gitlab.paths import of

if TYPE_CHECKING:
    from scm.gitlab.access import Access

_LOOKED_AT = 300
"""How many of the newest issues are looked at for a mark."""


def create_issue(access: "Access", project: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Write an issue, by GitLab's own names; answers it as GitLab tells it."""
    try:
        return access.post(of(project, "issues"), wanted)
    except NotFound as error:
        raise NotFound(
            f"project {project!r} is not on {access.connection.name}, or {access.whose} may not write issues there"
        ) from error


def find_issue(access: "Access", project: str, mark: str) -> dict[str, Any] | None:
    """The newest issue with a text in its description."""
    listed = access.pages(of(project, "issues"), scope="all", order_by="created_at", sort="desc")
    for count, one in enumerate(listed):
        if mark in (one.get("description") or ""):
            return one
        if count >= _LOOKED_AT:
            return None
    return None


def edit_issue(access: "Access", project: str, number: int, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Change an issue; again is free."""
    try:
        return access.put(of(project, "issues", number), wanted)
    except NotFound as error:
        raise NotFound(
            f"issueIid {number} is no issue of project {project!r}, or {access.whose} may not change it"
        ) from error


def close_issue(access: "Access", project: str, number: int, issue_id: str) -> bool:
    """Close the issue that has this id; False when the number is another's now, or the issue is gone."""
    try:
        found = access.get(of(project, "issues", number))
    except NotFound:
        return False
    if str(found["id"]) != issue_id:
        return False
    if found["state"] != "closed":
        access.put(of(project, "issues", number), {"state_event": "close"})
    return True
