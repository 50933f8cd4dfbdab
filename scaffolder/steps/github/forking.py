"""The fork from which a pull request is proposed by who may not push to the repository, and its taking back."""

from typing import Any

from core.errors import Unavailable
from scaffolder.errors import CannotUndo
from scaffolder.steps.github.places import Place, Target, proof, target_of
from scaffolder.steps.port import Made, StepContext, UndoContext
from scm.errors import CredentialRefused, RepositoryNotFound
from scm.github import forks, people
from scm.names import NAME_LIMIT
from scm.values import RepositoryName

FORK = "fork"
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds after which a fork is looked at again, which GitHub fills in the background."""
_MARK = 13
"""Characters of the run's id in the name of its fork."""


def fork_key(place: Place) -> str:
    """What the ledger calls a fork of a repository. Whose it is shows only once the host was asked."""
    return place.key(FORK)


def source_of(ctx: StepContext, to: Target, given: dict[str, Any]) -> Target:
    """Where the branch goes: the repository, or, by `forceFork` or where we may not push, a fork of it.

    Nobody has a fork of what is theirs. The fork that the account has already is used as it is. One that this run makes has the run's mark in its name, so
    that a killed worker's is found again, and nobody else's is taken for it.
    """
    if not given.get("forceFork") and forks.may_push(to.access, to.name):
        return to
    login = _login(to)
    if login.lower() == to.name.owner.lower():
        return to
    wanted = RepositoryName(login, f"{to.name.name[: NAME_LIMIT - 1 - _MARK]}-{ctx.run_id[:_MARK]}")
    key = fork_key(to.place)
    ctx.ledger.intend(FORK, key, host=to.place.host, repository=str(wanted), upstream=str(to.name))
    fork = forks.make_fork(to.access, to.name, wanted.name)
    if fork.name == wanted:
        ctx.ledger.prove(FORK, key, id=fork.id)
    ctx.log(f"{fork.name} is the fork of {to.name} to push to")
    _wait(ctx, to, fork)
    return Target(to.hub, Place(to.place.host, fork.name))


def _login(to: Target) -> str:
    try:
        return people.login(to.access, to.name.owner)
    except CredentialRefused as error:
        raise CredentialRefused(
            f"a fork of '{to.name}' needs a person's account, and {to.access.whose} has none: give the step a token in "
            "its input 'token'"
        ) from error


def _wait(ctx: StepContext, to: Target, fork: forks.Fork) -> None:
    for pause in PAUSES:
        if forks.is_filled(to.access, fork):
            return
        ctx.pause(pause)
    if not forks.is_filled(to.access, fork):
        raise Unavailable(
            f"{to.place.host} has not filled the fork '{fork.name}' after {sum(PAUSES):.0f} seconds; retry the run later"
        )


def undo_fork(ctx: UndoContext, made: Made) -> None:
    """Delete the fork if the run made it, and nobody else has put a branch into it."""
    at, known = target_of(made), proof(made, "id")
    try:
        found = at.hub.get_repository(at.name)
    except RepositoryNotFound:
        found = None
    if found is None and known is None:
        ctx.log(f"Fork {at.name} was never made")
        return
    if _login(at).lower() != at.name.owner.lower():
        raise CannotUndo(f"fork '{at.name}' is not in our account, and no token is kept: delete it there")
    if found is None:
        ctx.log(f"Fork {at.name} is gone")
        return
    upstream = {one.name for one in at.hub.branches(RepositoryName.parse(made.details["upstream"]))}
    theirs = sorted({one.name for one in at.hub.branches(found.name)} - upstream)
    if theirs:
        raise CannotUndo(
            f"fork '{found.name}' has the branch {theirs[0]!r}; delete it when nobody needs that"
        )
    at.hub.delete_repository(found.name, repository_id=known or found.id)
    ctx.log(f"Fork {found.name} is deleted")
