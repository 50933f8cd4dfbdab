"""publish:gitlab:merge-request and gitlab:repo:push: the workspace's files for a project that is there."""

from typing import Any

from core.errors import Conflict, GreenroomError, InputError
from scaffolder.errors import CannotUndo
from scaffolder.steps.gitlab.branches import BRANCH, push_branch, undo_branch
from scaffolder.steps.gitlab.merge_schema import MERGE, MERGE_OUTPUT, PUSH, PUSH_OUTPUT
from scaffolder.steps.gitlab.places import Target, place_named, target, target_of
from scaffolder.steps.places import proof
from scaffolder.steps.port import Action, Example, Foreseen, Made, StepContext, UndoContext
from scaffolder.steps.publishing import branch_key, left_to_a_person
from scm.gitlab import people, reviews
from scm.values import PullRequest, PullRequestState

MERGE_REQUEST = "merge-request"


def propose(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Push a branch with the changes and open a merge request for it."""
    to, branch = target(given), given["branchName"]
    base = given.get("targetBranchName") or to.hub.get_repository(to.name).default_branch
    how = given.get("commitAction") or "auto"
    pushed = push_branch(ctx, to, given, branch, base, how=how, message=given["title"])
    if not pushed.differs:
        if pushed.fresh:
            to.hub.delete_branch(to.name, branch, expected=pushed.sha)
        raise InputError(
            f"nothing differs from {base!r} in '{to.name}', and a merge request needs a change; "
            "look at sourcePath and targetPath"
        )
    pull = _open(ctx, to, given, branch, base)
    _ask_people(ctx, to, given, pull)
    return {
        "targetBranchName": base,
        "projectid": str(to.name),
        "projectPath": str(to.name),
        "mergeRequestUrl": pull.web_url,
    }


def _open(ctx: StepContext, to: Target, given: dict[str, Any], branch: str, base: str) -> PullRequest:
    key = _key(to.place.host, to.name, branch, base)
    known = _open_one(to, branch, base)
    before = ctx.checkpoint(f"open {key}", lambda: known.number if known else 0)
    if known is not None and known.number == before:
        raise Conflict(
            f"merge request {before} is open for {branch!r} and {base!r} in '{to.name}' already; choose another "
            f"branchName, or change it there: {known.web_url}"
        )
    to.place.intend(ctx, MERGE_REQUEST, key, branch=branch, base=base)
    if known is None:
        known = to.hub.open_pull_request(
            to.name,
            title=given["title"],
            body=given.get("description") or "",
            source_branch=branch,
            target_branch=base,
            author=ctx.user.ref,
        )
    ctx.ledger.prove(MERGE_REQUEST, key, number=known.number)
    ctx.log(f"Merge request {known.number} is open at {known.web_url}")
    return known


def _open_one(to: Target, branch: str, base: str) -> PullRequest | None:
    listed = to.hub.open_pull_requests(to.name)
    return next((one for one in listed if one.joins(branch, base)), None)


def _ask_people(ctx: StepContext, to: Target, given: dict[str, Any], pull: PullRequest) -> None:
    """Labels, people, and what happens afterwards. What GitLab does not do of it is told in the log."""
    labels = given.get("labels") or ()
    body: dict[str, Any] = (
        {"labels": labels if isinstance(labels, str) else ",".join(labels)} if labels else {}
    )
    body |= {"remove_source_branch": True} if given.get("removeSourceBranch") else {}
    try:
        assignees = _numbers(ctx, to, [given["assignee"]] if given.get("assignee") else [])
        reviewers = _numbers(ctx, to, given.get("reviewers") or [])
        if given.get("assignReviewersFromApprovalRules"):
            reviewers |= set(reviews.who_may_approve(to.access, to.name, pull.number))
        body |= {"assignee_ids": sorted(assignees)} if assignees else {}
        body |= {"reviewer_ids": sorted(reviewers)} if reviewers else {}
        if body:
            to.hub.set_merge_request(to.name, pull.number, body)
        if given.get("autoMerge"):
            reviews.merge_when_ready(to.access, to.name, pull.number, pull.head_sha)
    except GreenroomError as error:
        if error.retry:
            raise
        ctx.warn(f"Merge request {pull.number} is open, but not all was set: {error.message}")


def _numbers(ctx: StepContext, to: Target, logins: list[str]) -> set[int]:
    found = {login: people.number_of(to.access, login) for login in logins}
    for login, number in found.items():
        if number is None:
            ctx.warn(f"{login!r} is nobody on {to.place.host}, and is not asked")
    return {number for number in found.values() if number is not None}


def push(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Put the workspace's files onto a branch; a new one begins at the default branch."""
    to, branch = target(given), given["branchName"]
    base = to.hub.get_repository(to.name).default_branch
    how, message = given.get("commitAction") or "create", given["commitMessage"]
    pushed = push_branch(ctx, to, given, branch, base, how=how, message=message)
    said = {"projectid": str(to.name), "projectPath": str(to.name)}
    if pushed.changed:
        return {**said, "commitHash": pushed.sha}
    if given.get("allowEmpty"):
        ctx.warn("allowEmpty is not offered here: nothing differs, and no commit is made")
    return said


def foresee_merge(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    place, branch, base = place_named(given), given["branchName"], given.get("targetBranchName")
    if base is None:
        base = target(given).hub.get_repository(place.name).default_branch
    pushes = given.get("commitAction") != "skip"
    commit = ((BRANCH, branch_key(place.host, place.name, branch)),) if pushes else ()
    effects = (*commit, (MERGE_REQUEST, _key(place.host, place.name, branch, base)))
    said = {"projectid": str(place.name), "projectPath": str(place.name), "targetBranchName": base}
    return Foreseen(effects, {**said, "mergeRequestUrl": f"{place.web_url}/-/merge_requests"})


def foresee_push(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    place = place_named(given)
    effects = ((BRANCH, branch_key(place.host, place.name, given["branchName"])),)
    return Foreseen(effects, {"projectid": str(place.name), "projectPath": str(place.name)})


def _key(host: str, name: object, branch: str, base: str) -> str:
    return f"{host}:{name}:{branch}→{base}"


def undo(ctx: UndoContext, made: Made) -> None:
    """Close the merge request, then delete its branch if its head is still ours."""
    with left_to_a_person(f"{made.kind} {made.key}"):
        if made.kind == MERGE_REQUEST:
            _close(ctx, made)
        else:
            undo_branch(ctx, made)


def _close(ctx: UndoContext, made: Made) -> None:
    to, number = target_of(made), proof(made, "number")
    if number is None:
        found = _open_one(to, made.details["branch"], made.details["base"])
        if found is None:
            ctx.log(f"Merge request {made.key} was never opened")
            return
        number = found.number
    state = to.hub.close_pull_request(to.name, number, by=ctx.made_by).state
    if state is PullRequestState.MERGED:
        raise CannotUndo(f"merge request {number} of '{to.name}' was merged; revert it there")
    ctx.log(f"Merge request {number} of {to.name} is closed")


ACTIONS = (
    Action(
        id="publish:gitlab:merge-request",
        description="Asks for the workspace's files to be merged into a project on GitLab.",
        input=MERGE,
        output=MERGE_OUTPUT,
        run=propose,
        foresee=foresee_merge,
        undo=undo,
        examples=(
            Example(
                "Propose a change to another project",
                "steps:\n  - action: publish:gitlab:merge-request\n    input:\n"
                "      repoUrl: gitlab.com?owner=acme&repo=infrastructure\n      branchName: add-payments\n"
                "      title: Add payments\n      targetPath: services/payments\n      reviewers: [ana]\n",
            ),
        ),
    ),
    Action(
        id="gitlab:repo:push",
        description="Puts the workspace's files onto a branch of a project on GitLab.",
        input=PUSH,
        output=PUSH_OUTPUT,
        run=push,
        foresee=foresee_push,
        undo=undo,
        examples=(
            Example(
                "Add files to a branch",
                "steps:\n  - action: gitlab:repo:push\n    input:\n"
                "      repoUrl: gitlab.com?owner=acme&repo=payments\n      branchName: docs\n"
                "      commitMessage: Add the handbook\n      commitAction: auto\n",
            ),
        ),
    ),
)
