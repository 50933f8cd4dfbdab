"""greenroom:branch:protect: rules for a branch on any host that keeps some, and how a run takes its own away."""

from typing import Any

from core.errors import InputError, NotFound
from scaffolder.errors import CannotUndo
from scaffolder.steps.places import REPO_URL, TOKEN, acting_host, foreseen, place_in, when_it_shows
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
from scaffolder.steps.publishing import branch_key, left_to_a_person, place_of
from scm.names import checked_branch
from scm.port import CodeHost, Protecting
from scm.registry import hosts
from scm.values import BranchRules, RepositoryName

PROTECTION = "branch-protection"
MOST_APPROVALS = 6
"""GitHub's bound: what one host refuses is refused for all, so that a template means the same everywhere."""
DEFAULT_BRANCH = "HEAD"
"""In what is foreseen: the default branch of a repository that is not there yet."""


def protect(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Put the step's rules in the place of those that the branch has; again is free."""
    place, rules = place_in(given), rules_of(given)
    host = acting_host(place.host, given.get("token"))
    rulers = keeping_rules(host)
    branch = given.get("branch") or host.get_repository(place.name).default_branch
    key = branch_key(place.host, place.name, branch)

    def look() -> dict[str, Any]:
        ours = place.is_ours(ctx)
        before = not ours and rulers.branch_rules(place.name, branch) is not None
        return {"branch": branch, "with_repository": ours, "before": before}

    place.begin(ctx, PROTECTION, key, look)
    when_it_shows(ctx, lambda: rulers.protect_branch(place.name, branch, rules))
    ctx.ledger.prove(PROTECTION, key)
    ctx.log(f"Branch {branch} of {place.name} is protected")
    return {"branch": branch}


def foresee(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    place = place_in(given)
    rules_of(given)
    branch = given.get("branch") or _default_branch(place.host, place.name)
    known = {} if branch == DEFAULT_BRANCH else {"branch": branch}
    return foreseen(PROTECTION, branch_key(place.host, place.name, branch), **known)


def _default_branch(host: str, name: RepositoryName) -> str:
    known = hosts().get(host)
    try:
        return known.get_repository(name).default_branch if known else DEFAULT_BRANCH
    except NotFound:  # an earlier step of the same run makes it
        return DEFAULT_BRANCH


def rules_of(given: dict[str, Any]) -> BranchRules:
    """The rules in a step's input. InputError for what no host takes."""
    approvals = given.get("approvals", 1)
    if approvals != int(approvals) or not 0 <= approvals <= MOST_APPROVALS:
        raise InputError(f"approvals is {approvals}; give a whole number from 0 to {MOST_APPROVALS}")
    if given.get("branch"):
        checked_branch("branch", given["branch"])
    return BranchRules(
        approvals=int(approvals),
        code_owner_reviews=given.get("codeOwnerReviews", False),
        dismiss_stale_reviews=given.get("dismissStaleReviews", False),
        last_push_approval=given.get("lastPushApproval", False),
        checks=tuple(given.get("checks") or ()),
        up_to_date=given.get("upToDate", True),
        enforce_admins=given.get("enforceAdmins", True),
        conversation_resolution=given.get("conversationResolution", False),
        linear_history=given.get("linearHistory", False),
        signed_commits=given.get("signedCommits", False),
    )


def keeping_rules(host: CodeHost) -> Protecting:
    """The host as one that protects branches. InputError when it does not."""
    if not isinstance(host, Protecting):
        raise InputError(
            f"repoUrl names {host.host!r}, which cannot protect branches: leave the step out there"
        )
    return host


def undo_protection(ctx: UndoContext, made: Made) -> None:
    """Take the protection away that the run put onto an unprotected branch."""
    if made.details.get("with_repository"):
        ctx.log(f"The protection of {made.key} goes with its repository")
        return
    if made.details.get("before"):
        raise CannotUndo(
            f"branch {made.key} had rules before this run, which it replaced: look at them there"
        )
    host, name = place_of(made)
    with left_to_a_person(f"the protection of {made.key}"):
        keeping_rules(host).unprotect_branch(name, made.details["branch"])
    ctx.log(f"Branch {made.key} is no longer protected")


ACTIONS = (
    Action(
        id="greenroom:branch:protect",
        description="Protects a branch on any host that can; rules that are there are replaced.",
        input=object_schema(
            ("repoUrl",),
            repoUrl=REPO_URL,
            branch=text("The branch. Default: the repository's default branch."),
            approvals={
                "type": "number",
                "description": "How many people have to agree, 0 to 6. Default: 1.",
                "default": 1,
            },
            codeOwnerReviews=flag("Whether a code owner has to agree. Default: no."),
            dismissStaleReviews=flag("Whether a new commit takes agreements away. Default: no."),
            lastPushApproval=flag("Whether somebody else has to agree to the last push. Default: no."),
            checks=texts("The checks that have to be green."),
            upToDate={
                **flag("Whether a branch has to hold the newest of its target, with checks. Default: yes."),
                "default": True,
            },
            enforceAdmins={
                **flag("Whether the rules hold for administrators too. Default: yes."),
                "default": True,
            },
            conversationResolution=flag("Whether every conversation has to be resolved. Default: no."),
            linearHistory=flag("Whether merge commits are refused. Default: no."),
            signedCommits=flag("Whether commits have to be signed. Default: no."),
            token=TOKEN,
        ),
        output=object_schema(("branch",), branch=text("The branch that is protected.")),
        run=protect,
        foresee=foresee,
        undo=undo_protection,
        examples=(
            Example(
                "Ask for two people and a green build, wherever the repository is",
                "steps:\n  - action: greenroom:branch:protect\n    input:\n"
                "      repoUrl: ${{ parameters.repoUrl }}\n      approvals: 2\n      checks: [build]\n",
            ),
        ),
    ),
)
