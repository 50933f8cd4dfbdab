"""The recorded answers of the contract's own engine: every expression and every file rendering gives the same."""

import json
from typing import Any

import pytest

from scaffolder.expressions import UNDEFINED, Environment, ExpressionError, Renderer, render_text
from scaffolder.expressions.filters.backstage import picked
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared

OURS = {
    '${{ parameters.obj.hasOwnProperty("k") }}': "a method of the engine before 4.0.3, offered for old templates",
}
"""Where we differ on purpose. A case that becomes equal must leave this list."""

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


@pytest.mark.parametrize("case", GOLDEN["values"], ids=lambda case: case["template"])
def test_a_value_renders_as_recorded(case: dict[str, Any]) -> None:
    renderer = Renderer(GOLDEN["context"], environment=Environment(filters={"pick": picked}))
    try:
        value = renderer.value(case["template"])
        answer = {"undefined": True} if value is UNDEFINED else {"value": value}
    except ExpressionError as error:
        answer = {"error": error.message}
    recorded = {key: case[key] for key in ("value", "undefined", "error") if key in case}
    equal = json.dumps(answer) == json.dumps(recorded)
    if case["template"] in OURS:
        assert not equal, f"equal now: take it off the list ({OURS[case['template']]})"
    else:
        assert answer == recorded
        assert equal, "the types differ"


@pytest.mark.parametrize("case", GOLDEN["files"], ids=lambda case: f"{case['source']} {case['options']}")
def test_a_file_renders_as_recorded(case: dict[str, Any]) -> None:
    options = {OPTIONS[name]: value for name, value in case["options"].items()}
    name = "cookiecutter" if case["options"].get("cookiecutterCompat") else "values"
    try:
        answer = {"result": render_text(case["source"], {name: GOLDEN["fileContext"]["values"]}, **options)}
    except ExpressionError as error:
        answer = {"error": error.message}
    assert answer == {key: case[key] for key in ("result", "error") if key in case}
