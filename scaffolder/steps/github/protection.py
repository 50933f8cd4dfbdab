"""github:branch-protection:create, and the protection of what was published."""

from typing import Any

from core.errors import InputError
from scaffolder.steps.branch_rules import PROTECTION, undo_protection
from scaffolder.steps.github.places import REPO_URL, TOKEN, Target, foreseen, place_in, target
from scaffolder.steps.github.schema import RULES
from scaffolder.steps.places import when_it_shows
from scaffolder.steps.port import (
    Action,
    Example,
    Foreseen,
    StepContext,
    flag,
    object_schema,
    text,
)
from scaffolder.steps.publishing import branch_key
from scm.errors import CredentialRefused
from scm.github.rules import Particulars
from scm.values import BranchRules

MOST_REVIEWS = 6
_PLAN = "upgrade to github"


def create(ctx: StepContext, given: dict[str, Any]) -> None:
    """Protect a branch; the rules that it has are replaced."""
    to = target(given)
    branch = given.get("branch") or to.hub.get_repository(to.name).default_branch
    protect(ctx, to, branch, given, admins=given.get("enforceAdmins", True))


def foresee(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    place = place_in(given)
    branch = given.get("branch") or target(given).hub.get_repository(place.name).default_branch
    return foreseen(PROTECTION, branch_key(place.host, place.name, branch))


def protect(ctx: StepContext, to: Target, branch: str, given: dict[str, Any], *, admins: bool) -> None:
    """Put the rules that a step gives onto a branch, and note it."""
    rules, particulars = rules_of(given, admins=admins)
    key = branch_key(to.place.host, to.name, branch)

    def look() -> dict[str, Any]:
        ours = to.place.is_ours(ctx)
        return {"branch": branch, "with_repository": ours, "before": not ours and _is_protected(to, branch)}

    to.place.begin(ctx, PROTECTION, key, look)
    when_it_shows(ctx, lambda: to.hub.protect_with(to.name, branch, rules, particulars))
    ctx.ledger.prove(PROTECTION, key)
    ctx.log(f"Branch {branch} of {to.name} is protected")


def protect_published(ctx: StepContext, to: Target, branch: str, given: dict[str, Any]) -> None:
    """Protect the branch that was pushed, unless the step says no. A plan without protection is told, not refused."""
    if not given.get("protectDefaultBranch", True):
        return
    try:
        protect(ctx, to, branch, given, admins=given.get("protectEnforceAdmins", True))
    except CredentialRefused as error:
        if _PLAN not in error.message.lower():
            raise
        ctx.warn(f"Branch {branch} is not protected: {error.message}")


def _is_protected(to: Target, branch: str) -> bool:
    return to.hub.branch_rules(to.name, branch) is not None


def rules_of(given: dict[str, Any], *, admins: bool) -> tuple[BranchRules, Particulars]:
    """The rules in a step's input. InputError for a number of reviews that GitHub does not take."""
    count = given.get("requiredApprovingReviewCount", 1)
    if count != int(count) or not 0 <= count <= MOST_REVIEWS:
        raise InputError(
            f"requiredApprovingReviewCount is {count}; give a whole number from 0 to {MOST_REVIEWS}"
        )
    rules = BranchRules(
        approvals=int(count),
        code_owner_reviews=given.get("requireCodeOwnerReviews", False),
        dismiss_stale_reviews=given.get("dismissStaleReviews", False),
        last_push_approval=given.get("requireLastPushApproval", False),
        checks=tuple(given.get("requiredStatusCheckContexts") or ()),
        up_to_date=given.get("requireBranchesToBeUpToDate", True),
        enforce_admins=admins,
        conversation_resolution=given.get("requiredConversationResolution", False),
        linear_history=given.get("requiredLinearHistory", False),
        signed_commits=given.get("requiredCommitSigning", False),
    )
    restrictions = given.get("restrictions")
    particulars = Particulars(
        pull_requests=True,
        bypass=given.get("bypassPullRequestAllowances") or {},
        restrictions={"apps": [], **restrictions} if restrictions else None,
        block_creations=given.get("blockCreations", False),
    )
    return rules, particulars


ACTIONS = (
    Action(
        id="github:branch-protection:create",
        description="Protects a branch of a repository on GitHub; rules that are there are replaced.",
        input=object_schema(
            ("repoUrl",),
            repoUrl=REPO_URL,
            branch=text("The branch. Default: the repository's default branch."),
            enforceAdmins={
                **flag("Whether the rules hold for administrators too. Default: yes."),
                "default": True,
            },
            **RULES,
            blockCreations={
                **flag(
                    "Whether only those in `restrictions` may make branches that the rules fit. Default: no."
                ),
                "default": False,
            },
            token=TOKEN,
        ),
        run=create,
        foresee=foresee,
        undo=undo_protection,
        examples=(
            Example(
                "Ask for two people and a green build",
                "steps:\n  - action: github:branch-protection:create\n    input:\n"
                "      repoUrl: github.com?owner=acme&repo=payments\n      requiredApprovingReviewCount: 2\n"
                "      requiredStatusCheckContexts: [build]\n",
            ),
        ),
    ),
)
