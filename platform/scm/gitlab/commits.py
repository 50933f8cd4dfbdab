"""A commit on GitLab, as far as telling whose it is takes."""

from typing import TYPE_CHECKING

from core.errors import NotFound
from scm.gitlab.paths import of
from scm.values import HeadCommit, RepositoryName

if TYPE_CHECKING:
    from scm.gitlab.access import Access


def head_commit(access: "Access", name: RepositoryName, branch: str) -> HeadCommit | None:
    """None when the branch is not there."""
    try:
        head = access.get(of(name, "repository", "branches", branch))["commit"]["id"]
        found = access.get(of(name, "repository", "commits", head))
    except NotFound:
        return None
    return HeadCommit(head, found["committer_name"], tuple(found["parent_ids"]), found["message"])
