"""What steps on GitLab make beside files: variables, tokens, groups, issues, pipelines."""

from collections.abc import Callable
from typing import Any

import pytest

from scaffolder.errors import CannotUndo
from scaffolder.models import Effect, StepRun
from scaffolder.tasks import execute_run
from scm.fakes.gitlab import FakeGitLab
from scm.fakes.server import Asked, Reply
from scm.fakes.state import FakeTeam
from tests.scaffolder.conftest import TASKS
from tests.scaffolder.github.conftest import everything_kept
from tests.scaffolder.gitlab.conftest import NAME, LabPublisher

pytestmark = pytest.mark.django_db

ACCESS = "gitlab:projectAccessToken:create"
GIVEN: dict[str, dict[str, Any]] = {
    "gitlab:projectVariable:create": {
        "projectId": NAME,
        "key": "PASSWORD",
        "value": "pw-canary-1",
        "variableType": "env_var",
        "masked": True,
        "environmentScope": "production",
    },
    ACCESS: {"projectId": NAME, "name": "registry", "scopes": ["read_registry"], "accessLevel": 20},
    "gitlab:projectDeployToken:create": {"projectId": NAME, "name": "cluster", "scopes": ["read_registry"]},
    "gitlab:group:ensureExists": {"path": ["acme", {"name": "Core Team", "slug": "core"}, "deep"]},
    "gitlab:issues:create": {"title": "Look at it", "labels": "new", "description": "Please."},
}


def shown(lab: FakeGitLab) -> list[Any]:
    """Everything that these steps may make, as the host has it."""
    facts = lab.facts(NAME)
    living = [one["name"] for kind in facts.tokens.values() for one in kind.values() if not one["revoked"]]
    groups = [team.slug for teams in lab.state.teams.values() for team in teams]
    opened = [one["title"] for one in facts.issues.values() if one["state"] == "opened"]
    return [sorted(facts.variables), living, groups, opened]


ONCE = {
    "gitlab:projectVariable:create": [[("PASSWORD", "production")], [], ["acme/money"], []],
    ACCESS: [[], ["registry"], ["acme/money"], []],
    "gitlab:projectDeployToken:create": [[], ["cluster"], ["acme/money"], []],
    "gitlab:group:ensureExists": [[], [], ["acme/money", "acme/core", "acme/core/deep"], []],
    "gitlab:issues:create": [[], [], ["acme/money"], ["Look at it"]],
}


@pytest.mark.parametrize("action", GIVEN)
def test_it_is_made_once_and_taken_back(publisher: LabPublisher, existing: FakeGitLab, action: str) -> None:
    before = shown(existing)
    run_id = publisher.run(action, **GIVEN[action])
    assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
    assert shown(existing) == ONCE[action]
    publisher.undo(run_id)
    publisher.undo(run_id)  # what is gone is fine
    assert shown(existing) == before


@pytest.mark.parametrize("then", ["resume", "rollback"])
@pytest.mark.parametrize("point", ["intend", "prove", "complete"])
@pytest.mark.parametrize("action", GIVEN)
def test_whoever_is_killed_it_is_there_once_or_not_at_all(
    publisher: LabPublisher, existing: FakeGitLab, action: str, point: str, then: str
) -> None:
    before = shown(existing)
    run_id = publisher.killed_at(point, publisher.offer(publisher.step(action, **GIVEN[action])))
    if then == "resume":
        execute_run(run_id)
        assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
        assert shown(existing) == ONCE[action]
    if (action, point, then) == ("gitlab:group:ensureExists", "prove", "rollback"):
        with pytest.raises(CannotUndo, match="cannot prove"):
            publisher.undo(run_id)
        return
    publisher.undo(run_id)
    assert shown(existing) == before


@pytest.mark.parametrize("action", [name for name in GIVEN if name != "gitlab:group:ensureExists"])
def test_what_was_proved_before_a_rollback_proves_nothing_of_what_was_made_since(
    publisher: LabPublisher, existing: FakeGitLab, action: str
) -> None:
    before = shown(existing)
    run_id = publisher.killed_since_a_rollback(publisher.step(action, **GIVEN[action]))
    assert shown(existing) == ONCE[action]
    publisher.undo(run_id)
    assert shown(existing) == before


def test_a_group_made_again_since_a_rollback_is_left_to_a_person(
    publisher: LabPublisher, existing: FakeGitLab
) -> None:
    action = "gitlab:group:ensureExists"
    run_id = publisher.killed_since_a_rollback(publisher.step(action, **GIVEN[action]))
    with pytest.raises(CannotUndo, match="cannot prove"):
        publisher.undo(run_id)


@pytest.mark.parametrize("action", [ACCESS, "gitlab:projectDeployToken:create"])
def test_a_token_is_given_on_and_shown_nowhere(
    publisher: LabPublisher, existing: FakeGitLab, action: str
) -> None:
    name = "access_token" if action == ACCESS else "deploy_token"
    keep = {
        "projectId": NAME,
        "key": "TOKEN",
        "value": "${{ steps.s0.output." + name + " }}",
        "variableType": "env_var",
    }
    say = {"action": "debug:log", "input": {"message": "It is ${{ steps.s0.output." + name + " }}."}}
    steps = [publisher.step(action, **GIVEN[action]), say]
    run_id = publisher.workshop.run(
        publisher.offer(*steps, publisher.step("gitlab:projectVariable:create", **keep))
    )
    assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
    ((value,),) = [[one["value"] for one in existing.facts(NAME).variables.values()]]
    assert "fake-value" in value
    assert value not in everything_kept(run_id)
    assert any("It is ***" in said for said in publisher.workshop.messages(run_id))
    assert not StepRun.objects.filter(run_id=run_id, sealed_output__isnull=False).exists()


def test_a_token_stays_masked_for_the_worker_that_takes_over(
    publisher: LabPublisher, existing: FakeGitLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    say = {"action": "debug:log", "input": {"message": "It is ${{ steps.s0.output.access_token }}."}}
    ref = publisher.offer(publisher.step(ACCESS, **GIVEN[ACCESS]), say)
    run_id = publisher.killed_at("complete", ref, nth=1)  # after the token's step, in the one that says it
    execute_run(run_id)
    assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
    (token,) = existing.facts(NAME).tokens["access_tokens"].values()
    assert token["token"] not in everything_kept(run_id)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"expiresAt": "2020-01-01"}, "expiresAt 2020-01-01 must lie"),
        ({"expiresAt": "soon"}, "expiresAt 'soon' is not a date"),
        ({"accessLevel": 41}, "accessLevel 41"),
    ],
)
def test_a_token_that_cannot_be_is_refused(
    publisher: LabPublisher, existing: FakeGitLab, given: dict[str, Any], words: str
) -> None:
    assert words in publisher.error(publisher.run(ACCESS, **{**GIVEN[ACCESS], **given}))
    assert existing.facts(NAME).tokens["access_tokens"] == {}


def test_a_variable_that_was_there_is_changed_and_stays(
    publisher: LabPublisher, existing: FakeGitLab
) -> None:
    action = "gitlab:projectVariable:create"
    publisher.run(action, **GIVEN[action])
    second = publisher.run(action, **{**GIVEN[action], "value": "pw-canary-2"})
    (found,) = existing.facts(NAME).variables.values()
    assert found["value"] == "pw-canary-2"
    with pytest.raises(CannotUndo, match="was there before this run"):
        publisher.undo(second)


def test_a_group_that_somebody_uses_is_not_removed(publisher: LabPublisher, existing: FakeGitLab) -> None:
    action = "gitlab:group:ensureExists"
    run_id = publisher.run(action, **GIVEN[action])
    existing.state.teams["acme"].append(FakeTeam("acme/core/deep/theirs", "Theirs", "acme/core/deep"))
    with pytest.raises(CannotUndo, match="groups in it"):
        publisher.undo(run_id)
    again = publisher.run(action, **GIVEN[action])
    assert not Effect.objects.filter(run_id=again).exists()


def test_an_issue_is_edited(publisher: LabPublisher, existing: FakeGitLab) -> None:
    publisher.run("gitlab:issues:create", **GIVEN["gitlab:issues:create"])
    number = existing.state.repositories[NAME].id
    edit = {"projectId": number, "issueIid": 1, "stateEvent": "close", "title": "Done"}
    run_id = publisher.run("gitlab:issue:edit", **edit)
    output = publisher.workshop.output(run_id)
    assert (output["state"], output["title"], output["projectId"]) == ("closed", "Done", number)
    with pytest.raises(CannotUndo, match="was changed"):
        publisher.undo(run_id)
    nothing = publisher.run("gitlab:issue:edit", projectId=number, issueIid=1)
    assert "nothing of the issue" in publisher.error(nothing)


@pytest.mark.parametrize("point", ["intend", "prove", "complete"])
def test_a_pipeline_is_started_once_and_left_to_a_person(
    publisher: LabPublisher, existing: FakeGitLab, point: str
) -> None:
    number = existing.state.repositories[NAME].id
    given = {"projectId": number, "branch": "main", "tokenDescription": "x", "variables": {"STAGE": "test"}}
    run_id = publisher.killed_at(point, publisher.offer(publisher.step("gitlab:pipeline:trigger", **given)))
    execute_run(run_id)
    (made,) = existing.facts(NAME).pipelines
    assert made["variables"] == [{"key": "STAGE", "value": "test"}]
    assert publisher.workshop.output(run_id) == {"pipelineUrl": made["web_url"]}
    with pytest.raises(CannotUndo, match="pipeline was started"):
        publisher.undo(run_id)


def test_somebody_is_looked_up(publisher: LabPublisher, lab: FakeGitLab) -> None:
    assert publisher.done("gitlab:user:info")["username"] == "greenroom-bot"
    assert publisher.done("gitlab:user:info", userId=lab.numbers["ana"])["username"] == "ana"
    assert "userId 99 is nobody" in publisher.error(publisher.run("gitlab:user:info", userId=99))


@pytest.mark.parametrize(
    "action", [ACCESS, "gitlab:projectDeployToken:create", "gitlab:issues:create", "gitlab:pipeline:trigger"]
)
def test_what_was_made_though_gitlab_said_no_is_not_doubled_by_a_retry(
    publisher: LabPublisher, existing: FakeGitLab, action: str
) -> None:
    """An error that no repetition cures ends the run, whatever GitLab had done by then; a person tries it again."""
    failing = {"left": 1}

    def fails(_asked: Asked, usual: Callable[[], Reply]) -> Reply:
        made, failing["left"] = usual(), failing["left"] - 1
        return Reply(500, {"message": "500 Internal Server Error"}) if failing["left"] >= 0 else made

    number = existing.state.repositories[NAME].id
    pipeline = {"projectId": number, "branch": "main", "tokenDescription": "x"}
    existing.instead("POST", "/projects/", fails)
    run_id = publisher.run(action, **GIVEN.get(action, pipeline))
    assert "500" in publisher.error(run_id)
    publisher.workshop.api.post(f"{TASKS}/{run_id}/retry", {})
    execute_run(run_id)
    assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
    facts = existing.facts(NAME)
    living = [one for kind in facts.tokens.values() for one in kind.values() if not one["revoked"]]
    assert len(living) + len(facts.issues) + len(facts.pipelines) == 1


def test_a_variable_of_an_attempt_that_failed_is_the_runs_own(
    publisher: LabPublisher, existing: FakeGitLab
) -> None:
    action, refused = "gitlab:projectVariable:create", [Reply(500, {"message": "500 Internal Server Error"})]
    existing.instead("POST", "/variables", lambda _asked, usual: (usual(), *refused)[-1])
    run_id = publisher.run(action, **GIVEN[action])
    assert shown(existing) == ONCE[action]
    publisher.workshop.api.post(f"{TASKS}/{run_id}/retry", {})
    execute_run(run_id)
    publisher.undo(run_id)
    assert not existing.facts(NAME).variables
