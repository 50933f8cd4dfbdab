"""Forks on GitHub: a repository copied into the account of whoever asks, from which they propose changes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import NotFound
from scm.errors import CredentialRefused
from scm.github.paths import of
from scm.values import RepositoryName

if TYPE_CHECKING:
    from scm.github.access import Access


@dataclass(frozen=True, slots=True)
class Fork:
    """A fork by its name and by GitHub's number of it."""

    name: RepositoryName
    id: str
    default_branch: str


def may_push(access: "Access", name: RepositoryName) -> bool:
    """Whether the credential's person may push to a repository. An App has rights of its own, of which GitHub says no."""
    if access.connection.app is not None:
        return True
    told = access.get(name.owner, of(name)).data.get("permissions") or {}
    return bool(told.get("push", True))


def make_fork(access: "Access", name: RepositoryName, wanted: str) -> Fork:
    """The fork that the account has already, by whatever name, else a new one that is called `wanted`.

    GitHub fills a new one in the background: `is_filled` tells when it is there. CredentialRefused where it may not be.
    """
    try:
        made = access.post(name.owner, of(name, "forks"), {"name": wanted}).data
    except (CredentialRefused, NotFound) as error:
        raise CredentialRefused(
            f"'{name}' on {access.connection.name} may not be forked by {access.whose}: {error.message}; "
            "allow forks there, or give the step a token that may push to it"
        ) from error
    fork = RepositoryName(made["owner"]["login"], made["name"])
    return Fork(fork, str(made["id"]), made["default_branch"])


def is_filled(access: "Access", fork: Fork) -> bool:
    """Whether its branches are there."""
    try:
        access.get(fork.name.owner, of(fork.name, "branches", fork.default_branch))
    except NotFound:
        return False
    return True


def begin_branch(access: "Access", fork: RepositoryName, branch: str, commit: str) -> None:
    """Point a new branch of a fork at a commit, which may be one that only the forked repository has on a branch.

    git cannot: it is refused a push onto a commit that no branch of the fork leads to.
    Unacceptable when the branch is there.
    """
    access.post(fork.owner, of(fork, "git", "refs"), {"ref": f"refs/heads/{branch}", "sha": commit})
