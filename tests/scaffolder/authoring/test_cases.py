"""Test cases beside a template: they pass, and when they fail they say what differs."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import InputError
from scaffolder.authoring.answers import with_defaults
from scaffolder.authoring.cases import failures, read_cases
from scaffolder.authoring.source import read_template
from scaffolder.checks import golden_paths
from tests.scaffolder.authoring.conftest import Writes
from tests.scaffolder.conftest import template_document

STEPS = [
    {
        "id": "fetch",
        "action": "fetch:template",
        "input": {"url": "./skeleton", "values": {"n": "${{ parameters.n }}"}},
    },
    {"id": "pub", "action": "debug:wait", "input": {"seconds": 1}},
]
FILES = {"skeleton/a.txt": "hello\nn=${{ values.n }}\n", "skeleton/run.sh": "#!/bin/sh\n"}
FORM = {"required": ["n"], "properties": {"n": {"type": "integer", "default": 3}}}


def told(written: Writes, tmp_path: Path, **case: Any) -> list[str]:
    folder = written(STEPS, FILES, parameters=FORM, output={"n": "${{ parameters.n }}"})
    (folder / "skeleton/run.sh").chmod(0o755)
    (folder / "tests").mkdir()
    (folder / "tests/a.yaml").write_text(yaml.safe_dump(case))
    source = read_template(folder)
    (one,) = read_cases(source)
    return failures(source, one, tmp_path / "workspace")


RIGHT: list[dict[str, Any]] = [
    {"files": {"a.txt": {"equals": "hello\nn=3\n"}}},
    {
        "files": {
            "a.txt": {"contains": ["hello", "n=3"], "lacks": "n=4", "matches": "^n=\\d$", "mode": "plain"}
        }
    },
    {"files": {"b.txt": {"absent": True}, "run.sh": {"mode": "executable"}}},
    {"output": {"n": 3}},
    {"effects": []},
]
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"files": {"a.txt": {"equals": "hello\nn=4\n"}}}, "-n=4\n+n=3"),
    ({"files": {"a.txt": {"contains": "n = 3"}}}, "the nearest line is 'n=3'"),
    ({"files": {"a.txt": {"lacks": "n="}}}, "contains 'n='"),
    ({"files": {"a.txt": {"matches": "^x$"}}}, "does not match '^x$'"),
    ({"files": {"a.txt": {"matches": "("}}}, "is no regular expression"),
    ({"files": {"a.text": {"contains": "x"}}}, "a.text is not made; there is a.txt"),
    ({"files": {"a.txt": {"absent": True}}}, "a.txt is there"),
    ({"files": {"run.sh": {"mode": "plain"}}}, "run.sh is executable, not plain"),
    ({"output": {"n": 4}}, "output 'n' is 3, not 4"),
    ({"output": {"m": 4}}, "output has no 'm'; it has n"),
    ({"effects": ["repository x"]}, "-repository x"),
    ({"fails": "x"}, "it was to fail with 'x', and it does not"),
]


@pytest.mark.parametrize("expect", RIGHT)
def test_what_is_as_expected_passes(expect: dict[str, Any], written: Writes, tmp_path: Path) -> None:
    assert told(written, tmp_path, expect=expect) == []


@pytest.mark.parametrize(("expect", "reason"), WRONG)
def test_what_is_not_says_how_it_differs(
    expect: dict[str, Any], reason: str, written: Writes, tmp_path: Path
) -> None:
    (found,) = told(written, tmp_path, expect=expect)
    assert reason in found


def test_a_refusal_can_be_expected(written: Writes, tmp_path: Path) -> None:
    case = {"values": {"n": "x"}, "expect": {"fails": "is not of a type(s) integer"}}
    assert told(written, tmp_path, **case) == []


def test_a_refusal_that_was_not_expected_fails(written: Writes, tmp_path: Path) -> None:
    (found,) = told(written, tmp_path, defaults=False, expect={"effects": []})
    assert 'it fails: instance requires property "n"' in found


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ({}, 'case requires property "expect"'),
        ({"expect": {}}, "case.expect"),
        ({"expect": {"file": {}}}, 'additional property "file"'),
        ({"expect": {"files": {"a": {"equal": "x"}}}}, 'additional property "equal"'),
        ({"expect": {"fails": "x"}, "secrets": {"a": 1}}, "case.secrets.a"),
    ],
)
def test_a_case_that_is_none_is_refused(
    case: dict[str, Any], reason: str, written: Writes, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        told(written, tmp_path, **case)
    assert reason in caught.value.message
    assert "a.yaml:1" in caught.value.message


@pytest.mark.parametrize("name", ["python-service", "python-service-cookiecutter"])
def test_our_own_golden_paths_pass_their_cases(name: str, tmp_path: Path) -> None:
    source = read_template(golden_paths() / name)
    cases = read_cases(source)
    assert len(cases) >= 3
    wrong = {case.name: failures(source, case, tmp_path / str(index)) for index, case in enumerate(cases)}
    assert not any(wrong.values()), wrong


@pytest.mark.parametrize(
    ("schema", "given", "answers"),
    [
        ({"properties": {"a": {"default": 1}, "b": {}}}, {}, {"a": 1}),
        ({"properties": {"a": {"default": 1}}}, {"a": None}, {"a": None}),
        ({"properties": {"o": {"type": "object", "properties": {"x": {"default": 1}}}}}, {}, {"o": {"x": 1}}),
        ({"dependencies": {"a": {"properties": {"b": {"default": 2}}}}}, {}, {}),
        ({"dependencies": {"a": {"properties": {"b": {"default": 2}}}}}, {"a": 1}, {"a": 1, "b": 2}),
        (
            {
                "properties": {"a": {"default": "y"}},
                "dependencies": {
                    "a": {
                        "oneOf": [
                            {"properties": {"a": {"const": "x"}, "b": {"default": 1}}},
                            {"properties": {"a": {"enum": ["y"]}, "c": {"default": 2}}},
                        ]
                    }
                },
            },
            {},
            {"a": "y", "c": 2},
        ),
        (
            {
                "if": {"properties": {"a": {"const": 1}}, "required": ["a"]},
                "then": {"properties": {"b": {"default": "then"}}},
                "else": {"properties": {"b": {"default": "else"}}},
            },
            {"a": 1},
            {"a": 1, "b": "then"},
        ),
    ],
)
def test_defaults_are_filled_in_as_the_form_does(
    schema: dict[str, Any], given: dict[str, Any], answers: dict[str, Any]
) -> None:
    assert with_defaults(template_document("t", [], parameters=[schema]), given) == answers
