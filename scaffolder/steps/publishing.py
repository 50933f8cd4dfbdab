"""What the publish actions of all hosts share: a repository is made, noted, set up and pushed to; and taken back."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import Conflict, NotFound, NotImplementedHere
from scaffolder.errors import CannotUndo
from scaffolder.steps.port import Foreseen, Made, StepContext, UndoContext, User, maker
from scm.errors import CredentialRefused, RepositoryNotFound
from scm.port import CodeHost
from scm.registry import hosts, publishing_host
from scm.values import Author, Repository, RepositoryName, RepositorySettings

REPOSITORY = "repository"
COMMIT = "commit"
_NOT_IN_NAME = re.compile(r"[\x00-\x1f\x7f<>]")


@dataclass(frozen=True, slots=True)
class Publication:
    """A repository that is to be made, and what it is to be like."""

    host: CodeHost
    name: RepositoryName
    branch: str = "main"
    private: bool = True
    settings: RepositorySettings = field(default_factory=RepositorySettings)

    @property
    def key(self) -> str:
        """What the ledger calls the repository."""
        return repository_key(self.host.host, self.name)


@dataclass(frozen=True, slots=True)
class Push:
    """What is to be pushed: a folder, and the words and the author of the commit."""

    folder: Path
    message: str
    author: Author


def repository_key(host: str, name: RepositoryName) -> str:
    return f"{host}:{name}"


def branch_key(host: str, name: RepositoryName, branch: str) -> str:
    return f"{repository_key(host, name)}@{branch}"


def make_repository(ctx: StepContext, wanted: Publication) -> Repository:
    """The repository with its settings: made now, or by an earlier attempt of this run.

    It carries the run's mark until its id is noted. Conflict when somebody else's has the name.
    """
    made = _made_before(ctx, wanted)
    if made is None:
        ctx.ledger.intend(REPOSITORY, wanted.key, host=wanted.host.host, repository=str(wanted.name))
        made = wanted.host.create_repository(
            wanted.name,
            description=wanted.settings.description,
            default_branch=wanted.branch,
            private=wanted.private,
            made_by=maker(ctx.run_id),
        )
        ctx.ledger.prove(REPOSITORY, wanted.key, id=made.id, web_url=made.web_url)
    ctx.log(f"Repository {wanted.name} is made at {made.web_url}")
    made = wanted.host.configure_repository(wanted.name, wanted.settings)
    ctx.check_cancelled()
    return made


def _made_before(ctx: StepContext, wanted: Publication) -> Repository | None:
    known = ctx.ledger.proved(REPOSITORY, wanted.key)
    if known is None:
        return None
    try:
        found = wanted.host.get_repository(wanted.name)
    except RepositoryNotFound:  # somebody removed it since; a retry makes it anew
        return None
    if found.id != known.get("id"):
        raise Conflict(
            f"repository '{wanted.name}' on {wanted.host.host} is not the one that this run made: "
            "another has its name now; choose another name in repoUrl"
        )
    return found


def push_workspace(ctx: StepContext, host: CodeHost, name: RepositoryName, branch: str, wanted: Push) -> str:
    """Make the branch hold what the folder holds; answer the commit. Again is free."""
    key = branch_key(host.host, name, branch)
    ours = ctx.ledger.proved(REPOSITORY, repository_key(host.host, name)) is not None
    ctx.ledger.intend(COMMIT, key, host=host.host, repository=str(name), branch=branch, with_repository=ours)
    sha = host.push_tree(name, wanted.folder, branch=branch, message=wanted.message, author=wanted.author)
    ctx.ledger.prove(COMMIT, key, sha=sha)
    ctx.log(f"Pushed {sha[:12]} to {branch}")
    ctx.check_cancelled()
    return sha


def published(host: CodeHost, name: RepositoryName, branch: str, sha: str = "") -> dict[str, Any]:
    """The output of a publish action."""
    output = {"remoteUrl": host.clone_url(name), "repoContentsUrl": host.contents_url(name, branch)}
    return output | ({"commitHash": sha} if sha else {})


def foresee_publication(host: str, name: RepositoryName, branch: str, *, pushes: bool = True) -> Foreseen:
    """A repository and the commit in it; addresses as far as the host is known."""
    known = hosts().get(host)
    output = {}
    if known is not None:
        output = {"remoteUrl": known.clone_url(name), "repoContentsUrl": known.contents_url(name, branch)}
    effects: tuple[tuple[str, str], ...] = ((REPOSITORY, repository_key(host, name)),)
    return Foreseen(effects + (((COMMIT, branch_key(host, name, branch)),) if pushes else ()), output)


def undo_publication(ctx: UndoContext, made: Made) -> None:
    """Remove a repository that the run made; what was pushed into it goes with it."""
    if made.kind == COMMIT:
        _undo_commit(ctx, made)
    elif made.kind == REPOSITORY:
        _undo_repository(ctx, made)


def _undo_commit(ctx: UndoContext, made: Made) -> None:
    if made.details.get("with_repository"):
        ctx.log(f"The commit on {made.key} goes with its repository")
        return
    sha = str(made.details.get("sha", ""))[:12]
    what = f"commit {sha} is" if made.proved else "perhaps a commit is"
    raise CannotUndo(
        f"{what} on {made.key}, in a repository that was there before this run; look at the branch and revert it there"
    )


def _undo_repository(ctx: UndoContext, made: Made) -> None:
    host, name = place_of(made)
    with left_to_a_person(f"repository {made.key}"):
        wanted = str(made.details.get("id", ""))
        if not made.proved:
            found = _with_our_mark(ctx, host, name)
            if found is None:
                ctx.log(f"Repository {made.key} was never made by this run")
                return
            wanted = found.id
        host.delete_repository(name, repository_id=wanted)
    ctx.log(f"Repository {made.key} is removed")


def _with_our_mark(ctx: UndoContext, host: CodeHost, name: RepositoryName) -> Repository | None:
    try:
        found = host.get_repository(name)
    except RepositoryNotFound:
        return None
    return found if found.made_by == ctx.made_by else None


def place_of(made: Made) -> tuple[CodeHost, RepositoryName]:
    """The host and the repository that an effect is in; CannotUndo when the host is no longer configured."""
    host, name = made.details["host"], made.details["repository"]
    try:
        return publishing_host(host), RepositoryName.parse(name)
    except (NotFound, NotImplementedHere) as error:
        raise CannotUndo(f"{made.kind} {made.key} stays: {error.message}") from error


@contextmanager
def left_to_a_person(what: str) -> Iterator[None]:
    """CannotUndo instead of a refusal that only a person can lift: no right, or something else has the place."""
    try:
        yield
    except CannotUndo:
        raise
    except (Conflict, CredentialRefused) as error:
        raise CannotUndo(f"{what} stays: {error.message}") from error


def author_of(user: User, name: str | None = None, email: str | None = None) -> Author:
    """Who a commit is by: as the step says, else the user's profile, else their reference."""
    profile = ((user.entity or {}).get("spec") or {}).get("profile") or {}
    short = user.ref.rpartition("/")[2].rpartition(":")[2] or "greenroom"
    shown = name or profile.get("displayName") or short
    address = email or profile.get("email") or f"{short}@users.greenroom.invalid"
    return Author(_NOT_IN_NAME.sub("", shown)[:200], _NOT_IN_NAME.sub("", address)[:200])
