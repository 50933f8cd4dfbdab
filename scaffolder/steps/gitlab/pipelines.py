"""gitlab:pipeline:trigger."""

from typing import Any

from scaffolder.errors import CannotUndo
from scaffolder.steps.gitlab.places import INSTANCE, found_before, instance, instance_named, project_named
from scaffolder.steps.places import TOKEN, foreseen
from scaffolder.steps.port import (
    Action,
    Example,
    Foreseen,
    Made,
    StepContext,
    UndoContext,
    object_schema,
    text,
)
from scm.gitlab import pipelines

PIPELINE = "pipeline"


def trigger(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Start a pipeline, once: whoever takes the step over looks for the one that was started by then."""
    project, branch, key = project_named(given), given["branch"], _key(ctx, given)
    known = ctx.ledger.proved(PIPELINE, key)
    if known is not None:
        return {"pipelineUrl": known["web_url"]}
    access, variables = instance(given).access, given.get("variables") or {}

    def look() -> int:
        return pipelines.newest_pipeline(access, project, branch)

    newest = ctx.checkpoint(f"newest {key}", lambda: found_before(ctx, PIPELINE, key, "newest", look))
    facts = {"host": instance_named(given), "project": project, "branch": branch}
    ctx.ledger.intend(PIPELINE, key, **facts, newest=newest)
    found = pipelines.started_after(access, project, branch, newest) if ctx.again else None
    number, web_url = found or pipelines.start_pipeline(access, project, branch, variables)
    ctx.ledger.prove(PIPELINE, key, number=number, web_url=web_url)
    ctx.log(f"Pipeline {number} is started: {web_url}")
    return {"pipelineUrl": web_url}


def _key(ctx: StepContext, given: dict[str, Any]) -> str:
    return f"{instance_named(given)}:{project_named(given)}@{given['branch']} {ctx.step_id}"


def foresee(ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    return foreseen(PIPELINE, _key(ctx, given), pipelineUrl="")


def undo(_ctx: UndoContext, made: Made) -> None:
    """What a pipeline did is not known here."""
    at = made.details.get("web_url")
    where = f"look at {at}" if at else "look whether one was started"
    raise CannotUndo(f"a pipeline was started on {made.key}: {where}, and undo there what it did")


ACTIONS = (
    Action(
        id="gitlab:pipeline:trigger",
        description="Starts a pipeline of a project on GitLab.",
        input=object_schema(
            ("repoUrl", "projectId", "tokenDescription", "branch"),
            repoUrl=INSTANCE,
            token=TOKEN,
            projectId={"type": "number", "description": "The project, by GitLab's number."},
            tokenDescription=text(
                "Not needed here: no trigger token is made, the pipeline is started directly."
            ),
            branch=text("The branch.", minLength=1),
            variables={
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "Variables for the pipeline.",
            },
        ),
        output=object_schema(("pipelineUrl",), pipelineUrl=text("Where the pipeline is looked at.")),
        run=trigger,
        foresee=foresee,
        undo=undo,
        examples=(
            Example(
                "Start the first deployment",
                "steps:\n  - action: gitlab:pipeline:trigger\n    input:\n      repoUrl: gitlab.com\n"
                "      projectId: ${{ steps.publish.output.projectId }}\n      tokenDescription: first\n"
                "      branch: main\n      variables: {STAGE: test}\n",
            ),
        ),
    ),
)
