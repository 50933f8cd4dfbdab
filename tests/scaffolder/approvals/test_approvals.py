"""A run that has to be approved: who may say yes, to what, and that nothing is done without it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.models import AuditEvent
from core.sweeps import registered
from identity.actions import create_token
from scaffolder.approvals.models import Approval, ApprovalRequest
from scaffolder.models import Run, RunEvent
from scaffolder.states import RunState
from scaffolder.tasks import execute_run, plan_run
from scm.registry import publishing_host
from scm.values import RepositoryName
from tests.conftest import TESTS, Api
from tests.scaffolder.approvals.conftest import PLATFORM, PUBLISH, RUNS, Desk, change
from tests.scaffolder.conftest import TASKS

pytestmark = pytest.mark.django_db
SHOP = RepositoryName("acme", "shop")


def made(name: RepositoryName = SHOP) -> bool:
    return any(one.name == name for one in publishing_host("local").repositories("acme"))


def state(run_id: str) -> str:
    return str(Run.objects.get(pk=run_id).state)


def said(run_id: str) -> str:
    return "\n".join(event.body.get("message", "") for event in RunEvent.objects.filter(run_id=run_id))


def sweep(name: str) -> None:
    (found,) = [one for one in registered() if one.name == name]
    found.run()


def test_a_run_waits_is_approved_and_runs(desk: Desk) -> None:
    run_id = desk.start(desk.offer(approval=PLATFORM))
    execute_run(run_id)
    assert state(run_id) == RunState.WAITING
    assert desk.request(run_id)["digest"] is None
    plan_run(run_id)
    shown = desk.request(run_id)
    assert shown["missing"] == PLATFORM
    assert shown["plan"]["effects"][0] == {
        "step": "publish",
        "action": "publish:local",
        "kind": "repository",
        "key": "local:acme/shop",
    }
    execute_run(run_id)
    assert not made()
    answer = desk.approve(run_id)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["state"], answer.json()["missing"]) == ("open", "")
    execute_run(run_id)
    assert state(run_id) == RunState.COMPLETED, said(run_id)
    assert made()
    verbs = AuditEvent.objects.filter(target__contains=run_id).order_by("id").values_list("actor", "verb")
    assert list(verbs)[:4] == [
        ("user:default/ana", "started"),
        ("user:default/ana", "asked for approval of"),
        ("system:approvals", "planned"),
        ("user:default/pat", "approved"),
    ]


def test_to_clients_of_the_contract_it_is_open_and_the_log_says_for_whom_it_waits(desk: Desk) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM))
    ana = desk.by("ana")
    assert ana.get(f"{TASKS}/{run_id}").json()["status"] == "open"
    assert [one["id"] for one in ana.get(TASKS, {"status": "open"}).json()["tasks"]] == [run_id]
    assert ana.get(TASKS, {"status": "processing"}).json()["tasks"] == []
    messages = [event["body"]["message"] for event in ana.get(f"{TASKS}/{run_id}/events").json()]
    assert f"Waiting for the approval of {PLATFORM}" in messages[-1]


def test_the_same_run_planned_again_has_the_same_digest(desk: Desk) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM), secrets={"token": "hush-hush"})
    first = desk.request(run_id)
    ApprovalRequest.objects.update(digest="", plan=None)
    plan_run(run_id)
    assert desk.request(run_id)["plan"] == first["plan"]
    assert desk.request(run_id)["digest"] == first["digest"]


def test_secrets_show_as_fingerprints_that_differ_from_run_to_run(desk: Desk) -> None:
    ref = desk.offer(approval=PLATFORM)
    one, other = (
        desk.request(desk.planned(ref, secrets={"token": "hush-hush"}, name=name))["plan"]
        for name in ("a", "hush-hush")
    )
    assert one["secrets"].keys() == {"token"}
    assert one["secrets"] != other["secrets"]
    assert "hush" not in str(one)
    assert "hush" not in str(other)  # a parameter that says the secret is masked


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("ana", "nobody approves what they asked for themselves"),
        ("zoe", "none of those who decide"),
        ("stranger", "none of those who decide"),
    ],
)
def test_who_may_not_approve(desk: Desk, who: str, why: str) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM))
    answer = desk.approve(run_id, by=who)
    assert answer.status_code == 403
    assert why in answer.json()["error"]["message"]
    assert state(run_id) == RunState.WAITING


def test_a_member_of_a_group_below_counts_and_a_person_by_name(desk: Desk) -> None:
    for number, (approvers, who) in enumerate([(PLATFORM, "vic"), ("user:default/zoe", "zoe")]):
        run_id = desk.planned(desk.offer(f"t{number}", approval=approvers), name=f"r{number}")
        assert desk.approve(run_id, by=who).status_code == 200
        assert state(run_id) == RunState.OPEN


def test_nobody_approves_through_a_service_token(desk: Desk, as_role: Any) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM))
    service = as_role("developer")
    answer = service.post(f"{RUNS}/{run_id}/approve", {"hash": desk.request(run_id)["digest"]})
    assert answer.status_code == 403
    assert "is no person" in answer.json()["error"]["message"]
    _, secret = create_token(
        name="second", role="developer", acts_for="user:default/ANA", by=TESTS
    )  # for the same person
    answer = Api(secret).post(f"{RUNS}/{run_id}/approve", {"hash": desk.request(run_id)["digest"]})
    assert "nobody approves what they asked for" in answer.json()["error"]["message"]


def test_who_made_the_token_that_asked_does_not_approve(desk: Desk) -> None:
    from core.api.subjects import System

    _, secret = create_token(name="ci", role="developer", by=System("user:default/pat"))
    body = {"templateRef": desk.offer(approval=PLATFORM), "values": {"name": "shop"}}
    run_id = Api(secret).post(TASKS, body).json()["id"]
    plan_run(run_id)
    assert desk.approve(run_id, by="pat").status_code == 403
    assert desk.approve(run_id, by="pia").status_code == 200


def test_two_different_people_where_two_are_needed(desk: Desk) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM, approvals_needed="2"))
    assert desk.request(run_id)["missing"] == f"2 of {PLATFORM}"
    assert desk.approve(run_id).json()["state"] == "waiting"
    again = desk.approve(run_id)
    assert again.status_code == 409
    assert "has approved" in again.json()["error"]["message"]
    assert desk.approve(run_id, by="pia").json()["state"] == "open"
    late = desk.approve(run_id, by="vic")
    assert late.status_code == 409
    assert "waits for no approval" in late.json()["error"]["message"]


def test_another_hash_is_refused(desk: Desk) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM))
    for digest in ("0" * 64, "", "x" * 5000):
        answer = desk.approve(run_id, digest=digest)
        assert answer.status_code == 409
        assert "look at it, then decide again" in answer.json()["error"]["message"]
    assert desk.by("pat").post(f"{RUNS}/{run_id}/approve", {"hash": 5}).status_code == 400
    assert not Approval.objects.exists()


def test_a_rejected_run_is_cancelled_with_the_reason(desk: Desk) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM), secrets={"token": "hush-hush"})
    assert desk.reject(run_id, by="zoe").status_code == 403
    assert desk.reject(run_id, reason=" ").status_code == 400
    answer = desk.reject(run_id, reason="too costly")
    assert answer.json()["reason"] == "rejected by user:default/pat: too costly"
    run = Run.objects.get(pk=run_id)
    assert (run.state, run.secrets) == (RunState.CANCELLED, None)
    assert desk.workshop.completion(run_id)["error"]["message"].endswith("too costly")
    assert desk.approve(run_id).status_code == 409
    execute_run(run_id)
    assert not made()


def test_a_run_that_nobody_approves_in_time_is_cancelled(desk: Desk) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM, approval_expires="30m"))
    request = ApprovalRequest.objects.get()
    assert timedelta(minutes=29) < request.expires_at - timezone.now() <= timedelta(minutes=30)
    sweep("scaffolder.expired_approvals")
    assert state(run_id) == RunState.WAITING
    ApprovalRequest.objects.update(expires_at=timezone.now())
    assert "time to approve" in desk.approve(run_id).json()["error"]["message"]
    sweep("scaffolder.expired_approvals")
    assert state(run_id) == RunState.CANCELLED
    assert "nobody approved it in time" in desk.workshop.completion(run_id)["error"]["message"]


def test_an_approval_that_ran_out_before_the_worker_came_does_not_count(desk: Desk) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM))
    desk.approve(run_id)
    ApprovalRequest.objects.update(expires_at=timezone.now())
    execute_run(run_id)
    assert state(run_id) == RunState.CANCELLED
    assert not made()


def test_what_lost_its_call_is_planned_by_the_sweep(desk: Desk, monkeypatch: Any) -> None:
    run_id = desk.start(desk.offer(approval=PLATFORM))
    rung: list[str] = []
    monkeypatch.setattr("scaffolder.jobs.PLAN_RUN", type("Rung", (), {"now": staticmethod(rung.append)}))
    sweep("scaffolder.unplanned_runs")
    assert rung == []  # called a moment ago
    Run.objects.update(rung_at=timezone.now() - timedelta(minutes=1))
    sweep("scaffolder.unplanned_runs")
    assert rung == [run_id]


# ---- what voids an approval


def approved(desk: Desk, ref: str) -> str:
    run_id = desk.planned(ref)
    assert desk.approve(run_id).json()["state"] == "open"
    return run_id


def test_a_template_that_changed_voids_the_approval(desk: Desk) -> None:
    run_id = approved(desk, desk.offer(approval=PLATFORM))
    log = [{"id": "log", "action": "debug:log", "input": {"message": "newer"}}]
    change(desk.workshop, "made", {"greenroom.dev/approval": PLATFORM}, [*PUBLISH, *log])
    execute_run(run_id)
    assert state(run_id) == RunState.WAITING
    assert not made()
    assert "void, since this changed: template" in said(run_id)
    plan_run(run_id)
    shown = desk.request(run_id)
    assert [one["void"] for one in shown["approvals"]] == [True]
    assert shown["missing"] == PLATFORM
    assert desk.approve(run_id).status_code == 200
    execute_run(run_id)
    assert made()


@pytest.mark.parametrize("what", ["inputs", "secrets", "asker", "plan"])
def test_whatever_changes_in_the_database_voids_the_approval(desk: Desk, what: str) -> None:
    run_id = approved(desk, desk.offer(approval=PLATFORM))
    run = Run.objects.get(pk=run_id)
    if what == "inputs":
        run.spec["parameters"]["name"] = "evil"
    elif what == "secrets":
        from core.secretbox import seal

        run.secrets = seal({"token": "another"})
    elif what == "asker":
        run.created_by = "user:default/zoe"
    else:
        run.spec["steps"][1]["input"]["description"] = "something else"
    run.save()
    execute_run(run_id)
    assert state(run_id) == RunState.WAITING
    assert not made()
    assert not made(RepositoryName("acme", "evil"))


@pytest.mark.parametrize("what", ["forged", "moved", "promoted"])
def test_an_approval_that_we_did_not_sign_counts_nothing(desk: Desk, what: str) -> None:
    run_id = approved(desk, desk.offer(approval=PLATFORM, approvals_needed="1"))
    approval = Approval.objects.get()
    if what == "forged":
        approval.signature = "0" * 64
    elif what == "moved":
        approval.actor = "user:default/pia"
    else:
        approval.expires_at += timedelta(days=1)
    approval.save()
    execute_run(run_id)
    assert state(run_id) == RunState.WAITING
    assert not made()
    plan_run(run_id)
    assert desk.approve(run_id).status_code == 200


def test_a_rule_that_came_after_the_start_is_kept_too(desk: Desk, settings: Any, tmp_path: Any) -> None:
    run_id = desk.start(desk.offer())
    assert state(run_id) == RunState.OPEN
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: [{action: 'publish:*', approvers: [platform]}]")
    settings.GREENROOM_APPROVALS = str(rules)
    execute_run(run_id)
    assert state(run_id) == RunState.WAITING
    plan_run(run_id)
    desk.approve(run_id)
    execute_run(run_id)
    assert made()


def test_a_worker_that_died_after_the_gate_is_followed_without_asking_again(desk: Desk) -> None:
    log = {"id": "log", "action": "debug:log", "input": {"message": "hello"}}
    run_id = approved(desk, desk.offer(steps=[log, *PUBLISH], approval=PLATFORM))
    execute_run(run_id)
    assert state(run_id) == RunState.COMPLETED
    assert ApprovalRequest.objects.get().passed_at is not None


def test_a_retry_is_approved_anew(desk: Desk) -> None:
    run_id = approved(desk, desk.offer(approval=PLATFORM))
    execute_run(run_id)
    assert desk.by("pia").post(f"{TASKS}/{run_id}/retry", {}).status_code == 201
    assert state(run_id) == RunState.WAITING
    plan_run(run_id)
    for who in ("ana", "pia"):  # who made it, and who asks for it again
        assert desk.approve(run_id, by=who).status_code == 403
    assert desk.approve(run_id).status_code == 200
    execute_run(run_id)
    assert state(run_id) == RunState.COMPLETED


def test_a_waiting_run_is_cancelled_by_who_asked(desk: Desk) -> None:
    run_id = desk.planned(desk.offer(approval=PLATFORM))
    assert desk.by("ana").post(f"{TASKS}/{run_id}/cancel").status_code == 200
    assert state(run_id) == RunState.CANCELLED
    assert desk.approve(run_id).status_code == 409
    execute_run(run_id)
    assert not made()


def test_a_run_without_approval_has_no_plan(desk: Desk) -> None:
    run_id = desk.start(desk.offer())
    answer = desk.by("pat").get(f"{RUNS}/{run_id}/plan")
    assert answer.status_code == 404
    assert "needs no approval" in answer.json()["error"]["message"]


def test_the_list_of_waiting_runs_costs_the_same_with_many(
    desk: Desk, django_assert_max_num_queries: Any
) -> None:
    ref = desk.offer(approval=PLATFORM)
    ids = [desk.planned(ref, name=f"n{number}") for number in range(5)]
    pat = desk.by("pat")
    pat.get("/api/v1/scaffolder/approvals")
    with django_assert_max_num_queries(5):
        listed = pat.get("/api/v1/scaffolder/approvals", {"limit": 4}).json()
    assert [one["run"] for one in listed["items"]] == ids[:4]
    assert listed["totalItems"] == 5
    assert {one["missing"] for one in listed["items"]} == {PLATFORM}
