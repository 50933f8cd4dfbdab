"""A run from the request to the repository: what is made, said and kept."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scaffolder.models import Effect, Run
from scaffolder.workspace import folder_of
from tests.conftest import Api
from tests.scaffolder.conftest import TASKS, Workshop, template_document

pytestmark = pytest.mark.django_db

CATALOG_INFO = """apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: ${{ values.name }}
spec: {type: service, lifecycle: production, owner: group:default/platform}
"""
SERVICE = [
    {
        "id": "fetch",
        "action": "fetch:template",
        "input": {"url": "./skeleton", "values": {"name": "${{ parameters.name }}"}},
    },
    {
        "id": "publish",
        "action": "publish:local",
        "input": {"repoUrl": "local?owner=acme&repo=${{ parameters.name }}", "description": "A service"},
    },
    {
        "id": "register",
        "action": "catalog:register",
        "input": {"repoContentsUrl": "${{ steps.publish.output.repoContentsUrl }}"},
    },
]
SKELETON = {
    "skeleton/catalog-info.yaml": CATALOG_INFO,
    "skeleton/${{ values.name }}/README.md": "# ${{ values.name }}\n",
}
OUTPUT = {
    "entityRef": "${{ steps.register.output.entityRef }}",
    "remoteUrl": "${{ steps.publish.output.remoteUrl }}",
}


def test_a_service_is_made_published_and_registered(workshop: Workshop, api: Api) -> None:
    ref = workshop.offer("service", SERVICE, SKELETON, output=OUTPUT)
    run_id = workshop.run(ref, {"name": "payments"})
    output = workshop.output(run_id)
    assert output["entityRef"] == "component:default/payments"
    assert output["remoteUrl"].endswith("/git/acme/payments.git")
    assert api.get("/api/catalog/entities/by-name/component/default/payments").status_code == 200
    assert workshop.task(run_id)["status"] == "completed"
    assert not folder_of(run_id).exists()
    assert {effect.kind for effect in Effect.objects.filter(made_at__isnull=False)} == {
        "repository", "commit", "location",
    }  # fmt: skip


def test_a_retry_finds_what_the_run_made(workshop: Workshop, api: Api) -> None:
    ref = workshop.offer("service", SERVICE, SKELETON, output=OUTPUT)
    run_id = workshop.run(ref, {"name": "payments"})
    first = workshop.output(run_id)
    from scaffolder.tasks import execute_run

    assert api.post(f"{TASKS}/{run_id}/retry", {}).status_code == 201
    assert workshop.task(run_id)["status"] == "open"
    execute_run(run_id)
    assert workshop.output(run_id) == first
    assert "recovered" in {event["type"] for event in workshop.events(run_id)}


def test_a_taken_repository_fails_the_run_with_the_way_out(workshop: Workshop) -> None:
    ref = workshop.offer("service", SERVICE, SKELETON)
    workshop.run(ref, {"name": "payments"})
    second = workshop.run(ref, {"name": "payments"})
    assert workshop.completion(second)["error"] == {
        "name": "ConflictError",
        "message": "repository 'acme/payments' exists already; choose another name",
    }
    assert "Skipping step register because a previous step failed" in workshop.messages(second)


def test_registering_the_same_file_twice_fails_unless_optional(workshop: Workshop) -> None:
    ref = workshop.offer("service", SERVICE, SKELETON, output=OUTPUT)
    run_id = workshop.run(ref, {"name": "payments"})
    url = workshop.output(run_id)["remoteUrl"].removesuffix(".git") + "/blob/main"
    again = {"id": "again", "action": "catalog:register", "input": {"repoContentsUrl": url}}
    assert (
        workshop.completion(workshop.run(workshop.offer("twice", [again])))["error"]["name"]
        == "ConflictError"
    )
    again["input"] = {"repoContentsUrl": url, "optional": True}
    assert workshop.task(workshop.run(workshop.offer("maybe", [again])))["status"] == "completed"


def test_a_file_that_cannot_be_read_leaves_no_location(workshop: Workshop, api: Api) -> None:
    steps = [
        *SERVICE[:2],
        {**SERVICE[2], "input": {**SERVICE[2]["input"], "catalogInfoPath": "/nowhere.yaml"}},
    ]
    before = api.get("/api/catalog/locations").json()
    ref = workshop.offer("service", steps, SKELETON)
    run_id = workshop.run(ref, {"name": "payments"})
    assert "nowhere.yaml" in workshop.completion(run_id)["error"]["message"]
    assert len(api.get("/api/catalog/locations").json()) == len(before) + 1  # the template's own


def test_each_if_and_outputs(workshop: Workshop) -> None:
    steps = [
        {"id": "each", "each": "${{ parameters.list }}", "action": "debug:log", "input": {"message": "${{ each.key }}=${{ each.value }}"}},
        {"id": "no", "if": "${{ parameters.nope }}", "action": "debug:log", "input": {"message": "never"}},
        {"id": "text", "if": "false", "action": "debug:log", "input": {"message": "a text is true"}},
        {"id": "broken", "if": "${{ 1 + }}", "action": "debug:log", "input": {"message": "a broken if is true"}},
    ]  # fmt: skip
    output = {
        "links": [
            {"title": "stays", "url": "https://a", "if": "${{ parameters.nope }}"},
            {"title": "goes", "url": "https://b", "if": False},
        ],
        "count": "${{ parameters.count }}",
        "gone": "${{ parameters.nope }}",
    }
    run_id = workshop.run(workshop.offer("flow", steps, output=output), {"list": ["a", "b"], "count": 5})
    said = workshop.messages(run_id)
    assert [text for text in said if text.endswith(("0=a", "1=b"))]
    assert "Skipping step no because its if condition was false" in said
    assert not any("never" in text for text in said)
    assert any("a text is true" in text for text in said)
    assert any("a broken if is true" in text for text in said)
    assert workshop.output(run_id) == {"links": [{"title": "stays", "url": "https://a"}], "count": 5}


def test_each_over_something_else_is_an_error(workshop: Workshop) -> None:
    steps = [{"id": "each", "each": "${{ parameters.list }}", "action": "debug:log", "input": {}}]
    error = workshop.completion(workshop.run(workshop.offer("flow", steps), {"list": 3}))["error"]
    assert error == {
        "name": "InputError",
        "message": "Step each: each must give a list or an object, it gives a number",
    }


def test_what_cleans_up_runs_after_a_failure(workshop: Workshop) -> None:
    steps = [
        {"id": "bad", "action": "fs:delete", "input": {"files": "notalist"}},
        {"id": "after", "action": "debug:log", "input": {"message": "after"}},
        {"id": "hook", "if": "${{ failure() }}", "action": "debug:log", "input": {"message": "hook"}},
        {"id": "always", "if": "${{ always() }}", "action": "debug:log", "input": {"message": "always"}},
    ]
    run_id = workshop.run(workshop.offer("flow", steps))
    said = workshop.messages(run_id)
    assert (
        "InputError: Invalid input passed to action fs:delete, instance.files is not of a type(s) array"
        in said
    )
    assert "Skipping step after because a previous step failed" in said
    assert {"Finished step debug:log"} <= set(said)
    assert any(text.endswith(": hook") for text in said)
    assert any(text.endswith(": always") for text in said)
    assert workshop.task(run_id)["status"] == "failed"


def test_inputs_that_an_action_does_not_know_are_ignored_and_told(workshop: Workshop) -> None:
    steps = [{"id": "log", "action": "debug:log", "input": {"message": "hello", "allowedHosts": ["a"]}}]
    run_id = workshop.run(workshop.offer("old", steps))
    assert any("debug:log has no input 'allowedHosts'" in text for text in workshop.messages(run_id))
    assert workshop.task(run_id)["status"] == "completed"


def test_an_action_that_does_not_exist_is_refused_before_the_run(workshop: Workshop, api: Api) -> None:
    ref = workshop.offer("wrong", [{"id": "send", "action": "publish:locl", "input": {}}])
    answer = api.post(TASKS, {"templateRef": ref, "values": {}})
    assert answer.status_code == 400
    message = answer.json()["error"]["message"]
    assert "'publish:locl'" in message
    assert "step 'send'" in message
    assert "publish:local" in message
    assert not Run.objects.exists()


@pytest.mark.parametrize("path", ["../../x", "/etc/x", "a/../../x", "%2e%2e/x", "..\\x"])
@pytest.mark.parametrize(
    "step",
    [
        {"action": "fetch:template", "input": {"url": "./skeleton", "targetPath": "PATH"}},
        {"action": "fetch:plain", "input": {"url": "./skeleton", "targetPath": "PATH"}},
        {"action": "catalog:write", "input": {"entity": {}, "filePath": "PATH"}},
        {"action": "fs:delete", "input": {"files": ["PATH"]}},
        {"action": "fs:rename", "input": {"files": [{"from": "a.txt", "to": "PATH"}]}},
        {"action": "fs:rename", "input": {"files": [{"from": "PATH", "to": "b.txt"}]}},
        {"action": "fs:readdir", "input": {"paths": ["PATH"]}},
        {"action": "publish:local", "input": {"repoUrl": "local?owner=acme&repo=api", "sourcePath": "PATH"}},
    ],
    ids=lambda step: step["action"],
)
def test_no_step_leaves_its_workspace(workshop: Workshop, step: dict, path: str) -> None:
    given = {**step, "input": _with_path(step["input"], path)}
    fetch = {"action": "fetch:plain", "input": {"url": "./skeleton"}}
    ref = workshop.offer("leave", [fetch, given], {"skeleton/a.txt": "a"})
    error = workshop.completion(workshop.run(ref))["error"]
    assert error["name"] == "InputError"
    assert "leaves its folder" in error["message"]
    assert repr(path) in error["message"]


def _with_path(value: object, path: str) -> object:
    if isinstance(value, dict):
        return {key: _with_path(item, path) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_path(item, path) for item in value]
    return path if value == "PATH" else value


def test_files_of_the_workspace(workshop: Workshop) -> None:
    steps = [
        {"id": "fetch", "action": "fetch:plain", "input": {"url": "skeleton", "targetPath": "made"}},
        {"id": "move", "action": "fs:rename", "input": {"files": [{"from": "made/a.txt", "to": "b/c.txt"}]}},
        {"id": "drop", "action": "fs:delete", "input": {"files": ["**/*.draft"]}},
        {"id": "write", "action": "catalog:write", "input": {"entity": {"metadata": {"name": "1e3"}}}},
        {"id": "list", "action": "fs:readdir", "input": {"paths": ["."], "recursive": True}},
        {"id": "log", "action": "debug:log", "input": {"listWorkspace": "with-contents"}},
    ]
    files = {"skeleton/a.txt": "a", "skeleton/x.draft": "x"}
    output = {"files": "${{ steps.list.output.files }}", "folders": "${{ steps.list.output.folders }}"}
    run_id = workshop.run(workshop.offer("files", steps, files, output=output))
    shown = workshop.output(run_id)
    assert [one["path"] for one in shown["files"]] == ["b/c.txt", "catalog-info.yaml"]
    assert [one["path"] for one in shown["folders"]] == ["b", "made"]
    listing = next(text for text in workshop.messages(run_id) if "Workspace:" in text)
    assert "name: '1e3'" in listing
    assert "backstage.io/source-template: template:default/files" in listing


def test_a_form_value_that_is_an_expression_stays_a_text(workshop: Workshop) -> None:
    steps = [{"id": "log", "action": "debug:log", "input": {"message": "${{ parameters.name }}"}}]
    run_id = workshop.run(workshop.offer("safe", steps), {"name": "${{ secrets.key }}{{ 7*7 }}"})
    assert any(text.endswith(": ${{ secrets.key }}{{ 7*7 }}") for text in workshop.messages(run_id))


def test_a_template_cannot_fetch_files_of_the_machine(workshop: Workshop) -> None:
    steps = [{"id": "fetch", "action": "fetch:plain", "input": {"url": "file:///etc"}}]
    error = workshop.completion(workshop.run(workshop.offer("steal", steps)))["error"]
    assert "names a file of this machine" in error["message"]


@pytest.mark.parametrize("aim", ["/etc/passwd", "../../../outside"])
def test_a_link_that_leaves_a_skeleton_is_refused_and_nothing_is_made(
    workshop: Workshop, catalog_files: Callable[[Path], str], aim: str
) -> None:
    folder = workshop.folder / "linked"
    (folder / "skeleton").mkdir(parents=True)
    (folder / "skeleton/link").symlink_to(aim)
    (folder / "template.yaml").write_text(json.dumps(template_document("linked", SERVICE)))
    catalog_files(folder / "template.yaml")
    error = workshop.completion(workshop.run("template:default/linked", {"name": "payments"}))["error"]
    assert "link" in error["message"]
    assert not Effect.objects.exists()


def test_a_template_on_this_machine_finds_its_skeleton(
    workshop: Workshop, catalog_files: Callable[[Path], str]
) -> None:
    folder = workshop.folder / "here"
    (folder / "skeleton").mkdir(parents=True)
    (folder / "skeleton/catalog-info.yaml").write_text(CATALOG_INFO)
    (folder / "template.yaml").write_text(json.dumps(template_document("here", SERVICE, output=OUTPUT)))
    catalog_files(folder / "template.yaml")
    run_id = workshop.run("here", {"name": "payments"})
    assert workshop.output(run_id)["entityRef"] == "component:default/payments"
