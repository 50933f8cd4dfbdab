"""publish:github and its halves: what GitHub has afterwards, whoever was killed on the way."""

from collections.abc import Callable
from typing import Any

import pytest

from scaffolder.errors import CannotUndo
from scaffolder.steps import ACTIONS
from scaffolder.tasks import execute_run
from scm.fakes.github import FakeGitHub
from scm.fakes.github.vault import unsealed
from tests.scaffolder.github.conftest import NAME, REPO_URL, Publisher, everything_kept

pytestmark = pytest.mark.django_db

EVERYTHING: dict[str, Any] = {
    "repoVisibility": "public",
    "homepage": "https://payments.example",
    "access": "acme/platform",
    "collaborators": [
        {"user": "user:default/bo", "access": "push"},
        {"team": "platform", "access": "admin"},
    ],
    "repoVariables": {"REGION": "eu"},
    "secrets": {"DEPLOY": "s3cret-canary"},
    "oidcCustomization": {"useDefault": False, "includeClaimKeys": ["repo"]},
    "customProperties": {"tier": "1"},
    "subscribe": True,
    "defaultBranch": "trunk",
    "hasWiki": False,
    "requiredApprovingReviewCount": 2,
    "requiredStatusCheckContexts": ["build"],
    "requiredCommitSigning": True,
    "requiredLinearHistory": True,
    "bypassPullRequestAllowances": {"users": ["ana"]},
    "restrictions": {"users": ["ana"], "teams": []},
    "gitCommitMessage": "Begin",
}
PUBLISH = {"action": "publish:github", "input": {"repoUrl": REPO_URL, "description": "Takes payments"}}


def test_a_workspace_becomes_a_protected_repository(publisher: Publisher, hub: FakeGitHub) -> None:
    output = publisher.done("publish:github", description="Takes\npayments", topics=["Pay", "api"])
    found = hub.state.named(NAME)
    assert found is not None
    assert output == {
        "remoteUrl": f"{hub.url}/{NAME}.git",
        "repoContentsUrl": f"{hub.url}/{NAME}/blob/main",
        "commitHash": found.commit("main"),
    }
    assert found.branches == {"main": {"README.md": b"# Payments\n", "src/app.py": b"print()\n"}}
    assert (found.description, found.visibility, found.topics) == (
        "Takes payments",
        "private",
        ["pay", "api"],
    )
    rules = hub.facts(NAME).protection["main"]
    assert rules["enforce_admins"]
    assert rules["required_pull_request_reviews"]["required_approving_review_count"] == 1
    settings = hub.facts(NAME).settings
    assert (settings["allow_auto_merge"], settings["squash_merge_commit_title"]) == (
        False,
        "COMMIT_OR_PR_TITLE",
    )
    assert hub.limit > hub.used


def test_everything_that_is_asked_for_is_there(publisher: Publisher, hub: FakeGitHub) -> None:
    hub.known_properties = {"tier"}
    publisher.done("publish:github", **EVERYTHING)
    found, facts = hub.state.named(NAME), hub.facts(NAME)
    assert found is not None
    assert (found.visibility, found.default_branch, list(found.heads)) == ("public", "trunk", ["trunk"])
    assert (facts.settings["homepage"], facts.settings["has_wiki"]) == ("https://payments.example", False)
    assert (facts.teams, facts.collaborators) == ({"platform": "admin"}, {"bo": "push"})
    assert facts.variables == {"": {"REGION": "eu"}}
    assert unsealed(facts.secrets[""]["DEPLOY"]) == "s3cret-canary"
    assert facts.claims == {"use_default": False, "include_claim_keys": ["repo"]}
    assert (facts.properties, facts.watched_by) == ({"tier": "1"}, [hub.me])
    rules = facts.protection["trunk"]
    assert rules["required_status_checks"] == {"strict": True, "contexts": ["build"]}
    assert rules["required_pull_request_reviews"]["bypass_pull_request_allowances"] == {"users": ["ana"]}
    assert rules["restrictions"] == {"apps": [], "users": ["ana"], "teams": []}
    assert (rules["signatures"], rules["required_linear_history"]) == (True, True)


MOMENTS = [*((point, nth) for point in ("intend", "prove") for nth in range(3)), ("complete", 0)]


@pytest.mark.parametrize(("point", "nth"), MOMENTS)
@pytest.mark.parametrize("then", ["resume", "rollback"])
def test_whoever_is_killed_the_world_ends_whole_or_empty(
    publisher: Publisher, hub: FakeGitHub, point: str, nth: int, then: str
) -> None:
    run_id = publisher.killed_at(point, publisher.offer(PUBLISH), nth)
    if then == "resume":
        execute_run(run_id)
        assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
        assert list(hub.state.repositories) == [NAME]
        found = hub.state.repositories[NAME]
        assert (found.description, found.pushes) == ("Takes payments", 1)
        assert list(found.branches["main"]) == ["README.md", "src/app.py"]
        assert "main" in hub.facts(NAME).protection
        publisher.undo(run_id)
    else:
        publisher.undo(run_id)
    assert hub.state.repositories == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/orgs/acme/repos"),
        ("PATCH", "/repos/acme/payments"),
        ("POST", "/git-receive-pack"),
        ("PUT", "/protection"),
    ],
)
def test_an_answer_that_is_lost_is_looked_for(
    publisher: Publisher, hub: FakeGitHub, method: str, path: str
) -> None:
    hub.lose(method, path)
    publisher.done("publish:github", description="Takes payments")
    assert hub.lost == []
    found = hub.state.repositories[NAME]
    assert (found.description, found.pushes) == ("Takes payments", 1)
    assert "main" in hub.facts(NAME).protection


def test_a_taken_name_is_told_and_its_repository_untouched(
    publisher: Publisher, existing: FakeGitHub
) -> None:
    run_id = publisher.run("publish:github")
    assert publisher.error(run_id) == (
        "repository 'acme/payments' exists already on github.test; choose another name"
    )
    assert publisher.undo(run_id) == ["Repository github.test:acme/payments was never made by this run"]
    assert existing.state.repositories[NAME].branches["main"]["README.md"] == b"# Theirs\n"


def test_a_repository_that_took_the_name_later_stays(publisher: Publisher, hub: FakeGitHub) -> None:
    run_id = publisher.run("publish:github")
    del hub.state.repositories[NAME]
    other = hub.state.repository(NAME, {"a": b"1"})
    with pytest.raises(CannotUndo, match="another one now"):
        publisher.undo(run_id)
    assert hub.state.repositories[NAME] is other


def test_a_repository_that_was_renamed_is_still_removed(publisher: Publisher, hub: FakeGitHub) -> None:
    run_id = publisher.run("publish:github")
    found = hub.state.repositories.pop(NAME)
    found.name = "billing"
    hub.state.repositories["acme/billing"] = found
    hub.moved[NAME] = found.id
    publisher.undo(run_id)
    assert hub.state.repositories == {}


def test_without_the_right_to_it_the_run_says_who_has_to_do_what(
    publisher: Publisher, hub: FakeGitHub
) -> None:
    hub.readers = {"ghp_fake"}
    error = publisher.error(publisher.run("publish:github"))
    assert error.startswith("github.test does not let our credential do this")
    assert error.endswith("give it the right")
    hub.readers = set()
    run_id = publisher.run("publish:github")
    hub.keepers = {"ghp_fake"}
    with pytest.raises(CannotUndo, match=r"repository .* stays: .*admin rights"):
        publisher.undo(run_id)
    assert NAME in hub.state.repositories


def test_a_host_that_is_away_leaves_a_true_ledger(
    publisher: Publisher, hub: FakeGitHub, effects: Callable[[str], Any]
) -> None:
    hub.down = True
    run_id = publisher.run("publish:github")
    assert "does not answer" in publisher.error(run_id)
    assert effects(run_id)["repository"]["state"] == "intended"
    hub.down = False
    assert publisher.undo(run_id) == ["Repository github.test:acme/payments was never made by this run"]


def test_a_steps_token_acts_as_its_person_and_is_nowhere_kept(publisher: Publisher, hub: FakeGitHub) -> None:
    secret = "ghp_" + "c4n4ry" * 6
    hub.tokens[secret] = "everything"
    hub.people_of[secret] = "ana"
    given = {"repoUrl": "github.test?owner=ana&repo=mine", "token": "${{ secrets.token }}"}
    step = {"action": "publish:github", "input": given}
    run_id = publisher.workshop.run(publisher.offer(step), secrets={"token": secret})
    assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
    assert list(hub.state.repositories) == ["ana/mine"]
    assert secret not in everything_kept(run_id)


def test_a_persons_account_needs_their_own_token(publisher: Publisher, hub: FakeGitHub) -> None:
    run_id = publisher.run("publish:github", repoUrl="github.test?owner=ana&repo=mine")
    assert "give the step a token of ana in its input 'token'" in publisher.error(run_id)
    run_id = publisher.run("publish:github", repoUrl="github.test?owner=nobody&repo=mine")
    assert "there is no owner 'nobody' on github.test" in publisher.error(run_id)


def test_a_plan_without_protection_is_told_and_the_rest_is_there(
    publisher: Publisher, hub: FakeGitHub
) -> None:
    words = "Upgrade to GitHub Pro or make this repository public to enable this feature."
    hub.fail("/protection", 403, times=9, message=words)
    run_id = publisher.run("publish:github")
    assert publisher.workshop.task(run_id)["status"] == "completed"
    assert any("is not protected" in said and words in said for said in publisher.workshop.messages(run_id))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"requiredApprovingReviewCount": 7}, "requiredApprovingReviewCount is 7"),
        ({"description": "x" * 351}, "description has 351 characters"),
        ({"secrets": {"../x": "y"}}, "secrets: '../x' is not a name"),
        (
            {"oidcCustomization": {"includeClaimKeys": ["repo"]}},
            "includeClaimKeys, which need useDefault: false",
        ),
        ({"repoUrl": "local?owner=acme&repo=x"}, "repoUrl names 'local', which is not a GitHub"),
        ({"repoUrl": "github.com?owner=acme&repo=x"}, "No code host 'github.com' is configured"),
        ({"sourcePath": "../"}, "leaves its folder"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_made(
    publisher: Publisher, hub: FakeGitHub, given: dict[str, Any], words: str
) -> None:
    assert words in publisher.error(publisher.run("publish:github", **given))
    assert hub.state.repositories == {}


def test_the_two_halves_make_one_whole_that_goes_as_one(publisher: Publisher, hub: FakeGitHub) -> None:
    create = {"action": "github:repo:create", "input": {"repoUrl": REPO_URL, "autoInit": True}}
    push = {"action": "github:repo:push", "input": {"repoUrl": REPO_URL}}
    run_id = publisher.workshop.run(publisher.offer(create, push))
    assert publisher.workshop.output(run_id)["commitHash"] == hub.state.repositories[NAME].commit("main")
    assert list(hub.state.repositories[NAME].branches["main"]) == ["README.md", "src/app.py"]
    publisher.undo(run_id)
    assert hub.state.repositories == {}


def test_what_somebody_has_in_a_repository_is_not_pushed_away(
    publisher: Publisher, existing: FakeGitHub
) -> None:
    run_id = publisher.run("github:repo:push")
    assert "publish:github:pull-request" in publisher.error(run_id)
    assert existing.state.repositories[NAME].pushes == 1
    run_id = publisher.run("github:repo:push", defaultBranch="trunk", protectDefaultBranch=False)
    assert existing.state.repositories[NAME].heads.keys() == {"main", "trunk"}
    with pytest.raises(CannotUndo, match="revert it there"):
        publisher.undo(run_id)


@pytest.mark.parametrize(
    ("action", "kinds"),
    [
        ("publish:github", {"repository", "commit", "branch-protection"}),
        ("github:repo:create", {"repository"}),
    ],
)
def test_what_is_foreseen_is_what_is_made(
    publisher: Publisher, effects: Callable[[str], Any], action: str, kinds: set[str]
) -> None:
    foresee = ACTIONS[action].foresee
    assert foresee is not None
    seen = dict(foresee(None, {"repoUrl": REPO_URL}).effects)  # type: ignore[arg-type]
    made = {kind: one["key"] for kind, one in effects(publisher.run(action)).items()}
    assert seen == made
    assert seen.keys() == kinds
