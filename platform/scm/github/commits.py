"""A commit on GitHub, as far as telling whose it is takes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import NotFound
from scm.github.paths import of
from scm.values import RepositoryName

if TYPE_CHECKING:
    from scm.github.access import Access


@dataclass(frozen=True, slots=True)
class HeadCommit:
    """The commit a branch points to: who committed it, on what, with which words."""

    sha: str
    committer: str
    parents: tuple[str, ...]
    message: str


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
