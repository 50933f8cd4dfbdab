"""gitlab:projectAccessToken:create and gitlab:projectDeployToken:create. The token goes to the step's output only."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from scaffolder.errors import CannotUndo
from scaffolder.steps.gitlab.places import (
    INSTANCE,
    found_before,
    hub_of,
    instance,
    instance_named,
    project_named,
)
from scaffolder.steps.places import TOKEN, foreseen, proof
from scaffolder.steps.port import (
    Action,
    Example,
    Foreseen,
    Made,
    StepContext,
    UndoContext,
    object_schema,
    text,
    texts,
)
from scaffolder.steps.publishing import left_to_a_person
from scm.gitlab import tokens

if TYPE_CHECKING:
    from scm.gitlab.access import Access

MOST_DAYS = 365
MAINTAINER = 40
_LEVELS = (10, 15, 20, 30, 40, 50)
_KINDS = {"project-access-token": tokens.ACCESS, "project-deploy-token": tokens.DEPLOY}
ACCESS_TOKEN, DEPLOY_TOKEN = _KINDS


def create_access(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Make an access token that ends by itself, a year from now at the latest."""
    name, until = _name(given), _until(given)
    level = given.get("accessLevel", MAINTAINER)
    if level not in _LEVELS:
        raise InputError(f"accessLevel {level} is none; give one of {', '.join(map(str, _LEVELS))}")
    scopes = given.get("scopes") or ["read_repository"]
    access, project = instance(given).access, project_named(given)

    def make() -> tokens.Token:
        return tokens.create_access_token(access, project, name, scopes, int(level), until)

    return {"access_token": _made(ctx, given, ACCESS_TOKEN, name, make)[0]}


def create_deploy(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Make a deploy token."""
    name, access, project = _name(given), instance(given).access, project_named(given)

    def make() -> tokens.Token:
        return tokens.create_deploy_token(access, project, name, given["scopes"], given.get("username") or "")

    value, user = _made(ctx, given, DEPLOY_TOKEN, name, make)
    return {"deploy_token": value, "user": user}


def _made(
    ctx: StepContext, given: dict[str, Any], kind: str, name: str, make: Callable[[], tokens.Token]
) -> tuple[str, str]:
    """The token and its user, masked from here on. One whose value nobody heard, as its worker died, is ended."""
    access, project, key = instance(given).access, project_named(given), _key(given, name)

    def look() -> list[int]:
        return tokens.tokens_named(access, project, _KINDS[kind], name)

    before = ctx.checkpoint(f"there {key}", lambda: found_before(ctx, kind, key, "before", look))
    facts = {"host": instance_named(given), "project": project, "name": name, "before": before}
    ctx.ledger.intend(kind, key, **facts)

    def anew() -> list[Any]:
        if ctx.again:
            _end_unheard(access, project, _KINDS[kind], name, before)
        token = make()
        ctx.hide(token.value)
        return [token.id, token.value, token.username]

    number, value, user = ctx.checkpoint(f"token {key}", anew)
    ctx.hide(value)
    ctx.ledger.prove(kind, key, id=number)
    ctx.log(f"Token {name} of {project} is made")
    return value, user


def _end_unheard(access: "Access", project: str, kind: str, name: str, before: list[int]) -> None:
    for number in tokens.tokens_named(access, project, kind, name):
        if number not in before:
            tokens.revoke_token(access, project, kind, number)


def _name(given: dict[str, Any]) -> str:
    return str(given.get("name") or "greenroom")


def _until(given: dict[str, Any]) -> date:
    today = datetime.now(UTC).date()
    wanted = given.get("expiresAt")
    if not wanted:
        return today + timedelta(days=MOST_DAYS)
    try:
        until = date.fromisoformat(wanted)
    except ValueError as error:
        raise InputError(f"expiresAt {wanted!r} is not a date; write it as YYYY-MM-DD") from error
    if not today < until <= today + timedelta(days=MOST_DAYS):
        raise InputError(f"expiresAt {wanted} must lie in the {MOST_DAYS} days from tomorrow")
    return until


def _key(given: dict[str, Any], name: str) -> str:
    return f"{instance_named(given)}:{project_named(given)}:{name}"


def foresee_access(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    return foreseen(ACCESS_TOKEN, _key(given, _name(given)), access_token="")


def foresee_deploy(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    return foreseen(DEPLOY_TOKEN, _key(given, _name(given)), deploy_token="", user="")


def undo(ctx: UndoContext, made: Made) -> None:
    """End the token."""
    access, told, kind = hub_of(made).access, made.details, _KINDS[made.kind]
    number = proof(made, "id")
    with left_to_a_person(f"token {made.key}"):
        if number is not None:
            tokens.revoke_token(access, told["project"], kind, number)
        else:
            fresh = set(tokens.tokens_named(access, told["project"], kind, told["name"])) - set(
                told["before"]
            )
            if len(fresh) > 1:
                raise CannotUndo(
                    f"there are {len(fresh)} new tokens {made.key}; end there those nobody needs"
                )
            for number in fresh:
                tokens.revoke_token(access, told["project"], kind, number)
    ctx.log(f"Token {made.key} is ended")


_PROJECT = {"type": ["number", "string"], "description": "The project, by number or full path."}
ACTIONS = (
    Action(
        id="gitlab:projectAccessToken:create",
        description="Makes an access token of a project on GitLab; it is masked in all that the run says.",
        input=object_schema(
            ("projectId", "repoUrl"),
            projectId=_PROJECT,
            token=TOKEN,
            name=text("What the token is called. Default: greenroom."),
            repoUrl=INSTANCE,
            accessLevel={
                "type": "number",
                "description": "What it may do: 10 Guest, 15 Planner, 20 Reporter, 30 Developer, 40 Maintainer, "
                "50 Owner. Default: 40.",
            },
            scopes=texts("What it is for. Default: read_repository."),
            expiresAt=text("Its last day, as YYYY-MM-DD. Default: in 365 days, which is the latest."),
        ),
        output=object_schema(("access_token",), access_token=text("The token.")),
        run=create_access,
        foresee=foresee_access,
        undo=undo,
        examples=(
            Example(
                "Make a token that reads the registry",
                "steps:\n  - action: gitlab:projectAccessToken:create\n    input:\n      repoUrl: gitlab.com\n"
                "      projectId: acme/payments\n      name: registry\n      accessLevel: 20\n"
                "      scopes: [read_registry]\n",
            ),
        ),
    ),
    Action(
        id="gitlab:projectDeployToken:create",
        description="Makes a deploy token of a project on GitLab; it is masked in all that the run says.",
        input=object_schema(
            ("repoUrl", "projectId", "name", "scopes"),
            repoUrl=INSTANCE,
            token=TOKEN,
            projectId=_PROJECT,
            name=text("What the token is called."),
            username=text("Its user. Default: as GitLab chooses."),
            scopes=texts("What it is for: read_repository, read_registry …"),
        ),
        output=object_schema(
            ("deploy_token", "user"), deploy_token=text("The token."), user=text("Its user.")
        ),
        run=create_deploy,
        foresee=foresee_deploy,
        undo=undo,
        examples=(
            Example(
                "Make a token that reads the registry",
                "steps:\n  - action: gitlab:projectDeployToken:create\n    input:\n      repoUrl: gitlab.com\n"
                "      projectId: acme/payments\n      name: cluster\n      scopes: [read_registry]\n",
            ),
        ),
    ),
)
