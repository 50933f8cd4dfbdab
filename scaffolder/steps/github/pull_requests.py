"""publish:github:pull-request: ask for the workspace's files to be merged into a repository."""

from typing import Any

from core.errors import Conflict, GreenroomError, InputError
from core.names import confined
from scaffolder.errors import CannotUndo
from scaffolder.steps.github.forking import FORK, fork_key, source_of, undo_fork
from scaffolder.steps.github.places import (
    REPO_URL,
    TOKEN,
    Place,
    Target,
    entity_name,
    place_in,
    proof,
    target,
    target_of,
)
from scaffolder.steps.own_branches import delete_own_branch, digest_of
from scaffolder.steps.port import (
    Action,
    Example,
    Foreseen,
    Made,
    StepContext,
    UndoContext,
    flag,
    object_schema,
    text,
    texts,
)
from scaffolder.steps.publishing import author_of, branch_key, left_to_a_person
from scm.git import COMMITTER
from scm.github import forks, people
from scm.github.commits import head_commit
from scm.names import checked_branch
from scm.values import PullRequest, PullRequestState

BRANCH, PULL_REQUEST = "branch", "pull-request"


def propose(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Push a branch with the changes, perhaps of a fork, and open a pull request for it; with `update` the ones that
    are there grow.
    """
    branch = checked_branch("branchName", given["branchName"])
    if ctx.dry_run:
        ctx.log(f"Would ask for {branch} to be merged into {place_in(given).name}")
        return dict(foresee(ctx, given).output)
    to = target(given)
    base = given.get("targetBranchName") or to.hub.get_repository(to.name).default_branch
    heads = {one.name: one.sha for one in to.hub.branches(to.name)}
    if base not in heads:
        raise InputError(f"targetBranchName {base!r} is not there in '{to.name}'; name a branch that is")

    source = source_of(ctx, to, given)
    there = heads if source is to else {one.name for one in source.hub.branches(source.name)}

    def look() -> dict[str, Any]:
        fresh = branch not in there
        if not fresh and not given.get("update"):
            raise Conflict(
                f"branchName {branch!r} is in '{source.name}' already; choose another name, or set update: true to add "
                "to it"
            )
        known = {"branch": branch, "fresh": fresh, "onto": heads[base], "says": digest_of(_message(given))}
        return known if source is to else {**known, "begun": True}

    key = _branch_key(to.place, branch, forked=source is not to)
    found = source.place.begin(ctx, BRANCH, key, look)
    fresh = bool(found["fresh"])
    if source is not to and branch not in there:
        forks.begin_branch(source.access, source.name, branch, found["onto"])
    sha = _push(ctx, source, given, branch, key, found["onto"] if fresh else "")
    ctx.check_cancelled()
    if sha == heads[base]:
        return _nothing_new(ctx, source, given, branch, base, sha, fresh=fresh)
    pull = _open(ctx, to, given, branch, base, fork="" if source is to else source.name.owner)
    _ask_people(ctx, to, given, pull)
    return {"targetBranchName": base, "remoteUrl": pull.web_url, "pullRequestNumber": pull.number}


def _message(given: dict[str, Any]) -> str:
    return str(given.get("commitMessage") or given["title"])


def _push(ctx: StepContext, to: Target, given: dict[str, Any], branch: str, key: str, onto: str) -> str:
    author = author_of(ctx.user, given.get("gitAuthorName"), given.get("gitAuthorEmail"))
    folder = confined(ctx.workspace, given.get("sourcePath") or ".")
    into = (given.get("targetPath") or "").strip("/").removeprefix("./").removeprefix(".")
    delete = [f"{into}/{path}" if into else path for path in given.get("filesToDelete") or ()]
    sha = to.hub.push_changes(
        to.name,
        folder,
        branch=branch,
        message=_message(given),
        author=COMMITTER if given.get("forceEmptyGitAuthor") else author,
        onto=onto,
        into=into,
        delete=delete,
    )
    ctx.ledger.prove(BRANCH, key, sha=sha)
    ctx.log(f"Pushed {sha[:12]} to {branch}")
    return sha


def _nothing_new(
    ctx: StepContext, to: Target, given: dict[str, Any], branch: str, base: str, sha: str, *, fresh: bool
) -> dict[str, Any]:
    if fresh:
        to.hub.delete_branch(to.name, branch, expected=sha)
    if given.get("createWhenEmpty", True):
        raise InputError(
            f"nothing differs from {base!r} in '{to.name}', and a pull request needs a change; "
            "set createWhenEmpty: false to go on without one"
        )
    ctx.log(f"Nothing differs from {base} in {to.name}; no pull request is opened")
    return {"targetBranchName": base}


def _open(
    ctx: StepContext, to: Target, given: dict[str, Any], branch: str, base: str, fork: str
) -> PullRequest:
    key = _pull_key(to.place.host, to.name, branch, base)
    title, body = given["title"], given["description"]
    known = _open_one(to, branch, base, fork)
    found = {"branch": branch, "base": base, "fork": fork, "before": known.number if known else 0}
    to.place.begin(ctx, PULL_REQUEST, key, lambda: found)
    if known is None:
        known = to.hub.open_pull_request(
            to.name,
            title=title,
            body=body,
            source_branch=branch,
            target_branch=base,
            author=ctx.user.ref,
            draft=given.get("draft", False),
            fork=fork,
        )
    elif (known.title, known.body) != (title, body):
        known = to.hub.edit_pull_request(to.name, known.number, title=title, body=body)
    ctx.ledger.prove(PULL_REQUEST, key, number=known.number)
    ctx.log(f"Pull request {known.number} is open at {known.web_url}")
    return known


def _open_one(to: Target, branch: str, base: str, fork: str) -> PullRequest | None:
    listed = to.hub.open_pull_requests(to.name)
    return next((one for one in listed if one.joins(branch, base, fork)), None)


def _ask_people(ctx: StepContext, to: Target, given: dict[str, Any], pull: PullRequest) -> None:
    """Somebody who cannot be asked is told in the log: the pull request is there, and others can be asked."""
    reviewers = [entity_name(one) for one in given.get("reviewers") or ()]
    teams = [entity_name(one) for one in given.get("teamReviewers") or ()]
    assignees = [entity_name(one) for one in given.get("assignees") or ()]
    try:
        if reviewers or teams:
            people.request_reviews(to.access, to.name, pull.number, reviewers, teams)
        if assignees:
            people.assign(to.access, to.name, pull.number, assignees)
    except GreenroomError as error:
        if error.retry:
            raise
        ctx.warn(f"Pull request {pull.number} is open, but not everybody could be asked: {error.message}")


def foresee(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    place = place_in(given)
    branch, base = given["branchName"], given.get("targetBranchName") or ""
    forked = bool(given.get("forceFork"))
    effects = (
        *(((FORK, fork_key(place)),) if forked else ()),
        (BRANCH, _branch_key(place, branch, forked=forked)),
        (PULL_REQUEST, _pull_key(place.host, place.name, branch, base)),
    )
    output = {
        "targetBranchName": base or "main",
        "remoteUrl": f"{place.web_url}/pulls",
        "pullRequestNumber": 0,
    }
    return Foreseen(effects, output)


def _branch_key(place: Place, branch: str, *, forked: bool) -> str:
    return f"{fork_key(place)}@{branch}" if forked else branch_key(place.host, place.name, branch)


def _pull_key(host: str, name: object, branch: str, base: str) -> str:
    return f"{host}:{name}:{branch}→{base}"


def undo(ctx: UndoContext, made: Made) -> None:
    """Close the pull request, delete its branch if its head is still ours, then the fork if the run made it."""
    to = target_of(made)
    with left_to_a_person(f"{made.kind} {made.key}"):
        if made.kind == FORK:
            undo_fork(ctx, made)
        elif made.kind == PULL_REQUEST:
            _close(ctx, to, made)
        else:
            _delete_branch(ctx, to, made)


def _close(ctx: UndoContext, to: Target, made: Made) -> None:
    if made.details.get("before"):
        raise CannotUndo(
            f"pull request {made.details['before']} of '{to.name}' was open before this run, which changed its title "
            "and text: look at it there"
        )
    number = proof(made, "number")
    if number is None:
        found = _open_one(to, made.details["branch"], made.details["base"], made.details.get("fork", ""))
        if found is None:
            ctx.log(f"Pull request {made.key} was never opened")
            return
        number = found.number
    state = to.hub.close_pull_request(to.name, number, by=ctx.made_by).state
    if state is PullRequestState.MERGED:
        raise CannotUndo(f"pull request {number} of '{to.name}' was merged; revert it there")
    ctx.log(f"Pull request {number} of {to.name} is closed")


def _delete_branch(ctx: UndoContext, to: Target, made: Made) -> None:
    delete_own_branch(
        ctx,
        made,
        to.hub,
        to.name,
        sha=proof(made, "sha"),
        head=lambda branch: head_commit(to.access, to.name, branch),
    )


ACTIONS = (
    Action(
        id="publish:github:pull-request",
        description="Asks for the workspace's files to be merged into a repository on GitHub.",
        input=object_schema(
            ("repoUrl", "branchName", "title", "description"),
            repoUrl=REPO_URL,
            branchName=text("The branch to make and push to.", minLength=1),
            targetBranchName=text("The branch to merge into. Default: the repository's default branch."),
            title=text("What the pull request is called.", minLength=1),
            description=text("What it says."),
            draft=flag("Whether it is opened as a draft."),
            sourcePath=text("Folder of the workspace with the files. Default: all of it."),
            targetPath=text("Folder of the repository that they go to. Default: its root."),
            filesToDelete=texts("Files to take away, as paths in the target folder."),
            reviewers=texts("People who are asked for a review."),
            teamReviewers=texts("Teams that are asked for a review."),
            assignees=texts("People to whom it is given."),
            commitMessage=text("The commit's message. Default: the title."),
            update=flag("Whether a branch and a pull request that are there are added to. Default: no."),
            forceFork=flag(
                "Whether the branch goes to a fork in the account of whoever's token it is, made where there is none. "
                "Default: only when that token may not push to the repository."
            ),
            createWhenEmpty=flag(
                "Whether it is an error when nothing changes. No: the step ends without a pull request. Default: yes."
            ),
            gitAuthorName=text("Who the commit is by. Default: who asked for the run."),
            gitAuthorEmail=text("The address in the commit. Default: that of who asked for the run."),
            forceEmptyGitAuthor=flag("Whether the commit is by Greenroom instead of a person."),
            token=TOKEN,
        ),
        output=object_schema(
            ("targetBranchName",),
            targetBranchName=text("The branch to merge into."),
            remoteUrl=text("Where the pull request is looked at."),
            pullRequestNumber={"type": "number", "description": "Its number in the repository."},
        ),
        run=propose,
        dry_run=True,
        foresee=foresee,
        undo=undo,
        examples=(
            Example(
                "Propose a change to another repository",
                "steps:\n  - action: publish:github:pull-request\n    input:\n"
                "      repoUrl: github.com?owner=acme&repo=infrastructure\n      branchName: add-payments\n"
                "      title: Add payments\n      description: Made from a template.\n      targetPath: services/payments\n",
            ),
            Example(
                "Propose a change from a fork",
                "steps:\n  - action: publish:github:pull-request\n    input:\n"
                "      repoUrl: github.com?owner=acme&repo=infrastructure\n      branchName: add-payments\n"
                "      title: Add payments\n      description: Made from a template.\n      forceFork: true\n"
                "      token: ${{ secrets.USER_OAUTH_TOKEN }}\n",
            ),
        ),
    ),
)
