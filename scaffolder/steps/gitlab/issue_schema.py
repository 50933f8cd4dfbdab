"""The inputs and outputs of gitlab:issues:create and gitlab:issue:edit, in the contract's names."""

from typing import Any

from scaffolder.steps.gitlab.places import INSTANCE, REPO_URL
from scaffolder.steps.places import TOKEN
from scaffolder.steps.port import flag, object_schema, text

_MOST = 1048576
_MOMENT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{3})?Z$"
_KINDS = ["issue", "incident", "test_case", "task"]


def _number(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "number", "description": description, **more}


_ASSIGNEES = {
    "type": "array",
    "items": {"type": "number"},
    "description": "To whom it is given, by GitLab's numbers.",
}
CREATE = object_schema(
    ("repoUrl", "title"),
    repoUrl=REPO_URL,
    token=TOKEN,
    projectId={
        "anyOf": [{"type": "number"}, {"type": "string", "minLength": 1}],
        "description": "The project, by number or full path. Default: the one in repoUrl.",
    },
    title=text("What it is called.", minLength=1),
    assignees=_ASSIGNEES,
    confidential=flag("Whether only members see it."),
    description=text("What it says.", maxLength=_MOST),
    createdAt=text("When it was written; administrators and owners may say so.", pattern=_MOMENT),
    dueDate=text("Until when; the day counts.", pattern=_MOMENT),
    discussionToResolve=text("A discussion that it resolves."),
    epicId=_number("The epic that it belongs to.", minimum=0),
    labels=text("Labels, with commas."),
    issueType=text("What kind it is.", enum=_KINDS),
    mergeRequestToResolveDiscussionsOf=_number(
        "A merge request whose discussions it resolves, by its number."
    ),
    milestoneId=_number("The milestone, by GitLab's number."),
    weight=_number("How much it weighs.", minimum=0),
)
CREATED = object_schema(
    ("issueUrl", "issueId", "issueIid"),
    issueUrl=text("Where the issue is looked at."),
    issueId=_number("GitLab's number of it."),
    issueIid=_number("Its number in the project."),
)
EDIT = object_schema(
    ("repoUrl", "projectId", "issueIid"),
    repoUrl=INSTANCE,
    token=TOKEN,
    projectId=_number("The project, by GitLab's number."),
    issueIid=_number("The issue, by its number in the project."),
    addLabels=text("Labels to add, with commas."),
    assignees=_ASSIGNEES,
    confidential=flag("Whether only members see it."),
    description=text("What it says.", maxLength=_MOST),
    discussionLocked=flag("Whether only members may talk about it."),
    dueDate=text("Until which day, as YYYY-MM-DD.", pattern=r"^\d{4}-\d{2}-\d{2}$"),
    epicId=_number("The epic that it belongs to.", minimum=0),
    issueType=text("What kind it is.", enum=_KINDS),
    labels=text("Labels, with commas, in the place of those that are there; empty takes all away."),
    milestoneId=_number("The milestone, by GitLab's number; 0 takes it away."),
    removeLabels=text("Labels to take away, with commas."),
    stateEvent=text("Whether it is closed or opened again.", enum=["close", "reopen"]),
    title=text("What it is called."),
    updatedAt=text("When it was changed; administrators and owners may say so.", pattern=_MOMENT),
    weight=_number("How much it weighs.", minimum=0, maximum=10),
)
EDITED = object_schema(
    ("issueUrl", "projectId", "issueId", "issueIid", "state", "title", "updatedAt"),
    issueUrl=text("Where the issue is looked at."),
    projectId=_number("The project, by GitLab's number."),
    issueId=_number("GitLab's number of the issue."),
    issueIid=_number("Its number in the project."),
    state=text("opened or closed."),
    title=text("What it is called."),
    updatedAt=text("When it was last changed."),
)
