"""The recorded answers of the contract's own engine: every expression and every file rendering gives the same."""

import json
from typing import Any

import pytest

from scaffolder.expressions import UNDEFINED, Environment, ExpressionError, Renderer, render_text
from scaffolder.expressions.filters.backstage import picked
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared

OLD = {'${{ parameters.obj.hasOwnProperty("k") }}'}
"""Cases whose recorded answer is that a method is not there, which the engine before 4.0.3 had.

We offer both engines' methods, so that old templates run (SCAFFOLDER.md 3.2); without `old_methods` all answers are those
of today's engine.
"""

OPTIONS = {
    "trimBlocks": "trim_blocks",
    "lstripBlocks": "lstrip_blocks",
    "cookiecutterCompat": "cookiecutter_compat",
}


def golden() -> dict[str, Any]:
    if SHARED is None:
        return {"values": [], "files": []}
    document: dict[str, Any] = json.loads((SHARED / "contract/golden/expressions.json").read_text())
    return document


GOLDEN = golden()


def answered(template: str, **options: bool) -> dict[str, Any]:
    environment = Environment(filters={"pick": picked}, **options)  # type: ignore[arg-type]  # one flag
    renderer = Renderer(GOLDEN["context"], environment=environment)
    try:
        value = renderer.value(template)
    except ExpressionError as error:
        return {"error": error.message}
    return {"undefined": True} if value is UNDEFINED else {"value": value}


@pytest.mark.parametrize("case", GOLDEN["values"], ids=lambda case: case["template"])
def test_a_value_renders_as_recorded(case: dict[str, Any]) -> None:
    answer = answered(case["template"], old_methods=False)
    recorded = {key: case[key] for key in ("value", "undefined", "error") if key in case}
    assert answer == recorded
    assert json.dumps(answer) == json.dumps(recorded), "the types differ"
    assert (answered(case["template"]) == recorded) == (case["template"] not in OLD)


def test_old_methods_answer_as_the_engine_that_had_them() -> None:
    legacy = {case["template"]: case["legacy"] for case in GOLDEN["values"] if case["template"] in OLD}
    assert {template: answered(template) for template in legacy} == legacy


@pytest.mark.parametrize("case", GOLDEN["files"], ids=lambda case: f"{case['source']} {case['options']}")
def test_a_file_renders_as_recorded(case: dict[str, Any]) -> None:
    options = {OPTIONS[name]: value for name, value in case["options"].items()}
    name = "cookiecutter" if case["options"].get("cookiecutterCompat") else "values"
    try:
        answer = {"result": render_text(case["source"], {name: GOLDEN["fileContext"]["values"]}, **options)}
    except ExpressionError as error:
        answer = {"error": error.message}
    assert answer == {key: case[key] for key in ("result", "error") if key in case}
