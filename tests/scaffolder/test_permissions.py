"""Who may do what with runs: every route by every role, and the conditions of the contract's rules."""

import itertools
import logging
from typing import Any

import pytest

from core.errors import InputError
from core.models import AuditEvent
from identity.actions import create_token
from identity.roles import ROLES
from scaffolder.permission_rules import Call, check_conditions
from scaffolder.permission_rules import test_of as judge
from scaffolder.permissions import ACTION, EXECUTE, PARAMETERS, STEPS
from scaffolder.tasks import execute_run
from tests.architecture.test_routes import ROUTES, permissions
from tests.architecture.test_routes import _filled as filled
from tests.conftest import TESTS, Api
from tests.scaffolder.conftest import TASKS, Workshop

pytestmark = pytest.mark.django_db
LOG: list[dict[str, Any]] = [{"id": "log", "action": "debug:log", "input": {"message": "hello"}}]
SCHEMA = "/api/scaffolder/v2/templates/default/template/{}/parameter-schema"
SCAFFOLDER = sorted(
    (method, path)
    for path, callback in ROUTES.items()
    if path.startswith(("api/scaffolder/", "api/v1/scaffolder/"))
    for method in permissions(callback)
)
_number = itertools.count()


def limited(role: str = "developer", acts_for: str = "", **conditions: Any) -> Api:
    """A token with these conditions."""
    _, secret = create_token(
        name=f"limited-{next(_number)}", role=role, acts_for=acts_for, by=TESTS, conditions=conditions
    )
    return Api(secret)


def rule(name: str, **params: Any) -> dict[str, Any]:
    return {"rule": name, "params": params}


@pytest.mark.parametrize("role", [*ROLES, "nothing"])
@pytest.mark.parametrize(("method", "path"), SCAFFOLDER)
def test_a_role_opens_the_routes_of_its_permissions_and_no_others(
    method: str, path: str, role: str, workshop: Workshop
) -> None:
    scopes = list(ROLES[role]) if role in ROLES else ["catalog.entity.read"]
    _, secret = create_token(name="role", scopes=scopes, by=TESTS)
    needed = permissions(ROUTES[path])[method]
    opens = "*" in scopes or needed in scopes
    address = "/" + filled(path)
    answer = Api(secret).client.generic(method.upper(), address, b"{}", content_type="application/json")
    assert (answer.status_code != 403) == opens, (needed, answer.status_code)


# ---- actions


def test_a_template_registers_nothing_for_who_may_not(workshop: Workshop) -> None:
    given = {"catalogInfoUrl": "http://local/acme/x/blob/main/catalog-info.yaml", "optional": True}
    ref = workshop.offer("register", [{"id": "register", "action": "catalog:register", "input": given}])
    scopes = [scope for scope in ROLES["developer"] if scope != "catalog.location.create"]
    _, secret = create_token(name="no-register", scopes=scopes, by=TESTS)
    run_id = str(Api(secret).post(TASKS, {"templateRef": ref, "values": {}}).json()["id"])
    execute_run(run_id)
    error = workshop.completion(run_id)["error"]
    assert error["name"] == "NotAllowedError"
    assert "catalog.location.create is missing" in error["message"]


def test_a_start_without_the_permission_for_actions_is_refused(workshop: Workshop) -> None:
    ref = workshop.offer("log", LOG)
    scopes = [scope for scope in ROLES["developer"] if scope != EXECUTE]
    _, secret = create_token(name="few", scopes=scopes, by=TESTS)
    answer = Api(secret).post(TASKS, {"templateRef": ref, "values": {}})
    assert answer.status_code == 403
    assert answer.json()["error"] == {
        "name": "NotAllowedError",
        "message": "Unauthorized action: debug:log. The action is not allowed.",
    }


def test_an_action_that_a_condition_leaves_out_is_refused_at_the_start(workshop: Workshop) -> None:
    ref = workshop.offer("wait", [*LOG, {"id": "wait", "action": "debug:wait", "input": {"milliseconds": 1}}])
    only = limited(**{EXECUTE: rule("HAS_ACTION_ID", actionId="debug:log")})
    answer = only.post(TASKS, {"templateRef": ref, "values": {}})
    assert answer.status_code == 403
    assert "Unauthorized action: debug:wait." in answer.json()["error"]["message"]
    both = limited(
        **{EXECUTE: {"anyOf": [rule("HAS_ACTION_ID", actionId=f"debug:{name}") for name in ("log", "wait")]}}
    )
    assert both.post(TASKS, {"templateRef": ref, "values": {}}).status_code == 201


@pytest.mark.parametrize(("message", "state"), [("hello", "completed"), ("forbidden", "failed")])
def test_the_rendered_input_is_judged_before_the_step(workshop: Workshop, message: str, state: str) -> None:
    step = [{"id": "log", "action": "debug:log", "input": {"message": "${{ parameters.text }}"}}]
    ref = workshop.offer("log", step)
    condition = {"not": rule("HAS_STRING_PROPERTY", key="message", value="forbidden")}
    careful = limited(**{EXECUTE: condition})
    run_id = careful.post(TASKS, {"templateRef": ref, "values": {"text": message}}).json()["id"]
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == state
    if state == "failed":
        assert workshop.completion(run_id)["error"]["message"].startswith("Unauthorized action: debug:log.")


@pytest.mark.parametrize(
    ("criteria", "given", "said"),
    [
        (rule("HAS_STRING_PROPERTY", key="a"), {"a": "x"}, True),
        (rule("HAS_STRING_PROPERTY", key="a"), {"a": 1}, False),
        (rule("HAS_STRING_PROPERTY", key="a"), {}, False),
        (rule("HAS_STRING_PROPERTY", key="a.b.0", value="x"), {"a": {"b": ["x"]}}, True),
        (rule("HAS_STRING_PROPERTY", key="a.b"), {"a.b": "x"}, True),
        (rule("HAS_NUMBER_PROPERTY", key="a", value=3), {"a": 3.0}, True),
        (rule("HAS_NUMBER_PROPERTY", key="a"), {"a": True}, False),
        (rule("HAS_BOOLEAN_PROPERTY", key="a", value=False), {"a": False}, True),
        (rule("HAS_BOOLEAN_PROPERTY", key="a", value=False), {"a": 0}, False),
        (rule("HAS_STRING_PROPERTY", key="a"), None, None),
        ({"not": rule("HAS_STRING_PROPERTY", key="a")}, None, None),
        ({"allOf": [rule("HAS_STRING_PROPERTY", key="a"), rule("HAS_ACTION_ID", actionId="y")]}, None, False),
        ({"anyOf": [rule("HAS_STRING_PROPERTY", key="a"), rule("HAS_ACTION_ID", actionId="x")]}, None, True),
        ({"anyOf": [rule("HAS_STRING_PROPERTY", key="a"), rule("HAS_ACTION_ID", actionId="y")]}, None, None),
    ],
)
def test_rules_about_actions(criteria: Any, given: Any, said: bool | None) -> None:
    assert judge(criteria, ACTION)(Call("x", given)) is said


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        ({"scaffolder.task.create": rule("IS_TASK_OWNER", createdBy=[])}, "can be limited"),
        ({EXECUTE: rule("HAS_TAG", tag="x")}, "about scaffolder-action there are HAS_ACTION_ID"),
        ({EXECUTE: rule("HAS_ACTION_ID")}, '"actionId" is a required property'),
        ({EXECUTE: rule("HAS_ACTION_ID", actionId="x", more=1)}, "Additional properties"),
        ({EXECUTE: {"anyOf": []}}, "a list that is not empty"),
        (
            {PARAMETERS: {"rule": "HAS_TAG", "resourceType": "catalog-entity", "params": {"tag": "x"}}},
            "resourceType",
        ),
        ({EXECUTE: {"allOf": [rule("HAS_ACTION_ID", actionId="x")] * 201}}, "more than 200 rules"),
    ],
)
def test_conditions_that_cannot_be_understood_are_refused(conditions: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        check_conditions(conditions)


# ---- templates


def tagged(tag: str, **more: Any) -> dict[str, Any]:
    return {**more, "backstage:permissions": {"tags": [tag]}}


def test_pages_that_may_not_be_read_are_silently_left_out(workshop: Workshop, api: Api) -> None:
    pages = [{"title": "All"}, tagged("secret", title="Some", required=["key"])]
    ref = workshop.offer("form", LOG, parameters=pages)
    some = limited(**{PARAMETERS: {"not": rule("HAS_TAG", tag="secret")}})
    titles = [
        [page["title"] for page in one.get(SCHEMA.format("form")).json()["steps"]] for one in (api, some)
    ]
    assert titles == [["All", "Some"], ["All"]]
    body = {"templateRef": ref, "values": {}}
    assert api.post(TASKS, body).status_code == 400  # the second page wants a key
    assert some.post(TASKS, body).status_code == 201


def test_steps_that_may_not_be_read_are_silently_left_out(workshop: Workshop, api: Api) -> None:
    ref = workshop.offer("steps", [*LOG, tagged("admins", id="more", action="debug:log")])
    some = limited(**{STEPS: {"not": rule("HAS_TAG", tag="admins")}})
    run_id = some.post(TASKS, {"templateRef": ref, "values": {}}).json()["id"]
    assert [step["id"] for step in workshop.task(run_id)["spec"]["steps"]] == ["log"]
    assert len(workshop.task(workshop.start(ref))["spec"]["steps"]) == 2
    none = limited(**{STEPS: rule("HAS_TAG", tag="nobody")})
    answer = none.post(TASKS, {"templateRef": ref, "values": {}})
    assert answer.status_code == 403
    assert "may read no step" in answer.json()["error"]["message"]


# ---- runs


def test_a_limited_token_sees_its_own_runs_only(workshop: Workshop, as_role: Any) -> None:
    ref = workshop.offer("log", LOG)
    ana, bea = (as_role("developer", acts_for=f"user:default/{name}") for name in ("ana", "bea"))
    (of_ana, of_bea) = (
        one.post(TASKS, {"templateRef": ref, "values": {}}).json()["id"] for one in (ana, bea)
    )
    own = rule("IS_TASK_OWNER", createdBy=["user:default/ana"])
    looker = limited(acts_for="user:default/ana", **{"scaffolder.task.read": own})
    listed = looker.get(TASKS).json()
    assert ([one["id"] for one in listed["tasks"]], listed["totalTasks"]) == ([of_ana], 1)
    assert looker.get(f"{TASKS}/{of_ana}").status_code == 200
    for path in ("", "/events", "/eventstream"):
        assert looker.get(f"{TASKS}/{of_bea}{path}").status_code == 404
    for path in ("/cancel", "/retry"):
        assert looker.post(f"{TASKS}/{of_bea}{path}", {}).status_code == 404
    others = limited(**{"scaffolder.task.read": {"not": own}})
    assert [one["id"] for one in others.get(TASKS).json()["tasks"]] == [of_bea]
    both = limited(**{"scaffolder.task.read": {"anyOf": [own, {"not": own}]}})
    assert both.get(TASKS).json()["totalTasks"] == 2
    neither = limited(**{"scaffolder.task.read": {"allOf": [own, {"not": own}]}})
    assert neither.get(TASKS).json()["totalTasks"] == 0


def test_cancelling_has_a_condition_of_its_own(workshop: Workshop, as_role: Any) -> None:
    ref = workshop.offer("log", LOG)
    run_id = (
        as_role("developer", acts_for="user:default/bea")
        .post(TASKS, {"templateRef": ref, "values": {}})
        .json()["id"]
    )
    own = rule("IS_TASK_OWNER", createdBy=["user:default/ana"])
    ana = limited(acts_for="user:default/ana", **{"scaffolder.task.cancel": own})
    answer = ana.post(f"{TASKS}/{run_id}/cancel")
    assert answer.status_code == 403
    assert workshop.task(run_id)["status"] == "open"


def test_permissions_and_rules_are_listed_for_programs(api: Api) -> None:
    said = api.get("/api/scaffolder/.well-known/backstage/permissions/metadata").json()
    assert {"name": EXECUTE, "type": "resource", "attributes": {}, "resourceType": ACTION} in said[
        "permissions"
    ]
    assert {one["name"] for one in said["rules"]} >= {"HAS_TAG", "HAS_ACTION_ID", "IS_TASK_OWNER"}


# ---- what is kept of it


def test_what_is_kept_of_a_start_is_cut(workshop: Workshop) -> None:
    run_id = workshop.run(workshop.offer("log", LOG), {"long": "x" * 300, "list": ["y" * 300]})
    started, ended = AuditEvent.objects.filter(target__contains=run_id).order_by("id")
    cut = "x" * 256 + "...<truncated>"
    assert started.details["parameters"] == {"long": cut, "list": ["y" * 256 + "...<truncated>"]}
    assert (ended.actor, ended.verb) == ("system:worker", "completed")


def test_looks_are_heard(workshop: Workshop, caplog: pytest.LogCaptureFixture) -> None:
    run_id = workshop.run(workshop.offer("log", LOG))
    with caplog.at_level(logging.DEBUG, "greenroom.audit"):
        workshop.task(run_id)
        workshop.events(run_id)
        workshop.api.get(TASKS)
        workshop.api.get(SCHEMA.format("log"))
        workshop.api.get("/api/scaffolder/v2/actions")
    said = [
        (one.message, getattr(one, "actionType", ""), getattr(one, "taskId", "")) for one in caplog.records
    ]
    assert said == [
        ("task", "get", run_id),
        ("task", "events", run_id),
        ("task", "list", ""),
        ("template-parameter-schema", "", ""),
        ("action-fetch", "", ""),
    ]
