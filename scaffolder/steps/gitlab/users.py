"""gitlab:user:info."""

from typing import Any

from scaffolder.steps.gitlab.places import INSTANCE, instance
from scaffolder.steps.places import TOKEN
from scaffolder.steps.port import Action, Example, StepContext, object_schema, text
from scm.gitlab import people

_OUTPUT = {
    "id": "id",
    "username": "username",
    "name": "name",
    "state": "state",
    "webUrl": "web_url",
    "email": "email",
    "createdAt": "created_at",
    "publicEmail": "public_email",
}


def info(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Who somebody is, or whose the token is. Nothing is changed, so that a dry run asks too."""
    number = given.get("userId")
    found = people.read_person(instance(given).access, None if number is None else int(number))
    ctx.log(f"Looked at {found['username']}")
    return {ours: found[theirs] for ours, theirs in _OUTPUT.items() if found.get(theirs) is not None}


ACTIONS = (
    Action(
        id="gitlab:user:info",
        description="Tells who somebody on GitLab is, or whose the token is.",
        input=object_schema(
            ("repoUrl",),
            repoUrl=INSTANCE,
            token=TOKEN,
            userId={"type": "number", "description": "GitLab's number. Default: whose the token is."},
        ),
        output=object_schema(
            ("id", "username", "name", "state", "webUrl"),
            id={"type": "number", "description": "GitLab's number."},
            username=text("The login."),
            name=text("The name that people see."),
            state=text("active, blocked …"),
            webUrl=text("Their page."),
            email=text("Their address, where GitLab tells it."),
            createdAt=text("Since when they are there."),
            publicEmail=text("The address that everybody sees."),
        ),
        run=info,
        dry_run=True,
        examples=(
            Example(
                "Look at whose token it is",
                "steps:\n  - action: gitlab:user:info\n    input:\n      repoUrl: gitlab.com\n"
                "      token: ${{ secrets.token }}\n",
            ),
        ),
    ),
)
