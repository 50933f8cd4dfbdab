"""GitLab's groups: found by their full path, made below one another, removed when they are empty."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import NotFound
from scm.errors import CredentialRefused, Unacceptable
from scm.gitlab.paths import group, path

if TYPE_CHECKING:
    from scm.gitlab.access import Access


@dataclass(frozen=True, slots=True)
class Group:
    """A group: GitLab's number and its full path."""

    id: int
    path: str


def find_group(access: "Access", full_path: str) -> Group | None:
    """The group at a full path; None when there is none, or none that we may see."""
    try:
        found = access.get(group(full_path), with_projects="false")
    except NotFound:
        return None
    return None if found.get("marked_for_deletion_on") else Group(int(found["id"]), str(found["full_path"]))


def create_group(access: "Access", parent: Group | None, slug: str, name: str, description: str) -> Group:
    """Make a group below another, or at the top; the one that somebody else has made meanwhile is as good."""
    full_path = f"{parent.path}/{slug}" if parent else slug
    wanted = {"name": name, "path": slug, "description": description, "visibility": "private"}
    try:
        made = access.post(path("groups"), wanted | ({"parent_id": parent.id} if parent else {}))
    except Unacceptable as error:
        known = find_group(access, full_path) if "taken" in error.message else None
        if known is None:
            raise
        return known
    except (CredentialRefused, NotFound) as error:
        raise CredentialRefused(
            f"{access.connection.name} does not let {access.whose} make the group {full_path!r} of 'path': "
            f"{error.message}; give it the right (Owner of the group above), or name a group that is there"
        ) from error
    return Group(int(made["id"]), str(made["full_path"]))


def remove_empty_group(access: "Access", group_id: int) -> bool:
    """Remove a group without projects and without groups below; False when there is something in it."""
    try:
        for below in ("projects", "subgroups"):
            if next(access.pages(group(str(group_id), below), per_page=1), None) is not None:
                return False
        access.delete(group(str(group_id)))
    except NotFound:
        return True
    return True
