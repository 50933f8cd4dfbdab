"""gitlab:issues:create and gitlab:issue:edit."""

import hashlib
from typing import Any

from core.errors import InputError
from scaffolder.errors import CannotUndo
from scaffolder.steps.gitlab.issue_schema import CREATE, CREATED, EDIT, EDITED
from scaffolder.steps.gitlab.places import hub_of, instance, instance_named, project_named, project_number
from scaffolder.steps.places import foreseen, proof
from scaffolder.steps.port import Action, Example, Foreseen, Made, StepContext, UndoContext
from scaffolder.steps.publishing import left_to_a_person
from scm.gitlab import issues

ISSUE, CHANGE = "issue", "issue-change"
_CREATE = {
    "assignees": "assignee_ids",
    "confidential": "confidential",
    "createdAt": "created_at",
    "discussionToResolve": "discussion_to_resolve",
    "epicId": "epic_id",
    "labels": "labels",
    "issueType": "issue_type",
    "mergeRequestToResolveDiscussionsOf": "merge_request_to_resolve_discussions_of",
    "milestoneId": "milestone_id",
    "weight": "weight",
}
_EDIT = {
    "addLabels": "add_labels",
    "assignees": "assignee_ids",
    "confidential": "confidential",
    "description": "description",
    "discussionLocked": "discussion_locked",
    "dueDate": "due_date",
    "epicId": "epic_id",
    "issueType": "issue_type",
    "labels": "labels",
    "milestoneId": "milestone_id",
    "removeLabels": "remove_labels",
    "stateEvent": "state_event",
    "title": "title",
    "updatedAt": "updated_at",
    "weight": "weight",
}


def create(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Write an issue. A mark that nobody sees in its text lets a step that is done again find it."""
    project, key = project_named(given), _key(ctx, given)
    known = ctx.ledger.proved(ISSUE, key)
    if known is not None:
        return {"issueUrl": known["web_url"], "issueId": known["id"], "issueIid": known["number"]}
    access, mark = instance(given).access, _mark(ctx.run_id, key)
    ctx.ledger.intend(ISSUE, key, host=instance_named(given), project=project)
    made = issues.find_issue(access, project, mark) if ctx.again else None
    if made is None:
        wanted = {theirs: given[ours] for ours, theirs in _CREATE.items() if given.get(ours) is not None}
        wanted |= {"due_date": given["dueDate"][:10]} if given.get("dueDate") else {}
        text = f"{given.get('description') or ''}\n\n{mark}".lstrip()
        made = issues.create_issue(access, project, {**wanted, "title": given["title"], "description": text})
    ctx.ledger.prove(ISSUE, key, number=made["iid"], id=made["id"], web_url=made["web_url"])
    ctx.log(f"Issue {made['iid']} is written at {made['web_url']}")
    return {"issueUrl": made["web_url"], "issueId": made["id"], "issueIid": made["iid"]}


def edit(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Change an issue, as far as the step says."""
    wanted = {theirs: given[ours] for ours, theirs in _EDIT.items() if given.get(ours) is not None}
    if not wanted:
        raise InputError(
            "nothing of the issue is to be changed; give title, description, labels or another input"
        )
    access, project, number = instance(given).access, project_named(given), int(given["issueIid"])
    project_number(access, project)
    key = _change_key(given)
    ctx.ledger.intend(CHANGE, key, host=instance_named(given), project=project, number=number)
    found = issues.edit_issue(access, project, number, wanted)
    ctx.ledger.prove(CHANGE, key)
    ctx.log(f"Issue {number} of {project} is changed")
    return {
        "issueUrl": found["web_url"],
        "projectId": found["project_id"],
        "issueId": found["id"],
        "issueIid": found["iid"],
        "state": found["state"],
        "title": found["title"],
        "updatedAt": found["updated_at"],
    }


def _key(ctx: StepContext, given: dict[str, Any]) -> str:
    return f"{instance_named(given)}:{project_named(given)}:{ctx.step_id} {given['title']}"


def _change_key(given: dict[str, Any]) -> str:
    return f"{instance_named(given)}:{project_named(given)}:{int(given['issueIid'])}"


def _mark(run_id: str, key: str) -> str:
    return f"<!-- greenroom {run_id} {hashlib.sha256(key.encode()).hexdigest()[:16]} -->"


def foresee_create(ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    return foreseen(ISSUE, _key(ctx, given), issueUrl="", issueId=0, issueIid=0)


def foresee_edit(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    said = {"issueUrl": "", "projectId": 0, "issueId": 0, "issueIid": int(given["issueIid"])}
    return foreseen(
        CHANGE, _change_key(given), **said, state="", title=given.get("title") or "", updatedAt=""
    )


def undo(ctx: UndoContext, made: Made) -> None:
    """Close the issue; what was changed in one that was there is told to a person."""
    if made.kind == CHANGE:
        raise CannotUndo(
            f"issue {made.key} was changed; look at its history and put back there what is missing"
        )
    access, told = hub_of(made).access, made.details
    with left_to_a_person(f"issue {made.key}"):
        number, issue_id = proof(made, "number"), proof(made, "id")
        if number is None:
            found = issues.find_issue(access, told["project"], _mark(ctx.run_id, made.key))
            if found is None:
                ctx.log(f"Issue {made.key} was never written")
                return
            number, issue_id = found["iid"], found["id"]
        closed = issues.close_issue(access, told["project"], number, str(issue_id))
    ctx.log(f"Issue {number} of {told['project']} is {'closed' if closed else 'gone'}")


ACTIONS = (
    Action(
        id="gitlab:issues:create",
        description="Writes an issue in a project on GitLab.",
        input=CREATE,
        output=CREATED,
        run=create,
        foresee=foresee_create,
        undo=undo,
        examples=(
            Example(
                "Ask for a review of the new service",
                "steps:\n  - action: gitlab:issues:create\n    input:\n"
                "      repoUrl: gitlab.com?owner=acme&repo=payments\n      title: Look at the security checklist\n"
                "      labels: onboarding\n",
            ),
        ),
    ),
    Action(
        id="gitlab:issue:edit",
        description="Changes an issue of a project on GitLab.",
        input=EDIT,
        output=EDITED,
        run=edit,
        foresee=foresee_edit,
        undo=undo,
        examples=(
            Example(
                "Close an issue",
                "steps:\n  - action: gitlab:issue:edit\n    input:\n      repoUrl: gitlab.com\n"
                "      projectId: 12\n      issueIid: 7\n      stateEvent: close\n",
            ),
        ),
    ),
)
