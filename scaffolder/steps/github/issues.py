"""github:issues:create and github:issues:label."""

import hashlib
from typing import Any

from core.errors import InputError
from scaffolder.errors import CannotUndo
from scaffolder.steps.github.places import REPO_URL, TOKEN, foreseen, place_in, proof, target, target_of
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
from scm.github import issues

ISSUE, LABELS = "issue", "labels"


def create(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Write an issue. A mark that nobody sees in its text lets a step that is done again find it."""
    place, key = place_in(given), _key(ctx, given)
    if ctx.dry_run:
        ctx.log(f"Would write the issue {given['title']!r} in {place.name}")
        return dict(foresee_issue(ctx, given).output)
    to = target(given)
    known = ctx.ledger.proved(ISSUE, key)
    if known is not None:
        return {"issueUrl": known["web_url"], "issueNumber": known["number"]}
    mark = _mark(ctx.run_id, key)
    again = ctx.ledger.noted(ISSUE, key) is not None
    to.place.intend(ctx, ISSUE, key)
    made = issues.find_issue(to.access, to.name, mark) if again else None
    if made is None:
        made = issues.create_issue(to.access, to.name, _wanted(given, mark))
    ctx.ledger.prove(ISSUE, key, number=made.number, id=made.id, web_url=made.web_url)
    ctx.log(f"Issue {made.number} is written at {made.web_url}")
    return {"issueUrl": made.web_url, "issueNumber": made.number}


def _wanted(given: dict[str, Any], mark: str) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "title": given["title"],
        "body": f"{given.get('body') or ''}\n\n{mark}".lstrip(),
    }
    for ours in ("assignees", "labels"):
        wanted |= {ours: given[ours]} if given.get(ours) else {}
    if given.get("milestone") is not None:
        try:
            wanted["milestone"] = int(given["milestone"])
        except ValueError as error:
            raise InputError(f"milestone {given['milestone']!r} is not the number of a milestone") from error
    return wanted


def label(ctx: StepContext, given: dict[str, Any]) -> None:
    """Put labels on an issue or a pull request; those that are there stay."""
    to, number = target(given), _number(given)
    key = to.place.key(f"{number} {', '.join(sorted(given['labels']))}")
    to.place.intend(ctx, LABELS, key, number=number)
    issues.add_labels(to.access, to.name, number, given["labels"])
    ctx.ledger.prove(LABELS, key)
    ctx.log(f"Number {number} of {to.name} is labelled")


def foresee_issue(ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    place = place_in(given)
    return foreseen(ISSUE, _key(ctx, given), issueUrl=f"{place.web_url}/issues", issueNumber=0)


def foresee_labels(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    place = place_in(given)
    return foreseen(LABELS, place.key(f"{_number(given)} {', '.join(sorted(given['labels']))}"))


def _number(given: dict[str, Any]) -> int:
    number = given["number"]
    if number != int(number) or number < 1:
        raise InputError(f"number {number} is not the number of an issue or a pull request")
    return int(number)


def _key(ctx: StepContext, given: dict[str, Any]) -> str:
    return place_in(given).key(f"{ctx.step_id} {given['title']}")


def _mark(run_id: str, key: str) -> str:
    return f"<!-- greenroom {run_id} {hashlib.sha256(key.encode()).hexdigest()[:16]} -->"


def undo(ctx: UndoContext, made: Made) -> None:
    """Close the issue; labels stay, as nobody knows who would miss them."""
    if made.kind == LABELS:
        raise CannotUndo(f"labels were put on {made.key}; take away there what should not stay")
    to = target_of(made)
    with left_to_a_person(f"issue {made.key}"):
        number, issue_id = proof(made, "number"), proof(made, "id")
        if number is None:
            found = issues.find_issue(to.access, to.name, _mark(ctx.run_id, made.key))
            if found is None:
                ctx.log(f"Issue {made.key} was never written")
                return
            number, issue_id = found.number, found.id
        closed = issues.close_issue(to.access, to.name, number, str(issue_id))
    ctx.log(f"Issue {number} of {to.name} is {'closed' if closed else 'gone'}")


ACTIONS = (
    Action(
        id="github:issues:create",
        description="Writes an issue in a repository on GitHub.",
        input=object_schema(
            ("repoUrl", "title"),
            repoUrl=REPO_URL,
            title=text("What the issue is called.", minLength=1),
            body=text("What it says."),
            assignees=texts(
                "People to whom it is given, by login; who may not push cannot give it to anybody."
            ),
            milestone={"type": ["string", "number"], "description": "The number of its milestone."},
            labels=texts("Its labels."),
            token=TOKEN,
        ),
        output=object_schema(
            ("issueUrl", "issueNumber"),
            issueUrl=text("Where the issue is looked at."),
            issueNumber={"type": "number", "description": "Its number in the repository."},
        ),
        run=create,
        dry_run=True,
        foresee=foresee_issue,
        undo=undo,
        examples=(
            Example(
                "Ask for a review of the new service",
                "steps:\n  - action: github:issues:create\n    input:\n"
                "      repoUrl: github.com?owner=acme&repo=payments\n      title: Look at the security checklist\n"
                "      labels: [onboarding]\n",
            ),
        ),
    ),
    Action(
        id="github:issues:label",
        description="Puts labels on an issue or a pull request on GitHub.",
        input=object_schema(
            ("repoUrl", "number", "labels"),
            repoUrl=REPO_URL,
            number={"type": "number", "description": "The number of the issue or the pull request."},
            labels=texts("The labels to add."),
            token=TOKEN,
        ),
        run=label,
        foresee=foresee_labels,
        undo=undo,
        examples=(
            Example(
                "Label the pull request of an earlier step",
                "steps:\n  - action: github:issues:label\n    input:\n"
                "      repoUrl: github.com?owner=acme&repo=payments\n"
                "      number: ${{ steps.propose.output.pullRequestNumber }}\n      labels: [scaffolded]\n",
            ),
        ),
    ),
)
