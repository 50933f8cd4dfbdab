"""The inputs that actions on GitHub repositories share, in the contract's names."""

from typing import Any

from scaffolder.steps.port import flag, text, texts

_TEXT_MAP: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}}


def choice(description: str, *values: str, **more: Any) -> dict[str, Any]:
    return text(description, enum=list(values), **more)


def whole(description: str) -> dict[str, Any]:
    return {"type": "number", "description": description}


def text_map(description: str) -> dict[str, Any]:
    """A JSON Schema of an object whose values are texts."""
    return {**_TEXT_MAP, "description": description}


def closed(description: str, required: tuple[str, ...], /, **properties: Any) -> dict[str, Any]:
    """A JSON Schema of an object with these properties and no others."""
    made: dict[str, Any] = {"type": "object", "description": description, "properties": properties}
    made |= {"required": list(required)} if required else {}
    return made | {"additionalProperties": False}


_ACTORS: dict[str, Any] = {
    "apps": texts("GitHub Apps, by slug."),
    "users": texts("People, by login."),
    "teams": texts("Teams of the organisation, by slug."),
}
_COLLABORATOR = {
    "anyOf": [
        closed(
            f"A {who} and what it may do.",
            ("access", who),
            access=text("pull, triage, push, maintain, admin, or a role of the organisation."),
            **{who: text(f"The {who}, by name or by entity reference.")},
        )
        for who in ("user", "team")
    ]
}

REPOSITORY: dict[str, Any] = {
    "description": text("What the repository is for."),
    "homepage": text("A page about it elsewhere."),
    "access": text("Who administers it beside its owner: a person, or a team as owner/team."),
    "collaborators": {
        "type": "array",
        "items": _COLLABORATOR,
        "description": "Further people and teams, and what they may do.",
    },
    "repoVisibility": choice("Who may see it. Default: private.", "private", "public", "internal"),
    "deleteBranchOnMerge": {
        **flag("Whether a branch goes when its pull request is merged. Default: no."),
        "default": False,
    },
    "allowMergeCommit": {**flag("Whether merge commits may be made. Default: yes."), "default": True},
    "allowSquashMerge": {**flag("Whether commits may be squashed into one. Default: yes."), "default": True},
    "allowRebaseMerge": {**flag("Whether commits may be rebased. Default: yes."), "default": True},
    "allowAutoMerge": {
        **flag("Whether a pull request may merge by itself when all is met. Default: no."),
        "default": False,
    },
    "allowUpdateBranch": {
        **flag("Whether the branch of a pull request may be updated from its page. Default: no."),
        "default": False,
    },
    "squashMergeCommitTitle": choice(
        "What a squashed commit is called. Default: COMMIT_OR_PR_TITLE.",
        "PR_TITLE",
        "COMMIT_OR_PR_TITLE",
        default="COMMIT_OR_PR_TITLE",
    ),
    "squashMergeCommitMessage": choice(
        "What a squashed commit says. Default: COMMIT_MESSAGES.",
        "PR_BODY",
        "COMMIT_MESSAGES",
        "BLANK",
        default="COMMIT_MESSAGES",
    ),
    "hasProjects": flag("Whether it has projects. Default: as the organisation has it."),
    "hasWiki": {**flag("Whether it has a wiki. Default: yes."), "default": True},
    "hasIssues": {**flag("Whether it has issues. Default: yes."), "default": True},
    "topics": texts("Words to find it by."),
    "repoVariables": text_map("Variables for its workflows."),
    "secrets": text_map("Secrets for its workflows; sealed before they leave Greenroom."),
    "oidcCustomization": closed(
        "What stands in the subject of the tokens that its workflows get by OpenID Connect.",
        (),
        useDefault={**flag("Whether GitHub's own form is used. Default: yes."), "default": True},
        includeClaimKeys=texts("Otherwise: the claims, by name."),
    ),
    "customProperties": {
        "type": "object",
        "additionalProperties": {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
        },
        "description": "Values of properties that the organisation has defined.",
    },
    "subscribe": flag("Whether the credential's person watches it. Default: no."),
}

RULES: dict[str, Any] = {
    "requiredApprovingReviewCount": whole("How many people have to agree, 0 to 6. Default: 1."),
    "requireCodeOwnerReviews": flag("Whether a code owner has to agree."),
    "dismissStaleReviews": flag("Whether a new commit takes agreements away."),
    "bypassPullRequestAllowances": closed("Who may do without a pull request.", (), **_ACTORS),
    "restrictions": closed("Who alone may push to the branch.", ("users", "teams"), **_ACTORS),
    "requiredStatusCheckContexts": texts("The checks that have to be green."),
    "requireBranchesToBeUpToDate": {
        **flag(
            "Whether a branch has to hold the newest of its target, where checks are required. Default: yes."
        ),
        "default": True,
    },
    "requiredConversationResolution": flag("Whether every conversation has to be resolved."),
    "requireLastPushApproval": {
        **flag("Whether somebody else has to agree to the last push. Default: no."),
        "default": False,
    },
    "requiredCommitSigning": flag("Whether commits have to be signed."),
    "requiredLinearHistory": flag("Whether merge commits are refused."),
}

PUSH: dict[str, Any] = {
    "defaultBranch": {**text("The branch to push to. Default: main."), "default": "main"},
    "protectDefaultBranch": {
        **flag("Whether that branch is protected then. Default: yes."),
        "default": True,
    },
    "protectEnforceAdmins": {
        **flag("Whether the rules hold for administrators too. Default: yes."),
        "default": True,
    },
    "gitCommitMessage": {
        **text("The commit's message. Default: initial commit."),
        "default": "initial commit",
    },
    "gitAuthorName": text("Who the commit is by. Default: who asked for the run."),
    "gitAuthorEmail": text("The address in the commit. Default: that of who asked for the run."),
    "sourcePath": text("Folder of the workspace to push. Default: all of it."),
}

PUBLISHED: dict[str, Any] = {
    "remoteUrl": text("What git clone takes."),
    "repoContentsUrl": text("Where its files are looked at."),
}
COMMIT_HASH = text("The commit that was pushed.")
