"""gitlab:projectVariable:create."""

from typing import Any

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
from scaffolder.steps.places import TOKEN, foreseen
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
)
from scaffolder.steps.publishing import left_to_a_person
from scm.gitlab import variables

VARIABLE = "project-variable"
_KINDS = ("env_var", "file")


def create(ctx: StepContext, given: dict[str, Any]) -> None:
    """Have a variable for a project's pipelines; one that is there is changed."""
    wanted = _wanted(given)
    access, project, key = instance(given).access, project_named(given), _key(given)
    name, scope = wanted["key"], wanted["environment_scope"]

    def look() -> bool:
        return variables.find_variable(access, project, name, scope) is not None

    before = ctx.checkpoint(f"there {key}", lambda: found_before(ctx, VARIABLE, key, "before", look))
    facts = {"host": instance_named(given), "project": project, "name": name, "scope": scope}
    ctx.ledger.intend(VARIABLE, key, **facts, before=before)
    variables.keep_variable(access, project, wanted)
    ctx.ledger.prove(VARIABLE, key)
    ctx.log(f"Variable {name} of {project} is set")


def _wanted(given: dict[str, Any]) -> dict[str, Any]:
    kind = given["variableType"]
    if kind not in _KINDS:
        raise InputError(f"variableType {kind!r} is not one of {', '.join(_KINDS)}")
    wanted = {
        "key": given["key"],
        "value": given["value"],
        "variable_type": kind,
        "protected": given.get("variableProtected", False),
        "masked": given.get("masked", False),
        "raw": given.get("raw", False),
        "environment_scope": given.get("environmentScope") or variables.EVERYWHERE,
    }
    return wanted | ({"masked_and_hidden": True} if given.get("maskedAndHidden") else {})


def _key(given: dict[str, Any]) -> str:
    scope = given.get("environmentScope") or variables.EVERYWHERE
    return f"{instance_named(given)}:{project_named(given)}:{given['key']}@{scope}"


def foresee(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    return foreseen(VARIABLE, _key(given))


def undo(ctx: UndoContext, made: Made) -> None:
    """Take the variable away, if the run made it."""
    if made.details.get("before"):
        raise CannotUndo(f"variable {made.key} was there before this run, which changed it; look at it there")
    with left_to_a_person(f"variable {made.key}"):
        access, told = hub_of(made).access, made.details
        variables.remove_variable(access, told["project"], told["name"], told["scope"])
    ctx.log(f"Variable {made.key} is removed")


ACTIONS = (
    Action(
        id="gitlab:projectVariable:create",
        description="Sets a variable for the pipelines of a project on GitLab.",
        input=object_schema(
            ("repoUrl", "projectId", "key", "value", "variableType"),
            repoUrl=INSTANCE,
            token=TOKEN,
            projectId={"type": ["number", "string"], "description": "The project, by number or full path."},
            key=text("Its name.", pattern="^[A-Za-z0-9_]{1,255}$"),
            value=text("Its value."),
            variableType=text("env_var, or file for a file that holds the value."),
            variableProtected={
                **flag("Whether only protected branches and tags see it. Default: no."),
                "default": False,
            },
            masked={**flag("Whether it is masked in logs of jobs. Default: no."), "default": False},
            maskedAndHidden={
                **flag("Whether it is masked, and shown to nobody any more. Default: no."),
                "default": False,
            },
            raw={**flag("Whether a $ in it is left alone. Default: no."), "default": False},
            environmentScope={**text("The environments that see it. Default: all."), "default": "*"},
        ),
        run=create,
        foresee=foresee,
        undo=undo,
        examples=(
            Example(
                "Give the pipelines a password",
                "steps:\n  - action: gitlab:projectVariable:create\n    input:\n      repoUrl: gitlab.com\n"
                "      projectId: ${{ steps.publish.output.projectId }}\n      key: DEPLOY_PASSWORD\n"
                "      value: ${{ secrets.password }}\n      variableType: env_var\n      masked: true\n",
            ),
        ),
    ),
)
