"""Who is asked: by the template, by the rules of the file, and by neither."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from core.errors import InputError
from scaffolder.approvals.checks import approvals_are_understood
from scaffolder.approvals.policy import of_template, requirements, rules
from scaffolder.approvals.targets import hosts_of
from tests.scaffolder.approvals.conftest import PLATFORM, Desk

PUBLISH = {"id": "p", "action": "publish:local", "input": {"repoUrl": "local?owner=a&repo=b"}}
LOG = {"id": "l", "action": "debug:log", "input": {"message": "x"}}


def spec(*steps: dict[str, Any], parameters: Any = None, **annotations: str) -> dict[str, Any]:
    return {
        "steps": list(steps),
        "parameters": parameters or {},
        "user": {"ref": "user:default/ana"},
        "templateInfo": {
            "entityRef": "template:default/service",
            "entity": {"metadata": {"annotations": annotations}},
        },
    }


@pytest.fixture
def said(settings: Any, tmp_path: Path) -> Any:
    def write(text: str) -> None:
        path = tmp_path / "approvals.yaml"
        path.write_text(text)
        settings.GREENROOM_APPROVALS = str(path)

    return write


@pytest.mark.parametrize(
    ("rule", "given", "asked"),
    [
        ("{}", spec(LOG), True),
        ("template: 'template:default/*'", spec(LOG), True),
        ("template: 'Template:Default/Service'", spec(LOG), True),
        ("template: 'template:other/*'", spec(LOG), False),
        ("owner: group:default/shop", spec(LOG), True),
        ("owner: group:default/other", spec(LOG), False),
        ("action: 'publish:*'", spec(LOG), False),
        ("action: 'publish:*'", spec(LOG, PUBLISH), True),
        ("host: local", spec(PUBLISH), True),
        ("host: github.com", spec(PUBLISH), False),
        ("host: github.com", spec(LOG), False),
        ("{action: 'publish:*', host: github.com}", spec(PUBLISH), False),
    ],
)
def test_a_rule_is_about_what_it_says(said: Any, rule: str, given: Any, asked: bool) -> None:
    body = rule.strip("{}")
    said(f"rules: [{{{body + ', ' if body else ''}approvers: [platform]}}]")
    found = requirements(given, lambda: "group:default/shop")
    assert bool(found) == asked
    assert all(one.approvers == (PLATFORM,) for one in found)


def test_an_owner_that_nobody_knows_counts_as_meant(said: Any) -> None:
    said("rules: [{owner: group:default/shop, approvers: [platform]}]")
    assert requirements(spec(LOG), lambda: None)


@pytest.mark.parametrize(
    ("text", "parameters", "hosts"),
    [
        ("local?owner=a&repo=b", {}, {"local"}),
        ("GitHub.com?owner=a&repo=b", {}, {"github.com"}),
        ("${{ parameters.where }}", {"where": "github.com?owner=a&repo=b"}, {"github.com"}),
        ("${{ parameters.host }}?owner=a&repo=b", {"host": "github.com"}, {"github.com"}),
        ("${{ parameters.none }}", {}, {None}),
        ("${{ steps.one.output.url }}", {}, {None}),
        ("${{ steps['one'].output.url }}", {}, {None}),
        ("${{ secrets.url }}", {}, {None}),
        ("${{ 'local?owner=a' if steps else 'x?owner=y' }}", {}, {None}),
    ],
)
def test_the_host_is_known_or_may_be_any(text: str, parameters: Any, hosts: set[str | None]) -> None:
    assert hosts_of(spec({**PUBLISH, "input": {"repoUrl": text}}, parameters=parameters)) == hosts


def test_a_host_that_depends_on_an_earlier_step_counts_as_meant(said: Any) -> None:
    said("rules: [{host: github.com, approvers: [platform]}]")
    open_ended = {**PUBLISH, "input": {"repoUrl": "${{ steps.l.output.url }}"}}
    assert requirements(spec(LOG, open_ended), lambda: None)
    each = {**PUBLISH, "each": ["a"], "input": {"repoUrl": "${{ each.value }}"}}
    assert requirements(spec(each), lambda: None)


def test_every_rule_that_matches_is_a_requirement_beside_the_templates(said: Any) -> None:
    said("rules: [{approvers: [security], needed: 2}, {action: 'no:*', approvers: [x]}, {approvers: [ops]}]")
    found = requirements(spec(LOG, **{"greenroom.dev/approval": "user:pat, platform"}), lambda: None)
    assert [(one.approvers, one.needed) for one in found] == [
        ((PLATFORM, "user:default/pat"), 1),
        (("group:default/security",), 2),
        (("group:default/ops",), 1),
    ]


@pytest.mark.parametrize(
    ("annotations", "says"),
    [
        ({"approval": ""}, "names 0 approvers"),
        ({"approval": "component:default/x"}, "neither a user nor a group"),
        ({"approval": "group:"}, "no reference"),
        ({"approval": "platform", "approvals-needed": "0"}, "asks for 0"),
        ({"approval": "platform", "approvals-needed": "two"}, "expected a whole number"),
        ({"approval": "user:a, user:b", "approvals-needed": "3"}, "3 approvals by 2 people"),
        ({"approval": "platform", "approval-expires": "soon"}, "expected 30m, 72h or 7d"),
        ({"approval": "platform", "approval-expires": "0h"}, "expected 30m, 72h or 7d"),
        ({"approval": "platform", "approval-expires": "999999d"}, "90d at the most"),
        ({"approvals-needed": "2"}, "but not by whom"),
    ],
)
def test_an_annotation_that_makes_no_sense_stops_the_start(annotations: dict[str, str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        of_template({f"greenroom.dev/{name}": text for name, text in annotations.items()})


@pytest.mark.django_db
def test_the_start_says_what_is_wrong_with_the_annotation(desk: Desk) -> None:
    body = {"templateRef": desk.offer(approval="component:default/x"), "values": {"name": "a"}}
    answer = desk.by("ana").post("/api/scaffolder/v2/tasks", body)
    assert answer.status_code == 400
    assert "neither a user nor a group" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules: [{}]", "approvers"),
        ("rules: [{approvers: []}]", r"\[\] "),
        ("rules: [{approvers: [platform], hosts: x}]", "hosts"),
        ("rules: [{approvers: ['api:x']}]", "neither a user nor a group"),
        ("rules: [{approvers: [x], expires: later}]", "expected 30m"),
        ("rules: [", "cannot be read"),
        ("[]", "is not of type"),
    ],
)
def test_a_file_that_makes_no_sense_stops_the_start_of_the_process(said: Any, text: str, says: str) -> None:
    said(text)
    with pytest.raises(ImproperlyConfigured, match=says):
        rules()
    assert [fault.id for fault in approvals_are_understood()] == ["scaffolder.E004"]


def test_a_file_that_is_not_there_stops_it_too(settings: Any, tmp_path: Path) -> None:
    settings.GREENROOM_APPROVALS = str(tmp_path / "none.yaml")
    assert "No such file" in str(approvals_are_understood()[0].msg)
    settings.GREENROOM_APPROVALS = ""
    assert approvals_are_understood() == []


def test_a_file_that_changes_is_read_again(said: Any) -> None:
    said("rules: [{approvers: [one]}]")
    assert rules()[0].requirement.approvers == ("group:default/one",)
    said("rules: [{approvers: [another]}]")
    assert rules()[0].requirement.approvers == ("group:default/another",)
