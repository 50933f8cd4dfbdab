"""greenroom:branch:protect and greenroom:webhook on every host: found again, foreseen, taken back, never another's."""

from collections.abc import Iterator
from typing import Any

import pytest

from scaffolder import runner
from scaffolder.models import Effect
from scaffolder.rollback.models import Rollback
from scaffolder.steps import ACTIONS
from scaffolder.tasks import execute_run, roll_back
from scm import registry
from scm.port import CodeHost, Hooks, Protecting
from scm.values import Author, BranchRules, RepositoryName
from tests.conftest import Api
from tests.scaffolder.conftest import Workshop
from tests.scaffolder.test_main_job import HOOK, Place, place
from tests.scaffolder.traps import Killed, run_out

__all__ = ["place"]

pytestmark = pytest.mark.django_db
OURS = "/api/v1/scaffolder"
SECRET = "h00k-canary-2"
AUTHOR = Author("Ana", "ana@example.org")


@pytest.fixture
def name(place: Place, workshop: Workshop) -> RepositoryName:
    """A repository that was there before any run."""
    name = RepositoryName(place.owner, "theirs")
    folder = workshop.folder / "theirs"
    folder.mkdir()
    (folder / "README.md").write_text("theirs\n")
    place.host.create_repository(
        name, description="", default_branch="main", private=True, made_by="system:tests"
    )
    place.host.push_tree(name, folder, branch="main", message="first", author=AUTHOR)
    return name


def steps(place: Place, *, protect: dict[str, Any] | None = None, **hook: Any) -> list[dict[str, Any]]:
    url = f"{place.host.host}?owner={place.owner}&repo=theirs"
    told = {"url": HOOK, "secret": "${{ secrets.hook }}", **hook}
    return [
        {
            "id": "protect",
            "action": "greenroom:branch:protect",
            "input": {"repoUrl": url, "approvals": 1, **(protect or {})},
        },
        {"id": "hook", "action": "greenroom:webhook", "input": {"repoUrl": url, **told}},
    ]


def looked_at(place: Place, name: RepositoryName) -> tuple[BranchRules | None, list[str]]:
    """The rules of main, and the addresses that are told, as the host says."""
    host: CodeHost = place.host
    assert isinstance(host, Protecting)
    assert isinstance(host, Hooks)
    return host.branch_rules(name, "main"), [one.url for one in host.hooks(name)]


def taken_back(api: Api, run_id: str) -> dict[str, Any]:
    api.post(f"{OURS}/runs/{run_id}/rollback", {})
    roll_back(str(Rollback.objects.filter(run_id=run_id).latest("id").pk))
    return {one["kind"]: one for one in api.get(f"{OURS}/runs/{run_id}").json()["effects"]}


def test_what_a_run_put_into_a_repository_that_was_there_is_taken_back(
    workshop: Workshop, api: Api, place: Place, name: RepositoryName
) -> None:
    run_id = workshop.run(workshop.offer("t", steps(place)), secrets={"hook": SECRET})
    assert workshop.task(run_id)["status"] == "completed", workshop.messages(run_id)
    rules, told = looked_at(place, name)
    assert rules is not None
    assert (rules.approvals, told) == (1, [HOOK])
    effects = taken_back(api, run_id)
    assert {kind: one["state"] for kind, one in effects.items()} == {
        "branch-protection": "undone",
        "webhook": "undone",
    }
    assert SECRET not in repr(effects)
    assert looked_at(place, name) == (None, [])
    assert place.host.read_file(name, "main", "README.md") == b"theirs\n"


def test_what_was_there_before_is_left_to_a_person(
    workshop: Workshop, api: Api, place: Place, name: RepositoryName
) -> None:
    host = place.host
    assert isinstance(host, Protecting)
    assert isinstance(host, Hooks)
    host.protect_branch(name, "main", BranchRules(approvals=2))
    host.add_hook(name, HOOK, events=place.events[1:])
    # the same address in another spelling
    ref = workshop.offer("t", steps(place, url=HOOK.replace("ci.example", "CI.Example")))
    run_id = workshop.run(ref, secrets={"hook": SECRET})
    assert workshop.task(run_id)["status"] == "completed", workshop.messages(run_id)
    effects = taken_back(api, run_id)
    assert {kind: one["state"] for kind, one in effects.items()} == {
        "branch-protection": "left",
        "webhook": "left",
    }
    assert "before this run" in effects["webhook"]["reason"]
    rules, told = looked_at(place, name)
    assert rules is not None
    assert told == [HOOK]


@pytest.mark.parametrize("kind", ["branch-protection", "webhook"])
@pytest.mark.parametrize("ends", ["resumed", "taken back"])
def test_a_worker_that_dies_before_it_noted_the_proof(
    workshop: Workshop,
    api: Api,
    place: Place,
    name: RepositoryName,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    ends: str,
) -> None:
    run_id = workshop.start(workshop.offer("t", steps(place)), secrets={"hook": SECRET})
    real = runner.Journal.prove

    def dies(journal: Any, effect: str, *args: Any, **more: Any) -> Any:
        if effect == kind:
            raise Killed
        return real(journal, effect, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(runner.Journal, "prove", dies)
        with pytest.raises(Killed):
            execute_run(run_id)
    run_out(run_id)
    if ends == "resumed":
        execute_run(run_id)
        assert workshop.task(run_id)["status"] == "completed", workshop.messages(run_id)
        assert looked_at(place, name)[1] == [HOOK]
    else:
        api.post(f"/api/scaffolder/v2/tasks/{run_id}/cancel")
        execute_run(run_id)
    assert {one["state"] for one in taken_back(api, run_id).values()} == {"undone"}
    assert looked_at(place, name) == (None, [])


def test_a_dry_run_tells_and_changes_nothing(workshop: Workshop, api: Api, place: Place) -> None:
    shown = api.get("/api/scaffolder/v2/actions").json()
    assert {"greenroom:branch:protect", "greenroom:webhook"} <= {one["id"] for one in shown}
    template = {
        "apiVersion": "scaffolder.backstage.io/v1beta3",
        "kind": "Template",
        "metadata": {"name": "t"},
        "spec": {"type": "service", "steps": steps(place)},
    }
    answer = api.post(
        "/api/scaffolder/v2/dry-run",
        {"template": template, "values": {}, "secrets": {"hook": SECRET}, "directoryContents": []},
    )
    assert answer.status_code == 200, answer.content
    assert SECRET not in answer.content.decode()
    assert not Effect.objects.exists()
    assert f"Would tell {HOOK}" in answer.content.decode()


@pytest.mark.parametrize(
    ("step", "told", "said"),
    [
        (0, {"approvals": 7}, "approvals is 7"),
        (0, {"approvals": 1.5}, "approvals is 1.5"),
        (0, {"branch": "--force"}, "branch"),
        (0, {"repoUrl": "nowhere.example?owner=a&repo=b"}, "nowhere.example"),
        (1, {"url": "ftp://ci.example.com"}, "url: "),
        (1, {"url": "https://ana:pw-canary@ci.example.com"}, "belongs into secret"),
    ],
)
def test_bad_input_names_the_field(
    workshop: Workshop, place: Place, name: RepositoryName, step: int, told: dict[str, Any], said: str
) -> None:
    wanted = steps(place)[step]
    wanted["input"] |= told
    run_id = workshop.run(workshop.offer("t", [wanted]), secrets={"hook": SECRET})
    error = workshop.completion(run_id)["error"]["message"]
    assert said in error
    assert "pw-canary" not in error
    assert not Effect.objects.filter(run_id=run_id).exists()
    assert looked_at(place, name) == (None, [])


def test_both_are_foreseen_also_before_the_repository_is_there(place: Place, workshop: Workshop) -> None:
    at = f"{place.host.host}:{place.owner}/theirs"
    found: list[tuple[str, str]] = []
    for step in steps(place):
        foresee = ACTIONS[step["action"]].foresee
        assert foresee is not None
        found += foresee(None, step["input"]).effects  # type: ignore[arg-type]
    assert found == [("branch-protection", f"{at}@HEAD"), ("webhook", f"{at}:{HOOK}")]


class Plain:
    """A host that makes repositories and can do nothing else with them."""

    def __init__(self, host: CodeHost) -> None:
        self._host = host
        self.host = "plain.test"
        for ability in dir(CodeHost):
            if not ability.startswith("_") and ability != "host":
                setattr(self, ability, getattr(host, ability))


@pytest.fixture
def plain() -> Iterator[str]:
    host = Plain(registry.publishing_host("local"))
    registry.register(host)  # type: ignore[arg-type]
    yield host.host
    registry.forget(host.host)


@pytest.mark.parametrize(
    ("step", "told", "said"),
    [
        (0, {}, "'plain.test', which cannot protect branches"),
        (1, {}, "'plain.test', which has no webhooks"),
        (0, {"token": "${{ secrets.hook }}"}, "'plain.test', which takes no person's token"),
    ],
)
def test_a_host_that_cannot_is_named(
    workshop: Workshop, plain: str, step: int, told: dict[str, Any], said: str
) -> None:
    somewhere = Place(registry.publishing_host("local"), "acme", "publish:local")
    wanted = steps(somewhere)[step]
    wanted["input"] |= {"repoUrl": f"{plain}?owner=acme&repo=theirs", **told}
    run_id = workshop.run(workshop.offer("t", [wanted]), secrets={"hook": SECRET})
    assert said in workshop.completion(run_id)["error"]["message"]
