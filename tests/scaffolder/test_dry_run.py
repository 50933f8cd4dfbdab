"""Dry runs over REST: nothing outside changes, whatever the template and the files with it try."""

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.api.subjects import Subject
from core.errors import NotFound
from scaffolder import sweeps, workspace
from scaffolder.api import dry_runs
from scaffolder.dry_run import dry_run, render_workspace
from scaffolder.models import Effect, Run
from scaffolder.steps import ACTIONS
from scaffolder.steps.port import Action, Foreseen, StepContext, object_schema, text
from scaffolder.template import frozen_spec
from scm.registry import publishing_host
from scm.values import RepositoryName
from tests.conftest import Api
from tests.scaffolder.conftest import template_document

DRY_RUN = "/api/scaffolder/v2/dry-run"
FETCH = {"id": "fetch", "action": "fetch:template", "input": {"url": "./skeleton", "values": {"n": "1"}}}
PUBLISH = {"id": "pub", "action": "publish:local", "input": {"repoUrl": "local?owner=acme&repo=new"}}
SUBJECT = Subject("person", "user:default/ann", frozenset({"*"}))


def sent(files: Mapping[str, str | bytes]) -> list[dict[str, str]]:
    return [
        {
            "path": path,
            "base64Content": base64.b64encode(
                content.encode() if isinstance(content, str) else content
            ).decode(),
        }
        for path, content in files.items()
    ]


def tried(
    api: Api, steps: list[dict[str, Any]], files: Mapping[str, str | bytes] | None = None, **more: Any
) -> Any:
    """The answer to a dry run of these steps."""
    spec = more.pop("spec", {})
    body = {
        "template": template_document("t", steps, **spec),
        "values": {},
        "directoryContents": sent(files or {}),
    }
    return api.post(DRY_RUN, body | more)


def messages(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [line["body"]["message"] for line in answer.json()["log"]]


def spec_of(steps: list[dict[str, Any]], **values: Any) -> dict[str, Any]:
    template = template_document("t", steps)
    return frozen_spec(template, ref="template:default/t", values=values, user={"ref": "user:default/ann"})


@pytest.mark.django_db
def test_files_come_back_and_nothing_is_made_outside(api: Api) -> None:
    files = {"skeleton/a/${{ values.n }}.txt": "n=${{ values.n }}", "skeleton/run.sh": "#!/bin/sh\n"}
    answer = tried(
        api, [FETCH, PUBLISH], files, spec={"output": {"url": "${{ steps.pub.output.remoteUrl }}"}}
    )
    said = messages(answer)
    assert said[0] == "Starting up task with 3 steps"
    assert said[-1] == "Skipping because publish:local does not support dry-run"
    assert "Finished step publish:local" not in said
    shown = {
        file["path"]: base64.b64decode(file["base64Content"]) for file in answer.json()["directoryContents"]
    }
    assert shown == {"a/1.txt": b"n=1", "run.sh": b"#!/bin/sh\n"}
    assert answer.json()["output"] == {"url": "<example>"}
    assert [step["id"] for step in answer.json()["steps"]] == ["fetch", "pub"]
    with pytest.raises(NotFound):
        publishing_host("local").get_repository(RepositoryName("acme", "new"))
    assert not Run.objects.exists()
    assert not Effect.objects.exists()
    assert not list(workspace.root().glob("*dry-run*"))


@pytest.mark.django_db
def test_secrets_are_masked_in_log_output_and_errors(api: Api) -> None:
    secrets = {"pw": "s3cr3t-value"}
    say = {"id": "say", "action": "debug:log", "input": {"message": "${{ secrets.pw }}"}}
    fail = {"action": "fs:readdir", "input": {"paths": ["${{ secrets.pw }}"]}}
    answer = tried(api, [say], secrets=secrets)
    assert any("***" in line for line in messages(answer))
    assert b"s3cr3t-value" not in answer.content
    failed = tried(api, [fail], secrets=secrets)
    assert failed.status_code == 404
    assert "***" in failed.json()["error"]["message"]
    assert b"s3cr3t-value" not in failed.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "/etc/x",
        "a/../../x",
        "%2e%2e/x",
        "a\\b",
        "~/x",
        "",
        ".",
        "a//b",
        "a/",
        ".git/config",
        "a\nb",
        "x" * 2000,
        "x" * 300,
    ],
)
def test_a_path_that_is_none_is_refused(api: Api, path: str) -> None:
    answer = tried(api, [], {path: "x"})
    assert answer.status_code == 400
    assert "request/body/directoryContents/0/path" in answer.json()["error"]["message"] or (
        "leaves its folder" in answer.json()["error"]["message"]
    )
    assert not list(workspace.root().glob("*dry-run*"))


@pytest.mark.django_db
def test_a_nul_in_a_path_is_refused(api: Api) -> None:
    assert tried(api, [], {"a\0b": "x"}).status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        ("x", "must be array"),
        (["x"], "directoryContents/0 must be object"),
        ([{"path": "a"}], "base64Content must be string"),
        ([{"path": 1, "base64Content": ""}], "path must be string"),
        ([{"path": "a", "base64Content": "?"}], "must be base64"),
        ([{"path": "a", "base64Content": ""}] * 2, "is there already"),
        ([{"path": "a", "base64Content": ""}, {"path": "a/b", "base64Content": ""}], "cannot be written"),
        ([{"path": "a/b", "base64Content": ""}, {"path": "a", "base64Content": ""}], "is there already"),
    ],
)
def test_contents_that_are_no_folder_are_refused(api: Api, contents: Any, reason: str) -> None:
    answer = tried(api, [], directoryContents=contents)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]["message"]


@pytest.mark.django_db
def test_too_many_files_are_refused(api: Api) -> None:
    answer = tried(api, [], {f"f{number}": "" for number in range(2_001)})
    assert answer.status_code == 413
    assert "2001 files, 2000 at the most" in answer.json()["error"]["message"]


@pytest.mark.django_db
def test_a_result_that_is_too_big_to_show_is_refused(api: Api) -> None:
    fetches = [{**FETCH, "id": f"f{n}", "input": {"url": "./s", "targetPath": f"t{n}"}} for n in range(4)]
    answer = tried(api, fetches, {"s/big": b"x" * 3_000_000})
    assert answer.status_code == 413
    assert "result has more than 10485760 bytes" in answer.json()["error"]["message"]


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["file:///etc", "file:/etc", "../..", "/etc", "./../../../../etc"])
def test_no_other_file_of_the_machine_is_read(api: Api, url: str, tmp_path: Path, settings: Any) -> None:
    settings.GREENROOM_CATALOG_LOCATIONS = ["file:/etc/hosts"]  # what runs may read, a dry run may not
    answer = tried(api, [{"action": "fetch:plain", "input": {"url": url}}], {"a": "x"})
    assert answer.status_code in {400, 403}
    assert b"root:" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"template": {"kind": "Template"}}, "Input template is not a template"),
        ({"template": []}, "request/body/template must be object"),
        ({"values": 1}, "request/body/values must be object"),
        ({"secrets": {"a": 1}}, "request/body/secrets must be an object of strings"),
        (
            {
                "template": {
                    "kind": "Template",
                    "metadata": {"name": "x"},
                    "spec": {"steps": "no"},
                    "apiVersion": "scaffolder.backstage.io/v1beta3",
                }
            },
            "spec.steps has the wrong type",
        ),
        (
            {
                "template": {
                    "kind": "Template",
                    "metadata": {"name": "x"},
                    "spec": {"steps": [1]},
                    "apiVersion": "scaffolder.backstage.io/v1beta3",
                }
            },
            "step 1 of the template names no action",
        ),
        (
            {"template": {"kind": "Template", "metadata": {"name": "x"}, "spec": {}, "apiVersion": "v1"}},
            "Unsupported apiVersion",
        ),
    ],
)
def test_what_is_no_template_is_refused(api: Api, change: dict[str, Any], message: str) -> None:
    answer = tried(api, [], **change)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


@pytest.mark.django_db
def test_both_permissions_are_needed(as_role: Any) -> None:
    assert tried(as_role("viewer"), []).status_code == 403


@pytest.mark.django_db
def test_more_at_once_than_there_are_seats_are_asked_to_come_again(api: Api) -> None:
    for _ in range(dry_runs.SEATS):
        assert dry_runs._seats.acquire(blocking=False)
    try:
        answer = tried(api, [])
    finally:
        dry_runs._seats.release(dry_runs.SEATS)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert tried(api, []).status_code == 200, "a seat is given back"


def test_folders_of_a_killed_process_are_swept_once_they_are_old() -> None:
    old, fresh, other = (workspace.root() / name for name in ("dry-run-a", ".dry-run-b.template", "other"))
    for folder in (old, fresh, other):
        folder.mkdir(parents=True)
    for folder in (old, other):
        os.utime(folder, (0, 0))
    try:
        sweeps.remove_dry_runs()
        assert [folder.exists() for folder in (old, fresh, other)] == [False, True, True]
    finally:
        fresh.rmdir()
        other.rmdir()


@pytest.mark.django_db
def test_a_template_that_does_not_end_is_ended(tmp_path: Path) -> None:
    skeleton = tmp_path / "files/skeleton"
    skeleton.mkdir(parents=True)
    (skeleton / "a").write_text("{% for a in range(1000) %}{% for b in range(900) %}{% endfor %}{% endfor %}")
    spec = spec_of([{**FETCH, "each": list(range(50))}])
    found = dry_run(
        spec, secrets={}, subject=SUBJECT, files=tmp_path / "files", into=tmp_path / "out", seconds=0.05
    )
    assert found.failure is not None
    assert "took more than 0.05 seconds" in found.failure.message


@pytest.mark.django_db
def test_a_log_without_end_is_cut(tmp_path: Path) -> None:
    say = {"action": "debug:log", "each": list(range(3_000)), "input": {"message": "x"}}
    found = dry_run(spec_of([say]), secrets={}, subject=SUBJECT, into=tmp_path / "out")
    assert len(found.log) == 2_000
    assert "is left out" in found.log[-1]["message"]


@pytest.mark.django_db
def test_steps_after_a_failure_are_skipped_but_for_those_that_ask(tmp_path: Path) -> None:
    steps: list[dict[str, Any]] = [
        {"id": "bad", "action": "fs:readdir", "input": {"paths": ["nope"]}},
        {"id": "no", "action": "debug:log", "input": {"message": "x"}},
        {"id": "yes", "if": "${{ always() }}", "action": "debug:log", "input": {"message": "x"}},
        {"id": "never", "if": False, "action": "debug:log"},
    ]
    found = dry_run(spec_of(steps), secrets={}, subject=SUBJECT, into=tmp_path / "out")
    statuses = {line["stepId"]: line["status"] for line in found.log if "status" in line}
    assert statuses == {"bad": "failed", "no": "skipped", "yes": "completed", "never": "skipped"}
    assert isinstance(found.failure, NotFound)


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> str:
    """An action that makes something outside and foresees it."""

    def run(_ctx: StepContext, _given: dict[str, Any]) -> None:
        raise AssertionError("a dry run does not do this")

    def foresee(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
        return Foreseen((("thing", given["name"]),), {"url": f"https://things/{given['name']}"})

    action = Action(
        id="test:make",
        description="Makes a thing.",
        input=object_schema(("name",), name=text("Its name.")),
        output=object_schema(url=text("Where it is."), colour=text("How it looks.")),
        run=run,
        foresee=foresee,
    )
    monkeypatch.setitem(ACTIONS, action.id, action)
    return action.id


@pytest.mark.django_db
def test_effects_are_foreseen_for_plans(outside: str, tmp_path: Path) -> None:
    steps = [
        {"id": "make", "action": outside, "input": {"name": "${{ parameters.name }}"}},
        {"id": "wait", "action": "debug:wait", "input": {"seconds": 1}},
    ]
    spec = spec_of(steps, name="blue")
    spec["output"] = {"o": "${{ steps.make.output.url }} ${{ steps.make.output.colour }}"}
    found = dry_run(spec, secrets={}, subject=SUBJECT, into=tmp_path / "out", foresee=True)
    assert found.failure is None
    assert [(one.step_id, one.kind, one.key) for one in found.effects] == [("make", "thing", "blue")]
    assert found.unforeseen == (("wait", "debug:wait"),)
    assert found.output == {"o": "https://things/blue <example>"}
    plain = dry_run(spec, secrets={}, subject=SUBJECT, into=tmp_path / "other")
    assert (plain.output, plain.effects) == ({"o": "<example> <example>"}, ())


@pytest.mark.django_db
def test_the_workspace_is_rendered_up_to_what_is_made_outside(outside: str, tmp_path: Path) -> None:
    files = tmp_path / "files/skeleton"
    files.mkdir(parents=True)
    (files / "a.txt").write_text("${{ values.url }} ${{ values.made }}")
    steps: list[dict[str, Any]] = [
        {"id": "ask", "action": "debug:wait", "input": {"seconds": 1}},
        {"id": "not", "if": False, "action": outside, "input": {"name": "x"}},
        {
            "action": "fetch:template",
            "input": {"url": "./skeleton", "values": {"url": "${{ steps.ask.output.url }}"}},
        },
        {"id": "make", "action": outside, "input": {"name": "x"}},
        {"action": "fs:delete", "input": {"files": ["a.txt"]}},
    ]
    log = render_workspace(
        spec_of(steps),
        secrets={},
        subject=SUBJECT,
        files=tmp_path / "files",
        into=tmp_path / "out",
        outputs={"ask": {"url": "https://kept"}},
    )
    assert (tmp_path / "out/a.txt").read_text() == "https://kept "
    assert not [line for line in log if "fs:delete" in json.dumps(line)]


@pytest.mark.django_db
def test_a_failing_step_ends_the_rendering(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        render_workspace(
            spec_of([{"action": "fs:readdir", "input": {"paths": ["nope"]}}]),
            secrets={},
            subject=SUBJECT,
            into=tmp_path / "out",
        )


@pytest.mark.django_db
def test_an_unknown_action_is_refused_before_the_first_step(tmp_path: Path) -> None:
    steps = [{"action": "debug:log", "input": {}}, {"action": "no:such"}]
    with pytest.raises(NotFound, match="no:such"):
        dry_run(spec_of(steps), secrets={}, subject=SUBJECT, into=tmp_path / "out")
