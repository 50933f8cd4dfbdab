"""People on GitLab, and what they may do in a project."""

from typing import TYPE_CHECKING, Any

from core.errors import Conflict, NotFound
from scm.gitlab.paths import of, path

if TYPE_CHECKING:
    from scm.gitlab.access import Access

OWNER = 50


def read_person(access: "Access", number: int | None) -> dict[str, Any]:
    """Somebody by GitLab's number; without one, whose the token is."""
    try:
        return access.get(path("users", number) if number is not None else path("user"))
    except NotFound as error:
        raise NotFound(f"userId {number} is nobody on {access.connection.name}") from error


def number_of(access: "Access", login: str) -> int | None:
    """GitLab's number of a login; None when there is nobody of that name."""
    found = access.pages(path("users"), username=login)
    return next((int(one["id"]) for one in found), None)


def make_owner(access: "Access", project: str, number: int) -> None:
    """Give somebody every right in a project; again is free."""
    try:
        access.post(of(project, "members"), {"user_id": number, "access_level": OWNER})
    except Conflict:  # a member already
        access.put(of(project, "members", number), {"access_level": OWNER})
