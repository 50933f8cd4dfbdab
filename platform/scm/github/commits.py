"""A commit on GitHub, as far as telling whose it is takes."""

from typing import TYPE_CHECKING

from core.errors import NotFound
from scm.github.paths import of
from scm.values import HeadCommit, RepositoryName

if TYPE_CHECKING:
    from scm.github.access import Access


def head_commit(access: "Access", name: RepositoryName, branch: str) -> HeadCommit | None:
    """None when the branch is not there."""
    try:
        head = access.get(name.owner, of(name, "branches", branch)).data["commit"]["sha"]
        found = access.get(name.owner, of(name, "commits", head)).data
    except NotFound:
        return None
    said = found["commit"]
    parents = tuple(one["sha"] for one in found["parents"])
    return HeadCommit(head, said["committer"]["name"], parents, said["message"])
