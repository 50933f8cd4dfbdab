"""The actions that belong to no code host, through whole runs: files, data, entities."""

import json
import uuid
from typing import Any

import pytest
import yaml

from scaffolder.steps import ACTIONS
from scaffolder.validation import faults
from tests.scaffolder.conftest import Workshop

pytestmark = pytest.mark.django_db


def step(action: str, **given: Any) -> dict[str, Any]:
    """A step that is called after its action, colons as dashes."""
    return {"id": action.replace(":", "-"), "action": action, "input": given}


def done(workshop: Workshop, *steps: dict[str, Any], files: dict[str, str] | None = None, **spec: Any) -> Any:
    """What a run of these steps gives out."""
    ref = workshop.offer(f"under-test-{uuid.uuid4().hex[:8]}", list(steps), files, **spec)
    return workshop.output(workshop.run(ref))


def failed(workshop: Workshop, *steps: dict[str, Any], files: dict[str, str] | None = None) -> str:
    """Why a run of these steps failed."""
    ref = workshop.offer(f"under-test-{uuid.uuid4().hex[:8]}", list(steps), files)
    body = workshop.completion(workshop.run(ref))
    assert "error" in body, body
    return str(body["error"]["message"])


def read(path: str) -> dict[str, Any]:
    return step("fs:read", path=path)


SHOWN = {"content": "${{ steps['fs-read'].output.content }}"}


def test_one_file_is_copied_and_one_rendered(workshop: Workshop) -> None:
    files = {"LICENSE": "${{ values.name }} stays", "README.njk": "# ${{ values.name }}\n"}
    plain = step("fetch:plain:file", url="./LICENSE", targetPath="legal/LICENSE")
    assert done(workshop, plain, read("legal/LICENSE"), files=files, output=SHOWN) == {
        "content": "${{ values.name }} stays"
    }
    rendered = step(
        "fetch:template:file", url="./README.njk", targetPath="README.md", values={"name": "payments"}
    )
    assert done(workshop, rendered, read("README.md"), files=files, output=SHOWN)["content"] == "# payments\n"


@pytest.mark.parametrize("replace", [False, True])
def test_a_rendered_file_replaces_another_only_when_it_is_told_to(workshop: Workshop, replace: bool) -> None:
    steps = (
        step("fs:write", path="a.txt", content="old"),
        step("fetch:template:file", url="./a.njk", targetPath="a.txt", replace=replace),
        read("a.txt"),
    )
    found = done(workshop, *steps, files={"a.njk": "new"}, output=SHOWN)
    assert found == {"content": "new" if replace else "old"}


def test_the_workspace_is_rendered_to_another_place_in_it(workshop: Workshop) -> None:
    steps = (
        step("fs:write", path="from/${{ '${{ values.n }}' }}.txt", content="${{ '${{ values.n }}' }}!"),
        step("workspace:template", sourcePath="from", targetPath="to", values={"n": "x"}),
        step("workspace:template:file", sourcePath="to/x.txt", targetPath="y.txt"),
        read("y.txt"),
    )
    assert done(workshop, *steps, output=SHOWN) == {"content": "x!"}


@pytest.mark.parametrize(("source", "target"), [("a", "a/b"), ("a/b", "a"), ("a", "."), ("a", "a")])
def test_a_place_is_not_rendered_into_itself(workshop: Workshop, source: str, target: str) -> None:
    steps = (
        step("fs:write", path="a/b/c", content=""),
        step("workspace:template", sourcePath=source, targetPath=target),
    )
    assert "choose two separate places" in failed(workshop, *steps)


def test_writing_over_another_content_has_to_be_asked_for(workshop: Workshop) -> None:
    first, same = (
        step("fs:write", path="a", content="1"),
        {**step("fs:write", path="a", content="1"), "id": "same"},
    )
    other = {**step("fs:write", path="a", content="2"), "id": "other"}
    assert "set overwrite: true" in failed(workshop, first, same, other)
    other["input"]["overwrite"] = True
    assert done(workshop, first, same, other, read("a"), output=SHOWN) == {"content": "2"}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"path": "../a", "content": ""}, "use a relative path"),
        ({"path": "a/../../b", "content": ""}, "use a relative path"),
        ({"path": "/etc/a", "content": ""}, "use a relative path"),
        ({"path": "a\0", "content": ""}, "use a relative path"),
        ({"path": ".", "content": ""}, "names no file"),
        ({"path": "a/", "content": ""}, "names no file"),
        ({"path": "a", "content": "%%%", "encoding": "base64"}, "no base64"),
        ({"path": "a" * 300, "content": ""}, "shorten it"),
    ],
)
def test_what_no_file_can_be_is_refused(workshop: Workshop, given: dict[str, str], reason: str) -> None:
    assert reason in failed(workshop, step("fs:write", **given))


def test_reading_is_bounded_and_says_what_is_no_text(workshop: Workshop) -> None:
    big = step("fs:write", path="a", content="${{ 'x' | center(1048577) }}")
    assert "more than 1048576 bytes" in failed(workshop, big, read("a"))
    binary = step("fs:write", path="a", content="/w==", encoding="base64")
    assert "not UTF-8" in failed(workshop, binary, read("a"))
    assert "name a file that an earlier step made" in failed(workshop, read("missing"))


def test_entities_are_fetched_as_far_as_they_are_there(workshop: Workshop) -> None:
    ref = workshop.offer("known", [step("debug:log", message="hi")])
    name = {"entity": "${{ steps['catalog-fetch'].output.entity.metadata.name }}"}
    bare = step("catalog:fetch", entityRef="known", defaultKind="Template")
    assert done(workshop, bare, output=name) == {"entity": "known"}
    several = step("catalog:fetch", entityRefs=[ref, "component:gone"], optional=True)
    found = done(workshop, several, output={"all": "${{ steps['catalog-fetch'].output.entities }}"})["all"]
    assert found[0]["kind"] == "Template"
    assert found[1] is None
    several["input"]["optional"] = False
    assert failed(workshop, several) == "Entity component:default/gone not found"
    assert failed(workshop, step("catalog:fetch")) == "Missing entity reference or references"
    many = step("catalog:fetch", entityRefs=["component:a"] * 501)
    assert "one step fetches 500" in failed(workshop, many)


MERGES: list[tuple[str, Any, dict[str, Any], Any]] = [
    ('{"a": {"b": 1}}', {"a": {"c": 2}}, {}, {"a": {"b": 1, "c": 2}}),
    ('{"a": [1, 2, 3]}', {"a": [9]}, {}, {"a": [9, 2, 3]}),
    ('{"a": [1, 2]}', {"a": [2, 3]}, {"mergeArrays": True}, {"a": [1, 2, 3]}),
    ('{"a": [{"b": 1}]}', {"a": [{"b": 1}]}, {"mergeArrays": True}, {"a": [{"b": 1}]}),
    ('{"a": 1}', '{"a": null}', {}, {"a": None}),
]


@pytest.mark.parametrize("action", ["roadiehq:utils:merge", "roadiehq:utils:json:merge"])
@pytest.mark.parametrize(("there", "content", "options", "result"), MERGES)
def test_json_is_merged(
    workshop: Workshop, action: str, there: str, content: Any, options: dict[str, Any], result: Any
) -> None:
    steps = (
        step("roadiehq:utils:fs:write", path="a.json", content=there),
        step(action, path="a.json", content=content, **options),
        read("a.json"),
    )
    found = done(workshop, *steps, output={"content": "${{ steps['fs-read'].output.content | dump }}"})
    assert json.loads(json.loads(found["content"])) == result


def test_the_yaml_document_that_is_meant_is_merged(workshop: Workshop) -> None:
    there = "kind: A\nn: 1\n---\nkind: B\nn: 1\n"
    merge = step("roadiehq:utils:merge", path="a.yaml", content={"n": 2})
    steps = (step("fs:write", path="a.yaml", content=there), merge, read("a.yaml"))
    assert "say which by useDocumentIncludingField" in failed(workshop, *steps)
    merge["input"]["useDocumentIncludingField"] = {"key": "kind", "value": "B"}
    assert done(workshop, *steps, output=SHOWN)["content"] == "kind: A\nn: 1\n---\nkind: B\nn: 2\n"


def test_data_is_parsed_and_written_as_text(workshop: Workshop) -> None:
    steps = (
        step("roadiehq:utils:fs:write", path="a.yaml", content="b: [1, 2]\n", preserveFormatting=True),
        step("roadiehq:utils:fs:append", path="a.yaml", content="c: yes\n"),
        step("roadiehq:utils:fs:parse", path="a.yaml", parser="yaml"),
        step(
            "roadiehq:utils:serialize:json",
            data="${{ steps['roadiehq-utils-fs-parse'].output.content }}",
        ),
        step("roadiehq:utils:serialize:yaml", data={"b": "no", "a": "1e3"}, options={"sortKeys": True}),
    )
    output = {
        "json": "${{ steps['roadiehq-utils-serialize-json'].output.serialized | dump }}",
        "yaml": "${{ steps['roadiehq-utils-serialize-yaml'].output.serialized }}",
    }
    found = done(workshop, *steps, output=output)
    assert json.loads(json.loads(found["json"])) == {"b": [1, 2], "c": "yes"}
    assert found["yaml"] == "a: '1e3'\nb: 'no'\n"


BOMB = "a: &a [x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
BROKEN = [
    ("a.json", "{", {"parser": "json"}, "is no JSON"),
    ("a.json", "[" * 5000, {"parser": "json"}, "is no JSON"),
    ("a.json", "[" * 200 + "]" * 200, {"parser": "json"}, "levels deep"),
    ("a.yaml", BOMB, {"parser": "yaml"}, "repeat"),
    ("a.yaml", "a: 1\na: 2\n", {"parser": "yaml"}, "a.yaml"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "content", "options", "reason"), BROKEN)
def test_a_file_that_is_not_what_it_should_be(
    workshop: Workshop, path: str, content: str, options: dict[str, Any], reason: str
) -> None:
    steps = (
        step("fs:write", path=path, content=content),
        step("roadiehq:utils:fs:parse", path=path, **options),
    )
    assert reason in failed(workshop, *steps)


def test_waiting_is_bounded(workshop: Workshop) -> None:
    assert "wait 0 to 600 seconds" in failed(workshop, step("roadiehq:utils:sleep", amount=601))


def test_every_action_has_an_example_that_its_own_schema_takes() -> None:
    for action in ACTIONS.values():
        assert action.examples, f"{action.id} has no example"
        for shown in action.examples:
            for one in yaml.safe_load(shown.example)["steps"]:
                if one["action"] != action.id:
                    continue
                given = {
                    name: value
                    for name, value in (one.get("input") or {}).items()
                    if not (isinstance(value, str) and "${{" in value)
                }
                schema = {**action.input, "required": [], "anyOf": [{}]}
                assert not faults(schema, given, where=action.id), (action.id, shown.description)
