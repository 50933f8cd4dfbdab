"""What a repository on GitHub gets by steps of their own: webhooks, keys, autolinks, environments, issues, pages."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from scaffolder.errors import CannotUndo
from scaffolder.models import Effect
from scaffolder.steps import ACTIONS
from scaffolder.steps.port import StepContext
from scaffolder.tasks import execute_run
from scm.fakes.github import FakeGitHub
from scm.fakes.github.facts import Facts
from scm.fakes.github.vault import unsealed
from tests.scaffolder.conftest import TASKS
from tests.scaffolder.github.conftest import NAME, Publisher, everything_kept

pytestmark = pytest.mark.django_db

HOOK = "https://ci.example.com/hook"
GIVEN: dict[str, dict[str, Any]] = {
    "github:webhook": {"webhookUrl": HOOK, "webhookSecret": "h00k-canary", "events": ["push", "release"]},
    "github:deployKey:create": {"deployKeyName": "push key"},
    "github:autolinks:create": {"keyPrefix": "TICKET-", "urlTemplate": "https://t.example/<num>"},
    "github:environment:create": {"name": "production", "secrets": {"TOKEN": "env-canary"}},
    "github:issues:create": {"title": "Look at it", "labels": ["new"], "assignees": ["ana"]},
    "github:branch-protection:create": {"requiredApprovingReviewCount": 2},
    "github:pages:enable": {"buildType": "legacy"},
}


def shown(facts: Facts) -> tuple[Any, ...]:
    """Everything in a repository that these steps may make."""
    issues = [one for one in facts.issues.values() if one["state"] == "open"]
    return (
        len(facts.hooks),
        len(facts.keys),
        len(facts.autolinks),
        sorted(facts.environments),
        len(issues),
        sorted(facts.protection),
        facts.pages is not None,
        {name for kept in facts.secrets.values() for name in kept},
    )


@pytest.mark.parametrize("action", GIVEN)
def test_it_is_made_once_and_taken_back(publisher: Publisher, existing: FakeGitHub, action: str) -> None:
    before = shown(existing.facts(NAME))
    run_id = publisher.run(action, **GIVEN[action])
    assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
    assert shown(existing.facts(NAME)) != before
    assert "canary" not in repr([(one.key, one.details) for one in _effects(run_id)])
    publisher.undo(run_id)
    publisher.undo(run_id)  # what is gone is fine
    assert shown(existing.facts(NAME)) == before


@pytest.mark.parametrize("then", ["resume", "rollback"])
@pytest.mark.parametrize("point", ["intend", "prove", "complete"])
@pytest.mark.parametrize("action", GIVEN)
def test_whoever_is_killed_it_is_there_once_or_not_at_all(
    publisher: Publisher, existing: FakeGitHub, action: str, point: str, then: str
) -> None:
    before = shown(existing.facts(NAME))
    run_id = publisher.killed_at(point, publisher.offer(publisher.step(action, **GIVEN[action])))
    if then == "resume":
        execute_run(run_id)
        assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
        once = shown(existing.facts(NAME))
        assert [new - old for new, old in zip(once[:3], before[:3], strict=True)] in (
            [1, 0, 0],
            [0, 1, 0],
            [0, 0, 1],
            [0, 0, 0],
        )
        assert once[4] - before[4] in {0, 1}
        assert once != before
    publisher.undo(run_id)
    assert shown(existing.facts(NAME)) == before


@pytest.mark.parametrize("action", GIVEN)
def test_it_goes_into_the_plan_as_it_goes_into_the_ledger(
    publisher: Publisher, existing: FakeGitHub, action: str
) -> None:
    foresee = ACTIONS[action].foresee
    assert foresee is not None
    seen: list[tuple[tuple[str, str], ...]] = []
    original = ACTIONS[action]

    def look(ctx: StepContext, given: dict[str, Any]) -> Any:
        seen.append(foresee(ctx, given).effects)
        return original.run(ctx, given)

    publisher.monkeypatch.setitem(ACTIONS, action, replace(original, run=look))
    run_id = publisher.run(action, **GIVEN[action])
    assert set(seen[0]) == {(one.kind, one.key) for one in _effects(run_id)}


def _effects(run_id: str) -> list[Effect]:
    return list(Effect.objects.filter(run_id=run_id))


def test_a_pair_of_an_attempt_that_failed_is_shut_out(publisher: Publisher, existing: FakeGitHub) -> None:
    existing.fail("/secrets/public-key", 500)
    run_id = publisher.run("github:deployKey:create", deployKeyName="push")
    (first,) = existing.facts(NAME).keys.values()
    assert "answered 500" in publisher.error(run_id)
    assert publisher.workshop.api.post(f"{TASKS}/{run_id}/retry", {}).status_code == 201
    execute_run(run_id)
    (second,) = existing.facts(NAME).keys.values()
    assert second["key"] != first["key"]
    publisher.undo(run_id)
    assert (existing.facts(NAME).keys, existing.facts(NAME).secrets[""]) == ({}, {})


def test_a_webhook_that_was_there_is_changed_and_stays(publisher: Publisher, existing: FakeGitHub) -> None:
    config = {"url": HOOK, "content_type": "json", "insecure_ssl": "0"}
    existing.facts(NAME).hooks[1] = {"active": True, "events": ["push"], "config": config}
    run_id = publisher.run("github:webhook", **GIVEN["github:webhook"])
    (hook,) = existing.facts(NAME).hooks.values()
    assert (hook["events"], hook["config"]["content_type"]) == (["push", "release"], "form")
    with pytest.raises(CannotUndo, match="was there before this run"):
        publisher.undo(run_id)
    assert len(existing.facts(NAME).hooks) == 1


def test_rules_that_were_there_are_not_lost_silently(publisher: Publisher, existing: FakeGitHub) -> None:
    publisher.run("github:branch-protection:create")
    second = publisher.run("github:branch-protection:create", requiredApprovingReviewCount=3, branch="main")
    with pytest.raises(CannotUndo, match="had rules before this run"):
        publisher.undo(second)


def test_a_pair_that_is_made_is_only_among_the_secrets(publisher: Publisher, existing: FakeGitHub) -> None:
    run_id = publisher.run("github:deployKey:create", deployKeyName="push key")
    assert publisher.workshop.output(run_id) == {"privateKeySecretName": "PUSH_KEY_PRIVATE_KEY"}
    facts = existing.facts(NAME)
    private = unsealed(facts.secrets[""]["PUSH_KEY_PRIVATE_KEY"])
    assert private.startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    (key,) = facts.keys.values()
    assert (key["title"], key["key"].split()[0]) == ("push key", "ssh-ed25519")
    assert private.splitlines()[1] not in everything_kept(run_id)
    assert "is a secret of" in publisher.error(
        publisher.run("github:deployKey:create", deployKeyName="push key")
    )


def test_a_pair_that_is_given_is_used(publisher: Publisher, existing: FakeGitHub) -> None:
    given = {"deployKeyName": "k", "publicKey": "ssh-ed25519 AAAA ana@laptop", "privateKey": "pr1vate-canary"}
    publisher.done("github:deployKey:create", **given, privateKeySecretName="DEPLOY")
    assert [one["key"] for one in existing.facts(NAME).keys.values()] == ["ssh-ed25519 AAAA"]
    assert unsealed(existing.facts(NAME).secrets[""]["DEPLOY"]) == "pr1vate-canary"
    error = publisher.error(
        publisher.run("github:deployKey:create", deployKeyName="k", publicKey="ssh-rsa A")
    )
    assert "belong together" in error


def test_an_environment_has_its_rules_policies_secrets_and_variables(
    publisher: Publisher, existing: FakeGitHub
) -> None:
    publisher.run(
        "github:environment:create",
        name="production",
        deploymentBranchPolicy={"protected_branches": False, "custom_branch_policies": True},
        customBranchPolicyNames=["main", "release/*"],
        customTagPolicyNames=["v*"],
        environmentVariables={"REGION": "eu"},
        secrets={"TOKEN": "env-canary"},
        waitTimer=30,
        preventSelfReview=True,
        reviewers=["user:default/ana", "group:default/platform"],
    )
    facts = existing.facts(NAME)
    made = facts.environments["production"]
    assert [(one["type"], one["name"]) for one in made["policies"]] == [
        ("branch", "main"),
        ("branch", "release/*"),
        ("tag", "v*"),
    ]
    assert (made["wait_timer"], made["prevent_self_review"]) == (30, True)
    assert [one["type"] for one in made["reviewers"]] == ["User", "Team"]
    assert facts.variables["production"] == {"REGION": "eu"}
    assert unsealed(facts.secrets["production"]["TOKEN"]) == "env-canary"


def test_labels_are_added_and_left_to_a_person(publisher: Publisher, existing: FakeGitHub) -> None:
    publisher.done("github:issues:create", title="One", labels=["old"], body="Words.")
    run_id = publisher.run("github:issues:label", number=1, labels=["new", "old"])
    issue = existing.facts(NAME).issues[1]
    assert (issue["labels"], issue["body"].splitlines()[0]) == (["old", "new"], "Words.")
    with pytest.raises(CannotUndo, match="take away there"):
        publisher.undo(run_id)


def test_a_workflow_is_started_once_whoever_is_killed(publisher: Publisher, existing: FakeGitHub) -> None:
    existing.facts(NAME).workflows = {"build.yaml"}
    given = {
        "workflowId": "build.yaml",
        "branchOrTagName": "main",
        "workflowInputs": {"why": "s3cret-canary"},
    }
    output = publisher.done("github:actions:dispatch", **given, returnWorkflowRunDetails=True)
    assert output["workflowRunId"] == 1
    assert output["workflowRunHtmlUrl"] == f"{existing.url}/{NAME}/actions/runs/1"
    ref = publisher.offer(publisher.step("github:actions:dispatch", **given))
    existing.facts(NAME).runs.clear()
    run_id = publisher.killed_at("prove", ref)
    execute_run(run_id)
    assert len(existing.facts(NAME).runs) == 1
    assert "canary" not in repr([(one.key, one.details) for one in _effects(run_id)])
    with pytest.raises(CannotUndo, match="look at what it did"):
        publisher.undo(run_id)


@pytest.mark.parametrize(
    ("action", "given", "words"),
    [
        ("github:webhook", {"webhookUrl": "ftp://x"}, "webhookUrl 'ftp://x' must begin with https://"),
        ("github:webhook", {"webhookUrl": "https://a:b@x"}, "must not hold a credential"),
        ("github:webhook", {"webhookUrl": HOOK, "events": ["nosuch"]}, "events"),
        ("github:autolinks:create", {"keyPrefix": "A-", "urlTemplate": "https://x"}, "has no <num>"),
        ("github:issues:label", {"number": 77, "labels": ["x"]}, "number 77 is no issue"),
        ("github:issues:create", {"title": "x", "milestone": "first"}, "milestone 'first' is not the number"),
        (
            "github:environment:create",
            {"name": "x", "customBranchPolicyNames": ["main"]},
            "need deploymentBranchPolicy",
        ),
        ("github:environment:create", {"name": "x", "reviewers": ["user:default/no"]}, "no user 'no'"),
        ("github:branch-protection:create", {"branch": "absent"}, "branch 'absent' is not there"),
        ("github:pages:enable", {"buildType": "legacy", "sourceBranch": "no"}, "sourceBranch 'no'"),
        (
            "github:actions:dispatch",
            {"workflowId": "no.yaml", "branchOrTagName": "main"},
            "workflowId 'no.yaml' is not a workflow",
        ),
    ],
)
def test_what_is_wrong_is_named(
    publisher: Publisher, existing: FakeGitHub, action: str, given: dict[str, Any], words: str
) -> None:
    before = shown(existing.facts(NAME))
    assert words in publisher.error(publisher.run(action, **given))
    assert shown(existing.facts(NAME)) == before


@pytest.mark.parametrize("action", [*GIVEN, "github:issues:label", "github:actions:dispatch"])
def test_without_the_right_nothing_is_made_and_the_ledger_is_true(
    publisher: Publisher, existing: FakeGitHub, action: str, effects: Callable[[str], Any]
) -> None:
    existing.readers = {"ghp_fake"}
    existing.facts(NAME).workflows = {"w"}
    more = {"number": 1, "labels": ["x"], "workflowId": "w", "branchOrTagName": "main"}
    known = ACTIONS[action].input["properties"]
    given = GIVEN.get(action, {name: value for name, value in more.items() if name in known})
    run_id = publisher.run(action, **given)
    assert "does not let our credential do this" in publisher.error(run_id)
    assert {one["state"] for one in effects(run_id).values()} <= {"intended"}
