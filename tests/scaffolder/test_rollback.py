"""What a run made is taken back: newest first, only what is its own, and a person hears of the rest."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Location
from core.errors import Unavailable
from scaffolder.errors import CannotUndo
from scaffolder.jobs import ROLL_BACK
from scaffolder.models import Effect, Run
from scaffolder.rollback import runner, sweeps
from scaffolder.rollback.models import Rollback
from scaffolder.steps import ACTIONS
from scaffolder.steps.port import Action, Made, StepContext, UndoContext, object_schema
from scaffolder.tasks import execute_run, roll_back
from scm.models import LocalRepository
from scm.registry import publishing_host
from scm.values import RepositoryName
from tests.conftest import Api
from tests.scaffolder.conftest import Workshop
from tests.scaffolder.test_runs import OUTPUT, SERVICE, SKELETON
from tests.scaffolder.traps import Killed, run_out

pytestmark = pytest.mark.django_db

RUNS = "/api/v1/scaffolder/runs"
FAILS = {"id": "fails", "action": "fs:rename", "input": {"files": [{"from": "nothing", "to": "x"}]}}


def repositories() -> set[str]:
    """What the host itself lists, but for the templates' own."""
    return {str(one) for one in LocalRepository.objects.exclude(owner="templates")}


def shown(api: Api, run_id: str) -> dict[str, Any]:
    return dict(api.get(f"{RUNS}/{run_id}").json())


def ask(api: Api, run_id: str, status: int = 202) -> dict[str, Any]:
    answer = api.post(f"{RUNS}/{run_id}/rollback", {})
    assert answer.status_code == status, answer.content
    return dict(answer.json())


def carry_out(run_id: str) -> None:
    roll_back(str(Rollback.objects.filter(run_id=run_id).latest("id").pk))


def states(document: dict[str, Any]) -> dict[str, str]:
    return {effect["kind"]: effect["state"] for effect in document["effects"]}


def failed_run(workshop: Workshop) -> str:
    ref = workshop.offer("service", [*SERVICE, FAILS], SKELETON, output=OUTPUT)
    run_id = workshop.run(ref, {"name": "payments"})
    assert workshop.task(run_id)["status"] == "failed"
    return run_id


def test_a_failed_run_is_taken_back(workshop: Workshop, api: Api) -> None:
    run_id = failed_run(workshop)
    assert repositories() == {"acme/payments"}
    assert states(shown(api, run_id)) == dict.fromkeys(("repository", "commit", "location"), "made")
    assert ask(api, run_id)["rollback"]["state"] == "requested"
    carry_out(run_id)
    document = shown(api, run_id)
    assert document["rollback"]["state"] == "done"
    assert states(document) == dict.fromkeys(("repository", "commit", "location"), "undone")
    assert repositories() == set()
    assert not Location.objects.filter(target__contains="acme/payments").exists()
    assert api.get("/api/catalog/entities/by-name/component/default/payments").status_code == 404
    said = [text for text in workshop.messages(run_id) if text.startswith(("Taken back", "Rollback"))]
    assert [text.split()[2] for text in said[:3]] == ["location", "commit", "repository"]
    assert said[3].startswith("Rollback ended")


def test_twice_is_once_and_nothing_is_nothing(workshop: Workshop, api: Api) -> None:
    run_id = failed_run(workshop)
    ask(api, run_id)
    ask(api, run_id)
    assert Rollback.objects.count() == 1
    carry_out(run_id)
    carry_out(run_id)
    ask(api, run_id)  # nothing is left to take back
    assert Rollback.objects.count() == 1


def test_a_run_that_is_not_over_is_not_taken_back(workshop: Workshop, api: Api) -> None:
    run_id = workshop.start(workshop.offer("log", [{"action": "debug:log", "input": {}}]))
    assert ask(api, run_id, 409)["error"]["message"].endswith("then roll it back")
    assert api.post(f"{RUNS}/00000000-0000-0000-0000-000000000000/rollback", {}).status_code == 404


def test_a_repository_that_was_there_is_never_touched(workshop: Workshop, api: Api) -> None:
    publishing_host("local").create_repository(
        RepositoryName("acme", "payments"),
        description="",
        default_branch="main",
        private=True,
        made_by="run:other",
    )
    run_id = workshop.run(workshop.offer("service", SERVICE, SKELETON, output=OUTPUT), {"name": "payments"})
    assert workshop.task(run_id)["status"] == "failed"
    assert states(shown(api, run_id)) == {"repository": "intended"}
    ask(api, run_id)
    carry_out(run_id)
    assert repositories() == {"acme/payments"}
    assert shown(api, run_id)["rollback"]["state"] == "done"


def test_a_repository_with_the_name_of_ours_is_not_touched(workshop: Workshop, api: Api) -> None:
    run_id = failed_run(workshop)
    host, name = publishing_host("local"), RepositoryName("acme", "payments")
    host.delete_repository(name, repository_id=host.get_repository(name).id)
    host.create_repository(name, description="", default_branch="main", private=True, made_by="run:other")
    ask(api, run_id)
    carry_out(run_id)
    assert repositories() == {"acme/payments"}
    document = shown(api, run_id)
    assert states(document)["repository"] == "left"
    (left,) = [effect for effect in document["effects"] if effect["state"] == "left"]
    assert "acme/payments" in left["reason"]


def test_what_is_retried_after_a_rollback_is_made_anew(workshop: Workshop, api: Api) -> None:
    run_id = failed_run(workshop)
    ask(api, run_id)
    assert (
        api.post(f"/api/scaffolder/v2/tasks/{run_id}/retry", {}).status_code == 409
    )  # it is being taken back
    carry_out(run_id)
    assert api.post(f"/api/scaffolder/v2/tasks/{run_id}/retry", {}).status_code == 201
    execute_run(run_id)
    assert repositories() == {"acme/payments"}
    assert states(shown(api, run_id)) == dict.fromkeys(("repository", "commit", "location"), "made")


def test_who_may_not_is_refused(workshop: Workshop, api: Api, as_role: Any) -> None:
    run_id = failed_run(workshop)
    assert as_role("viewer").post(f"{RUNS}/{run_id}/rollback", {}).status_code == 403
    assert Rollback.objects.count() == 0


class Maker:
    """An action that makes one thing outside of us, which is taken back as a test says."""

    def __init__(self) -> None:
        self.undone: list[Made] = []
        self.fails: list[Exception] = []

    def run(self, ctx: StepContext, given: dict[str, Any]) -> None:
        ctx.ledger.intend("thing", given["name"])
        if not given.get("half"):
            ctx.ledger.prove("thing", given["name"], id=given["name"].upper())

    def undo(self, ctx: UndoContext, made: Made) -> None:
        self.undone.append(made)
        if self.fails:
            raise self.fails.pop(0)


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch) -> Maker:
    made = Maker()
    schema = object_schema(("name",), name={"type": "string"}, half={"type": "boolean"})
    monkeypatch.setitem(ACTIONS, "test:make", Action("test:make", "Makes", schema, made.run, undo=made.undo))
    monkeypatch.setattr(runner, "PAUSE", 0.0)
    return made


def made_of(workshop: Workshop, *names: str, **more: Any) -> str:
    steps = [{"action": "test:make", "input": {"name": name, **more}} for name in names]
    return workshop.run(workshop.offer("maker", steps))


def test_newest_first_with_what_the_host_needs(workshop: Workshop, api: Api, maker: Maker) -> None:
    run_id = made_of(workshop, "a", "b", "c")
    ask(api, run_id)
    carry_out(run_id)
    assert [(made.key, made.details, made.proved) for made in maker.undone] == [
        ("c", {"id": "C"}, True), ("b", {"id": "B"}, True), ("a", {"id": "A"}, True),
    ]  # fmt: skip


def test_what_was_only_intended_is_judged_by_its_action(workshop: Workshop, api: Api, maker: Maker) -> None:
    run_id = made_of(workshop, "a", half=True)
    ask(api, run_id)
    carry_out(run_id)
    assert [made.proved for made in maker.undone] == [False]


def test_what_cannot_be_undone_is_left_to_a_person_and_stops_nothing(
    workshop: Workshop, api: Api, maker: Maker
) -> None:
    run_id = made_of(workshop, "a", "b", "c")
    maker.fails = [CannotUndo("c is loved by somebody"), ZeroDivisionError("a fault of ours")]
    ask(api, run_id)
    carry_out(run_id)
    found = {effect["key"]: (effect["state"], effect["reason"]) for effect in shown(api, run_id)["effects"]}
    assert found["a"] == ("undone", "")
    assert found["c"] == ("left", "c is loved by somebody")
    assert found["b"][0] == "left"
    assert "internal error" in found["b"][1]
    maker.undone.clear()
    ask(api, run_id)  # the way is clear now
    carry_out(run_id)
    assert [made.key for made in maker.undone] == ["c", "b"]
    assert set(states(shown(api, run_id)).values()) == {"undone"}


def test_what_does_not_answer_is_tried_again_and_then_asked_for_again(
    workshop: Workshop, api: Api, maker: Maker
) -> None:
    run_id = made_of(workshop, "a", "b")
    maker.fails = [Unavailable("the host is away")] * runner.TRIES
    ask(api, run_id)
    carry_out(run_id)
    document = shown(api, run_id)
    assert document["rollback"]["state"] == "incomplete"
    assert "thing b: the host is away" in document["rollback"]["problem"]
    assert {effect["key"]: effect["state"] for effect in document["effects"]} == {"a": "undone", "b": "made"}
    ask(api, run_id)
    carry_out(run_id)
    assert shown(api, run_id)["rollback"]["state"] == "done"


def test_a_worker_that_dies_is_followed_by_another(
    workshop: Workshop, api: Api, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = made_of(workshop, "a", "b", "c")
    maker.fails = [CannotUndo("c stays"), Killed()]  # type: ignore[list-item]
    ask(api, run_id)
    with pytest.raises(Killed):
        carry_out(run_id)
    called: list[str] = []
    monkeypatch.setattr(type(ROLL_BACK), "now", lambda _job, pk: called.append(pk))
    long_ago = timezone.now() - timedelta(minutes=1)
    Rollback.objects.update(rung_at=long_ago)
    sweeps.reclaim_abandoned()
    assert called == []  # its lease holds
    Rollback.objects.update(lease_until=long_ago)
    sweeps.reclaim_abandoned()
    roll_back(called[0])
    assert [made.key for made in maker.undone] == ["c", "b", "b", "a"]
    assert shown(api, run_id)["rollback"]["state"] == "done"


def test_who_lost_the_rollback_writes_nothing(workshop: Workshop, api: Api, maker: Maker) -> None:
    run_id = made_of(workshop, "a", "b")
    ask(api, run_id)

    def taken(ctx: UndoContext, made: Made) -> None:
        Rollback.objects.update(attempts=99)

    maker.undo = taken  # type: ignore[method-assign]
    ACTIONS["test:make"] = Action("test:make", "Makes", ACTIONS["test:make"].input, maker.run, undo=taken)
    carry_out(run_id)
    assert set(states(shown(api, run_id)).values()) == {"made"}


def test_a_killed_run_is_cancelled_and_taken_back(
    workshop: Workshop, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = workshop.offer("service", SERVICE, SKELETON, output=OUTPUT)
    run_id = workshop.start(ref, {"name": "payments"})

    def dies(*_: Any) -> None:
        raise Killed

    monkeypatch.setitem(
        ACTIONS, "catalog:register", Action("catalog:register", "", ACTIONS["catalog:register"].input, dies)
    )
    with pytest.raises(Killed):
        execute_run(run_id)
    monkeypatch.undo()
    assert ask(api, run_id, 409)
    assert api.post(f"/api/scaffolder/v2/tasks/{run_id}/cancel").status_code == 200
    run_out(run_id)
    execute_run(run_id)
    assert Run.objects.get(pk=run_id).state == "failed"
    ask(api, run_id)
    carry_out(run_id)
    assert repositories() == set()
    assert not Effect.objects.exclude(state="undone").exists()


def test_a_run_is_shown_with_a_bounded_number_of_queries(
    workshop: Workshop, api: Api, maker: Maker, django_assert_max_num_queries: Any
) -> None:
    run_id = made_of(workshop, "a", "b", "c")
    with django_assert_max_num_queries(8):
        shown(api, run_id)
    with django_assert_max_num_queries(6):
        items = api.get(f"{RUNS}?state=completed&limit=1").json()["items"]
    assert [one["id"] for one in items] == [run_id]
    assert api.get(f"{RUNS}?limit=1000").status_code == 400
