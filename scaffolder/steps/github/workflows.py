"""github:actions:dispatch: start a workflow."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.utils import timezone

from core.errors import InputError
from scaffolder.errors import CannotUndo
from scaffolder.steps.github.places import REPO_URL, TOKEN, Place, Target, foreseen, place_in, target
from scaffolder.steps.github.schema import text_map
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
from scm.github import workflows

DISPATCH = "workflow-dispatch"
MOST_INPUTS = 25


def dispatch(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Start the workflow once: a step that is done again looks for the run that was started before."""
    if len(given.get("workflowInputs") or {}) > MOST_INPUTS:
        raise InputError(f"workflowInputs has more than the {MOST_INPUTS} entries that GitHub takes")
    to = target(given)
    key = _key(ctx, to.place, given)
    known = ctx.ledger.proved(DISPATCH, key)
    if known is not None:
        return dict(known["output"])
    again = ctx.ledger.noted(DISPATCH, key) is not None
    begun = to.place.begin(ctx, DISPATCH, key, lambda: {"begun": timezone.now().isoformat()})["begun"]
    run = _started(ctx, to, given, datetime.fromisoformat(begun) if again else None)
    output: dict[str, Any] = {}
    if run is not None and given.get("returnWorkflowRunDetails"):
        output = {"workflowRunId": run.id, "workflowRunUrl": run.url, "workflowRunHtmlUrl": run.web_url}
    ctx.ledger.prove(DISPATCH, key, output=output)
    ctx.log(f"Workflow {given['workflowId']} of {to.name} is started at {given['branchOrTagName']}")
    return output


def _started(
    ctx: StepContext, to: Target, given: dict[str, Any], begun: datetime | None
) -> workflows.WorkflowRun | None:
    workflow, ref = given["workflowId"], given["branchOrTagName"]
    if begun is not None:
        found = workflows.dispatched_since(to.access, to.name, workflow, ref, begun)
        if found is not None:
            ctx.log(f"Run {found.id} was started before; it is not started again")
            return found
    inputs, tells = given.get("workflowInputs") or {}, given.get("returnWorkflowRunDetails", False)
    return workflows.dispatch(to.access, to.name, workflow, ref, inputs, tells=tells)


def foresee(ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    place = place_in(given)
    return foreseen(DISPATCH, _key(ctx, place, given))


def _key(ctx: StepContext, place: Place, given: dict[str, Any]) -> str:
    """A step may start the same workflow several times, with other inputs; they may be secret."""
    said = json.dumps(given.get("workflowInputs") or {}, sort_keys=True)
    digest = hashlib.sha256(said.encode()).hexdigest()[:8]
    return place.key(f"{ctx.step_id} {given['workflowId']}@{given['branchOrTagName']} {digest}")


def undo(_ctx: UndoContext, made: Made) -> None:
    raise CannotUndo(
        f"workflow {made.key} was started; look at what it did, and cancel it there if it still runs"
    )


ACTIONS = (
    Action(
        id="github:actions:dispatch",
        description="Starts a workflow of GitHub Actions at a branch or tag.",
        input=object_schema(
            ("repoUrl", "workflowId", "branchOrTagName"),
            repoUrl=REPO_URL,
            workflowId=text("The workflow, by the name of its file or by its number.", minLength=1),
            branchOrTagName=text("The branch or tag at which it runs.", minLength=1),
            workflowInputs=text_map("Its inputs, 25 at the most."),
            returnWorkflowRunDetails=flag("Whether the output tells the run that was started. Default: no."),
            token=TOKEN,
        ),
        output=object_schema(
            workflowRunId={"type": "number", "description": "GitHub's number of the run."},
            workflowRunUrl=text("The run's address in the API."),
            workflowRunHtmlUrl=text("Where the run is looked at."),
        ),
        run=dispatch,
        foresee=foresee,
        undo=undo,
        examples=(
            Example(
                "Start the first build",
                "steps:\n  - action: github:actions:dispatch\n    input:\n"
                "      repoUrl: github.com?owner=acme&repo=payments\n      workflowId: build.yaml\n"
                "      branchOrTagName: main\n      workflowInputs: {reason: first build}\n",
            ),
        ),
    ),
)
