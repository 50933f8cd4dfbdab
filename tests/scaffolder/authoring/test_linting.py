"""Every rule finds what it is for, at its place, and says nothing about a template that is right."""

from pathlib import Path
from typing import Any

import pytest

from scaffolder.authoring.findings import RULES
from scaffolder.authoring.linting import lint
from scaffolder.checks import golden_paths
from tests.scaffolder.authoring.conftest import Writes

LOG = {"id": "log", "action": "debug:log", "input": {"message": "x"}}
FORM = {"properties": {"name": {"type": "string"}}}


def fetch(url: str = "./skeleton", **given: Any) -> dict[str, Any]:
    return {"id": "fetch", "action": "fetch:template", "input": {"url": url, **given}}


def log(message: Any, **more: Any) -> dict[str, Any]:
    return {**LOG, "input": {"message": message}, **more}


Case = tuple[str, list[dict[str, Any]], dict[str, str], dict[str, Any], str]
CASES: list[Case] = [
    ("unknown-action", [{"action": "fetch:templat"}], {}, {}, "did you mean fetch:template"),
    ("unknown-input", [{**LOG, "input": {"mesage": "x"}}], {}, {}, "did you mean message?"),
    ("missing-input", [{"action": "fetch:plain", "input": {}}], {}, {}, "needs the input 'url'"),
    ("ignored-input", [fetch(copyWithoutRender=["a"])], {"skeleton/a": ""}, {}, "copyWithoutTemplating"),
    ("bad-id", [{**LOG, "id": "a.b"}], {}, {}, "'a.b'"),
    ("duplicate-id", [LOG, LOG], {}, {}, "'log'"),
    ("schema-invalid", [log("${{ parameters.a }}")], {}, {"parameters": {"properties": {"a": {"type": "wrong"}}}}, "JSON Schema"),
    ("expression-error", [log("${{ 1 + }}")], {}, {}, "line 1"),
    ("unknown-filter", [log("${{ 1 | uper }}")], {}, {}, "did you mean upper?"),
    ("undefined-name", [log("${{ nope }}")], {}, {}, "'nope'"),
    ("undefined-name", [log("${{ each.value }}")], {}, {}, "has `each`"),
    ("undefined-name", [log("x", **{"if": "${{ secrets.a }}"})], {}, {}, "not known in an `if`"),
    ("undefined-parameter", [log("${{ parameters.nam }} ${{ parameters.name }}")], {}, {"parameters": FORM}, "did you mean name?"),
    ("undefined-step", [log("${{ steps.lg.output.x }}")], {}, {}, "no step 'lg'"),
    ("undefined-step", [log("${{ steps.later.output.x }}"), {**LOG, "id": "later"}], {}, {}, "comes later"),
    ("undefined-output", [{"id": "ls", "action": "fs:readdir", "input": {"paths": ["."]}}, log("${{ steps.ls.output.file }}")], {}, {}, "did you mean files?"),
    ("undefined-output", [LOG, {**LOG, "id": "b", "input": {"message": "${{ steps.log.result }}"}}], {}, {}, "no 'result'"),
    ("undefined-output", [LOG, {**LOG, "id": "b", "input": {"message": "${{ steps.log.output.x }}"}}], {}, {}, "gives no output 'x'"),
    ("undefined-secret", [log("${{ secrets.token }}")], {}, {}, "'token'"),
    ("secret-in-output", [LOG], {}, {"output": {"a": "${{ secrets.token }}"}}, "not known in the output"),
    ("secret-in-files", [fetch(values={"t": "${{ secrets.token }}"})], {"skeleton/a": "${{ values.t }}"}, {}, "is published"),
    ("always-true", [{**LOG, "if": "false"}], {}, {}, "every text"),
    ("old-expression", [log("{{ parameters.name }}")], {}, {}, "plain text"),
    ("unused-parameter", [LOG], {}, {"parameters": FORM}, "'name'"),
    ("undefined-value", [fetch(values={})], {"skeleton/a": "\n ${{ values.x }}"}, {}, "no value 'x'"),
    ("unused-value", [fetch(values={"x": 1})], {"skeleton/a": ""}, {}, "'x'"),
    ("undefined-name", [fetch()], {"skeleton/a": "${{ parameters.x }}"}, {}, "knows `values` only"),
    ("expression-error", [fetch()], {"skeleton/a": "${{ 1 + }}"}, {}, "raw"),
    ("expression-error", [fetch()], {"skeleton/${{ 1 + }}": ""}, {}, "raw"),
    ("unknown-filter", [fetch()], {"skeleton/a": "${{ 1 | nosuch }}"}, {}, "'nosuch'"),
    ("unescaped-actions", [fetch()], {"skeleton/.github/ci.yml": "run: ${{ github.ref }}"}, {}, "{% raw %}"),
    ("cookiecutter-in-skeleton", [fetch()], {"skeleton/{{cookiecutter.x}}/a": ""}, {}, "cookiecutterCompat"),
    ("skeleton-missing", [fetch()], {}, {}, "no such folder"),
    ("skeleton-missing", [{"action": "fetch:cookiecutter", "input": {"url": "./skeleton", "values": {}}}], {"skeleton/a": ""}, {}, "cookiecutter.json"),
    ("skeleton-unsafe", [fetch("../../..")], {}, {}, "leaves its folder"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "steps", "files", "spec", "told"),
    CASES,
    ids=[f"{case[0]}-{index}" for index, case in enumerate(CASES)],
)
def test_a_rule_finds_what_it_is_for(
    rule: str,
    steps: list[dict[str, Any]],
    files: dict[str, str],
    spec: dict[str, Any],
    told: str,
    written: Writes,
) -> None:
    found = lint(written(steps, files, **spec))
    (one, *_) = [finding for finding in found if finding.rule == rule]
    assert told in str(one)
    assert one.line or one.file.name != "template.yaml", "it has a place"
    assert {finding.rule for finding in found} - {rule} <= {"undefined-secret", "expression-error"}


def test_a_link_out_of_the_skeleton_is_found(written: Writes) -> None:
    folder = written([fetch()], {"skeleton/a": ""})
    (folder / "skeleton/link").symlink_to("/etc/passwd")
    (found,) = lint(folder)
    assert (found.rule, found.file) == ("skeleton-unsafe", folder / "skeleton")


def test_a_big_file_is_found(written: Writes) -> None:
    folder = written([fetch()], {"skeleton/a": "x" * 2_000_000})
    (found,) = lint(folder)
    assert found.rule == "big-file"


def test_each_rule_has_a_test() -> None:
    elsewhere = {"template-invalid", "big-file"}
    assert {case[0] for case in CASES} | elsewhere == RULES.keys()


def test_the_place_is_that_of_the_expression(tmp_path: Path) -> None:
    text = (
        "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {name: t}\nspec:\n  type: x\n"
        "  steps:\n"
        "    - action: debug:log\n      input:\n        message: say ${{ parameters.a }}\n"
        "    - action: debug:log\n      input:\n        message: |\n          one\n          ${{ parameters.b }}\n"
        "    - action: debug:log\n      input: {message: '${{ parameters.c }}'}\n"
    )
    (tmp_path / "template.yaml").write_text(text)
    found = {one.message.split("'")[1]: (one.line, one.column) for one in lint(tmp_path)}
    lines = text.splitlines()
    assert found == {
        "a": (9, lines[8].index("parameters.a") + 1),
        "b": (14, 1),
        "c": (16, lines[15].index("parameters.c") + 1),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "line"),
        ("kind: Component", "no entity of kind Template"),
        ("kind: Template", "Input template is not a template"),
        ("apiVersion: v1\nkind: Template\nmetadata: {name: x}\nspec: {}", "Unsupported apiVersion"),
        ("a: &a [1]\nb: " + "[" * 500, "template.yaml"),
    ],
)
def test_a_file_that_is_no_template_is_one_finding(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(text)
    (found,) = lint(tmp_path)
    assert found.rule == "template-invalid"
    assert told in str(found)


def test_what_is_fine_has_no_findings(written: Writes) -> None:
    steps = [
        fetch(
            values={"name": "${{ parameters.name }}", "host": "${{ (parameters.url | parseRepoUrl).host }}"}
        ),
        {"id": "ls", "action": "fs:readdir", "input": {"paths": ["."]}},
        {
            "id": "each",
            "each": "${{ steps.ls.output.files }}",
            "action": "debug:log",
            "if": "${{ each.value and not failure() }}",
            "input": {
                "message": "${{ each.key }} ${{ user.ref }} ${{ secrets.token }} ${{ parameters.x | default(1) }}"
            },
        },
    ]
    files = {
        "skeleton/${{ values.name }}.txt": "{% set a = values.host %}${{ a }}{% for i in range(2) %}${{ loop.index }}${{ i }}{% endfor %}",
        "skeleton/ci.yml": "{% raw %}${{ github.ref }}{% endraw %}{% if values.maybe %}x{% endif %}",
    }
    form = {
        "properties": {
            "name": {"type": "string"},
            "url": {
                "type": "string",
                "ui:options": {"requestUserCredentials": {"secretsKey": "token"}},
            },
        }
    }
    assert lint(written(steps, files, parameters=[form])) == []


@pytest.mark.parametrize(
    "path", sorted(golden_paths().glob("*/template.yaml")), ids=lambda path: path.parent.name
)
def test_our_own_golden_paths_have_no_findings(path: Path) -> None:
    assert lint(path) == []
