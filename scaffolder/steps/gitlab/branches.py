"""A commit put onto a branch of a project, and taken back: what merge requests and gitlab:repo:push share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Conflict, InputError
from core.names import confined
from scaffolder.steps.gitlab.places import Target, target_of
from scaffolder.steps.own_branches import delete_own_branch, digest_of
from scaffolder.steps.places import proof
from scaffolder.steps.port import Made, StepContext, UndoContext
from scaffolder.steps.publishing import author_of, branch_key
from scm.gitlab.commits import head_commit
from scm.names import checked_branch

BRANCH = "branch"
ACTIONS_OF_COMMITS = ("create", "update", "delete", "skip", "auto")


@dataclass(frozen=True, slots=True)
class Pushed:
    """The commit of a branch now; whether the step changed the branch, made it, and whether it differs from its base."""

    sha: str
    changed: bool
    fresh: bool
    differs: bool


def push_branch(
    ctx: StepContext, to: Target, given: dict[str, Any], branch: str, base: str, *, how: str, message: str
) -> Pushed:
    """Put the step's files onto a branch that begins at `base` when it is not there. Again is free.

    `how` is the step's commitAction: it says what may be there already.
    """
    checked_branch("branchName", branch)
    heads = {one.name: one.sha for one in to.hub.branches(to.name)}
    if base and base not in heads:
        raise InputError(f"targetBranchName {base!r} is not there in '{to.name}'; name a branch that is")
    begin = [branch not in heads, heads.get(branch) or heads.get(base, "")]
    fresh, onto = ctx.checkpoint(f"begin {branch}", lambda: begin)
    if how == "skip":
        if branch not in heads:
            raise InputError(f"commitAction is skip, and branchName {branch!r} is not there in '{to.name}'")
        return Pushed(heads[branch], changed=False, fresh=False, differs=heads[branch] != heads.get(base))
    folder, into, delete = _changes(ctx, to, given, onto, how)
    key = branch_key(to.place.host, to.name, branch)
    facts = {"branch": branch, "fresh": fresh, "onto": onto, "says": digest_of(message)}
    to.place.intend(ctx, BRANCH, key, **facts, with_repository=to.place.is_ours(ctx))
    sha = to.hub.push_changes(
        to.name,
        folder,
        branch=branch,
        message=message,
        author=author_of(ctx.user),
        onto=onto if fresh else "",
        into=into,
        delete=delete,
    )
    ctx.ledger.prove(BRANCH, key, sha=sha)
    ctx.log(f"{branch} of {to.name} is at {sha[:12]}")
    ctx.check_cancelled()
    ground = onto if fresh else heads.get(base)
    return Pushed(sha, changed=sha != onto, fresh=fresh, differs=sha != ground)


def _changes(
    ctx: StepContext, to: Target, given: dict[str, Any], onto: str, how: str
) -> tuple[Path, str, list[str]]:
    """The folder to put there, where to, and what to take away; Conflict when `how` says that it must not be there."""
    source = confined(ctx.workspace, given.get("sourcePath") or given.get("targetPath") or ".")
    if not source.exists():
        raise InputError(
            f"sourcePath {given.get('sourcePath') or given.get('targetPath')!r} is not in the workspace"
        )
    into = (given.get("targetPath") or "").strip("/").removeprefix("./").removeprefix(".")
    if how == "auto":
        return source, into, []
    known = set(to.hub.list_files(to.name, onto)) if onto else set()
    files = [_below(into, one.relative_to(source).as_posix()) for one in _files(source)]
    there = [path for path in files if path in known]
    absent = [path for path in files if path not in known]
    if how == "create" and there:
        raise Conflict(
            f"commitAction is create, and {there[0]!r} is in '{to.name}' already; use update or auto to change it"
        )
    if how in {"update", "delete"} and absent:
        raise InputError(
            f"commitAction is {how}, and {absent[0]!r} is not in '{to.name}'; use create or auto, or leave it out"
        )
    if how != "delete":
        return source, into, []
    ctx.scratch.mkdir(parents=True, exist_ok=True)
    empty = ctx.scratch / "nothing"
    empty.mkdir(exist_ok=True)
    return empty, "", files


def _files(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file() and ".git" not in one.parts)


def _below(into: str, path: str) -> str:
    return f"{into}/{path}" if into else path


def undo_branch(ctx: UndoContext, made: Made) -> None:
    """Delete the branch if the run made it and its head is still the run's."""
    if made.details.get("with_repository"):
        ctx.log(f"The commit on {made.key} goes with its repository")
        return
    to = target_of(made)
    delete_own_branch(
        ctx,
        made,
        to.hub,
        to.name,
        sha=proof(made, "sha"),
        head=lambda branch: head_commit(to.access, to.name, branch),
    )
