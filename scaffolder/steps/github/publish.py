"""publish:github and its two halves, github:repo:create and github:repo:push."""

from typing import Any

from core.errors import Conflict
from core.names import confined
from scaffolder.steps.branch_rules import PROTECTION, undo_protection
from scaffolder.steps.github.equipment import check_equipment, equip
from scaffolder.steps.github.places import REPO_URL, TOKEN, Place, Target, place_in, target
from scaffolder.steps.github.protection import protect_published, rules_of
from scaffolder.steps.github.schema import COMMIT_HASH, PUBLISHED, PUSH, REPOSITORY, RULES, choice
from scaffolder.steps.port import (
    Action,
    Example,
    Foreseen,
    Made,
    StepContext,
    UndoContext,
    flag,
    object_schema,
)
from scaffolder.steps.publishing import (
    COMMIT,
    Publication,
    Push,
    author_of,
    branch_key,
    foresee_publication,
    make_repository,
    published,
    push_workspace,
    undo_publication,
)
from scm.values import RepositorySettings, Visibility

DEFAULT_BRANCH = "main"
_README = "README.md"


def publish(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Make the repository, set it up, push the workspace, protect the branch, in that order."""
    to, branch, commit = target(given), _branch(given), _push(ctx, given)
    rules_of(given, admins=True)  # what is wrong is told before anything is made
    _make(ctx, to, given, branch)
    sha = push_workspace(ctx, to.hub, to.name, branch, commit)
    protect_published(ctx, to, branch, given)
    return published(to.hub, to.name, branch, sha)


def create(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Make the repository and set it up."""
    to = target(given)
    _make(ctx, to, given, DEFAULT_BRANCH)
    if given.get("autoInit"):
        _begin(ctx, to)
    return published(to.hub, to.name, DEFAULT_BRANCH)


def push(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Push the workspace to a repository without that branch, and protect it.

    What somebody has there already is not put away: Conflict names the way by a pull request.
    """
    to, branch, commit = target(given), _branch(given), _push(ctx, given)
    rules_of(given, admins=True)
    begun = ctx.ledger.noted(COMMIT, branch_key(to.place.host, to.name, branch)) is not None
    if not begun and not to.place.is_ours(ctx) and branch in _branches(to):
        raise Conflict(
            f"defaultBranch {branch!r} is in '{to.name}' already, and this run did not make it; name another branch, "
            "or ask for a change by publish:github:pull-request"
        )
    sha = push_workspace(ctx, to.hub, to.name, branch, commit)
    protect_published(ctx, to, branch, given)
    return published(to.hub, to.name, branch, sha)


def _make(ctx: StepContext, to: Target, given: dict[str, Any], branch: str) -> None:
    check_equipment(given)
    visibility = Visibility(given.get("repoVisibility", "private"))
    private = visibility is not Visibility.PUBLIC
    make_repository(ctx, Publication(to.hub, to.name, branch, private, settings_of(given)))
    equip(ctx, to, given, visibility)


def _begin(ctx: StepContext, to: Target) -> None:
    """A first commit with a README, where there is none."""
    if _branches(to):
        return
    folder = ctx.scratch
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _README).write_text(f"# {to.name.name}\n", encoding="utf-8")
    commit = Push(folder, "Initial commit", author_of(ctx.user))
    push_workspace(ctx, to.hub, to.name, DEFAULT_BRANCH, commit)


def _branches(to: Target) -> set[str]:
    return {branch.name for branch in to.hub.branches(to.name)}


def _branch(given: dict[str, Any]) -> str:
    return str(given.get("defaultBranch") or DEFAULT_BRANCH)


def _push(ctx: StepContext, given: dict[str, Any]) -> Push:
    author = author_of(ctx.user, given.get("gitAuthorName"), given.get("gitAuthorEmail"))
    message = given.get("gitCommitMessage") or "initial commit"
    return Push(confined(ctx.workspace, given.get("sourcePath") or "."), message, author)


def settings_of(given: dict[str, Any]) -> RepositorySettings:
    """A step's input as settings, with the contract's defaults."""
    topics = given.get("topics")
    return RepositorySettings(
        description=given.get("description") or "",
        homepage=given.get("homepage"),
        topics=None if topics is None else tuple(topics),
        has_issues=given.get("hasIssues", True),
        has_wiki=given.get("hasWiki", True),
        has_projects=given.get("hasProjects"),
        delete_branch_on_merge=given.get("deleteBranchOnMerge", False),
        allow_merge_commit=given.get("allowMergeCommit", True),
        allow_squash_merge=given.get("allowSquashMerge", True),
        allow_rebase_merge=given.get("allowRebaseMerge", True),
        allow_auto_merge=given.get("allowAutoMerge", False),
        allow_update_branch=given.get("allowUpdateBranch", False),
        squash_title=given.get("squashMergeCommitTitle", "COMMIT_OR_PR_TITLE"),
        squash_message=given.get("squashMergeCommitMessage", "COMMIT_MESSAGES"),
    )


def foresee_publish(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    place, branch = place_in(given), _branch(given)
    found = foresee_publication(place.host, place.name, branch)
    return Foreseen(found.effects + _protection(place, branch, given), found.output)


def foresee_create(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    place = place_in(given)
    return foresee_publication(place.host, place.name, DEFAULT_BRANCH, pushes=bool(given.get("autoInit")))


def foresee_push(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    place, branch = place_in(given), _branch(given)
    output = foresee_publication(place.host, place.name, branch).output
    commit = ((COMMIT, branch_key(place.host, place.name, branch)),)
    return Foreseen(commit + _protection(place, branch, given), output)


def _protection(place: Place, branch: str, given: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    protects = given.get("protectDefaultBranch", True)
    return ((PROTECTION, branch_key(place.host, place.name, branch)),) if protects else ()


def undo(ctx: UndoContext, made: Made) -> None:
    if made.kind == PROTECTION:
        undo_protection(ctx, made)
    else:
        undo_publication(ctx, made)


_WORKFLOW_ACCESS = choice(
    "Who outside of the repository may use its workflows. Default: none.", "none", "organization", "user"
)
ACTIONS = (
    Action(
        id="publish:github",
        description="Makes a repository on GitHub, pushes the workspace to it and protects its default branch.",
        input=object_schema(("repoUrl",), repoUrl=REPO_URL, **REPOSITORY, **RULES, **PUSH, token=TOKEN),
        output=object_schema(
            ("remoteUrl", "repoContentsUrl", "commitHash"), **PUBLISHED, commitHash=COMMIT_HASH
        ),
        run=publish,
        foresee=foresee_publish,
        undo=undo,
        examples=(
            Example(
                "Publish the workspace",
                "steps:\n  - action: publish:github\n    input:\n"
                "      repoUrl: github.com?owner=acme&repo=payments\n      description: Takes payments\n"
                "      topics: [payments]\n      collaborators:\n        - {team: platform, access: maintain}\n",
            ),
        ),
    ),
    Action(
        id="github:repo:create",
        description="Makes a repository on GitHub, without files.",
        input=object_schema(
            ("repoUrl",),
            repoUrl=REPO_URL,
            **REPOSITORY,
            autoInit={
                **flag("Whether it begins with a commit that has a README. Default: no."),
                "default": False,
            },
            workflowAccess=_WORKFLOW_ACCESS,
            token=TOKEN,
        ),
        output=object_schema(("remoteUrl", "repoContentsUrl"), **PUBLISHED),
        run=create,
        foresee=foresee_create,
        undo=undo,
        examples=(
            Example(
                "Make a public repository",
                "steps:\n  - action: github:repo:create\n    input:\n"
                "      repoUrl: github.com?owner=acme&repo=payments\n      repoVisibility: public\n",
            ),
        ),
    ),
    Action(
        id="github:repo:push",
        description="Pushes the workspace to a repository on GitHub that has no such branch yet, and protects it.",
        input=object_schema(("repoUrl",), repoUrl=REPO_URL, **RULES, **PUSH, token=TOKEN),
        output=object_schema(
            ("remoteUrl", "repoContentsUrl", "commitHash"), **PUBLISHED, commitHash=COMMIT_HASH
        ),
        run=push,
        foresee=foresee_push,
        undo=undo,
        examples=(
            Example(
                "Push the workspace to what an earlier step made",
                "steps:\n  - action: github:repo:push\n    input:\n"
                "      repoUrl: github.com?owner=acme&repo=payments\n      gitCommitMessage: Begin\n",
            ),
        ),
    ),
)
