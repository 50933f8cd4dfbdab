"""A branch that a step has pushed to a host outside: how its commit is known again, and how it is taken away."""

import hashlib
from collections.abc import Callable

from scaffolder.errors import CannotUndo
from scaffolder.steps.port import Made, UndoContext
from scm.git import COMMITTER
from scm.port import CodeHost
from scm.values import HeadCommit, RepositoryName


def digest_of(message: str) -> str:
    """A message by its digest: it may hold what the ledger must not."""
    return hashlib.sha256(message.strip().encode()).hexdigest()[:16]


def delete_own_branch(
    ctx: UndoContext,
    made: Made,
    host: CodeHost,
    name: RepositoryName,
    *,
    sha: str | None,
    head: Callable[[str], HeadCommit | None],
) -> None:
    """Delete the branch while its head is the commit `sha`, or, without one, a commit that this run can only have made.

    `made` notes what is needed for that: `branch`, `fresh`, `onto` and `says`; `begun` when the branch is made at the
    commit `onto` before anything is pushed, so that nothing is lost with it. CannotUndo for a branch that was there before.
    """
    branch = made.details["branch"]
    if not made.details.get("fresh"):
        raise CannotUndo(
            f"branch {made.key} was there before this run, which added a commit to it; revert the commit there"
        )
    if sha is None:
        found = head(branch)
        if found is None:
            ctx.log(f"Branch {made.key} was never pushed")
            return
        ours = (found.committer, found.parents, digest_of(found.message))
        empty = made.details.get("begun") and found.sha == made.details["onto"]
        if not empty and ours != (COMMITTER.name, (made.details["onto"],), made.details["says"]):
            raise CannotUndo(
                f"branch {made.key} has a commit that this run cannot prove to be its own; look at it"
            )
        sha = found.sha
    host.delete_branch(name, branch, expected=sha)
    ctx.log(f"Branch {made.key} is deleted")
