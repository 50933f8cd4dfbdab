"""github:environment:create: a place to deploy to, with who agrees, which branches may, and its secrets."""

from typing import Any

from core.errors import InputError
from scaffolder.errors import CannotUndo
from scaffolder.expressions.filters.backstage import parsed_entity_ref
from scaffolder.steps.github.places import REPO_URL, TOKEN, Target, foreseen, place_in, target, target_of
from scaffolder.steps.github.schema import closed, text_map, whole
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
    texts,
)
from scaffolder.steps.publishing import left_to_a_person
from scm.github import environments, people, vault

ENVIRONMENT = "environment"
MOST_REVIEWERS = 6


def create(ctx: StepContext, given: dict[str, Any]) -> None:
    """Have the environment as the step says; one that is there is changed."""
    _check(given)
    to, name = target(given), given["name"]
    key = to.place.key(name)
    rules = _rules(to, given)

    def look() -> dict[str, Any]:
        there = environments.find_environment(to.access, to.name, name)
        return {"name": name, "before": there is not None}

    to.place.begin(ctx, ENVIRONMENT, key, look)
    made = environments.keep_environment(to.access, to.name, name, rules)
    ctx.ledger.prove(ENVIRONMENT, key, id=made)
    ctx.check_cancelled()
    patterns = [("branch", one) for one in given.get("customBranchPolicyNames") or ()]
    patterns += [("tag", one) for one in given.get("customTagPolicyNames") or ()]
    environments.keep_policies(to.access, to.name, name, patterns)
    place = vault.of_environment(to.name, name)
    vault.keep_variables(to.access, to.name, place, given.get("environmentVariables") or {})
    vault.keep_secrets(to.access, to.name, place, given.get("secrets") or {})
    ctx.log(f"Environment {name} of {to.name} is ready")


def _check(given: dict[str, Any]) -> None:
    policy = given.get("deploymentBranchPolicy")
    if policy and policy["protected_branches"] == policy["custom_branch_policies"]:
        raise InputError(
            "deploymentBranchPolicy: one of protected_branches and custom_branch_policies is true, the other false"
        )
    patterns = given.get("customBranchPolicyNames") or given.get("customTagPolicyNames")
    if patterns and not (policy and policy["custom_branch_policies"]):
        raise InputError(
            "customBranchPolicyNames and customTagPolicyNames need deploymentBranchPolicy with custom_branch_policies: "
            "true"
        )
    for field in ("environmentVariables", "secrets"):
        for name in given.get(field) or {}:
            vault.check_name(field, name)
    if len(given.get("reviewers") or ()) > MOST_REVIEWERS:
        raise InputError(f"reviewers has {len(given['reviewers'])} entries; GitHub takes {MOST_REVIEWERS}")


def _rules(to: Target, given: dict[str, Any]) -> dict[str, Any]:
    rules: dict[str, Any] = {}
    if "deploymentBranchPolicy" in given:
        rules["deployment_branch_policy"] = given["deploymentBranchPolicy"]
    if "waitTimer" in given:
        rules["wait_timer"] = int(given["waitTimer"])
    if "preventSelfReview" in given:
        rules["prevent_self_review"] = given["preventSelfReview"]
    if given.get("reviewers"):
        rules["reviewers"] = [_reviewer(to, ref) for ref in given["reviewers"]]
    return rules


def _reviewer(to: Target, ref: str) -> dict[str, Any]:
    """A person or a team by GitHub's number: their entities are called as they are called there."""
    found = parsed_entity_ref(ref, {"defaultKind": "user"})
    match found["kind"].lower():
        case "user":
            return {"type": "User", "id": people.person_id(to.access, to.name.owner, found["name"])}
        case "group":
            return {"type": "Team", "id": people.team_id(to.access, to.name.owner, found["name"])}
    raise InputError(f"reviewers: {ref!r} is neither a user nor a group")


def foresee(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    _check(given)
    return foreseen(ENVIRONMENT, place_in(given).key(given["name"]))


def undo(ctx: UndoContext, made: Made) -> None:
    """Take the environment away that the run made, with its secrets."""
    name = made.details["name"]
    if made.details.get("before"):
        raise CannotUndo(
            f"environment {made.key} was there before this run, which changed it; look at it there"
        )
    to = target_of(made)
    with left_to_a_person(f"environment {made.key}"):
        there = environments.find_environment(to.access, to.name, name)
        if there is not None and made.proved and there != made.details["id"]:
            raise CannotUndo(f"environment {made.key} is another one now; it is not touched")
        if there is not None:
            environments.remove_environment(to.access, to.name, name)
    ctx.log(f"Environment {made.key} is removed")


ACTIONS = (
    Action(
        id="github:environment:create",
        description="Makes an environment to deploy to, in a repository on GitHub.",
        input=object_schema(
            ("repoUrl", "name"),
            repoUrl=REPO_URL,
            name=text("What the environment is called.", minLength=1),
            deploymentBranchPolicy={
                **closed(
                    "Which branches may deploy. Default: all.",
                    ("protected_branches", "custom_branch_policies"),
                    protected_branches=flag("Protected branches only; the other one is false then."),
                    custom_branch_policies=flag("Those with the names below; the other one is false then."),
                ),
                "type": ["object", "null"],
            },
            customBranchPolicyNames=texts("Names of branches that may deploy; * stands for anything but /."),
            customTagPolicyNames=texts("Names of tags that may deploy; * stands for anything but /."),
            environmentVariables=text_map("Variables that only deployments to it see."),
            secrets=text_map("Secrets that only deployments to it see."),
            waitTimer=whole("Minutes that a deployment waits."),
            preventSelfReview=flag("Whether who asked for a deployment may not agree to it."),
            reviewers=texts("Users and groups, by entity reference, of whom one has to agree."),
            token=TOKEN,
        ),
        run=create,
        foresee=foresee,
        undo=undo,
        examples=(
            Example(
                "An environment to which only main deploys",
                "steps:\n  - action: github:environment:create\n    input:\n"
                "      repoUrl: github.com?owner=acme&repo=payments\n      name: production\n"
                "      deploymentBranchPolicy: {protected_branches: false, custom_branch_policies: true}\n"
                "      customBranchPolicyNames: [main]\n",
            ),
        ),
    ),
)
