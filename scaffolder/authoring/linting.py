"""Looks a template over: its form, its steps, its expressions, its skeletons; every finding with a place and a way out."""

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from core.errors import GreenroomError, InputError
from scaffolder.authoring.findings import Finding
from scaffolder.authoring.lint_expressions import ExpressionRules
from scaffolder.authoring.lint_skeletons import skeleton_findings
from scaffolder.authoring.source import Source, read_templates
from scaffolder.steps import ACTIONS
from scaffolder.steps.port import Action
from scaffolder.template import parameter_steps, workflow_steps
from scaffolder.validation import compiled

_IGNORED = {("fetch:template", "copyWithoutRender"): "use copyWithoutTemplating"}
_NOT_IN_ID = frozenset(" \t\r\n.'\"[]{}")


def lint(path: Path, root: Path | None = None) -> list[Finding]:
    """All findings about the templates of a file or folder, in the order of their places."""
    try:
        sources = read_templates(path, root)
    except GreenroomError as error:
        return [Finding("template-invalid", path, error.message, "mend the file", line=_line(error))]
    found = [finding for source in sources for finding in _findings(source)]
    return sorted(set(found), key=lambda one: (str(one.file), one.line, one.column, one.rule, one.message))


def _line(error: GreenroomError) -> int:
    """The line that an error names, as `file:12`; 0 when it names none."""
    numbers = [part for part in error.message.split(":")[1:3] if part.strip().isdecimal()]
    return int(numbers[0]) if numbers else 0


def _findings(source: Source) -> Iterator[Finding]:
    yield from _form(source)
    steps = workflow_steps(source.entity)
    yield from _ids(source, steps)
    for position, step in enumerate(steps):
        yield from _step(source, position, step)
        yield from skeleton_findings(source, position, step)
    yield from ExpressionRules(source, steps).findings()


def _form(source: Source) -> Iterator[Finding]:
    several = isinstance(source.entity["spec"].get("parameters"), list)
    for number, page in enumerate(parameter_steps(source.entity)):
        path: tuple[str | int, ...] = ("spec", "parameters", *((number,) if several else ()))
        try:
            compiled(page, f"page {number + 1} of the form")
        except InputError as error:
            yield Finding.at(
                "schema-invalid", source.file, source.place(*path), error.message, "see JSON Schema, draft 7"
            )


def _ids(source: Source, steps: list[dict[str, Any]]) -> Iterator[Finding]:
    counted: Counter[str] = Counter()
    for position, step in enumerate(steps):
        name, place = step["id"], source.place("spec", "steps", position, "id")
        counted[str(name)] += 1
        if not isinstance(name, str) or not name or _NOT_IN_ID & set(name):
            yield Finding.at(
                "bad-id",
                source.file,
                place,
                f"step id {name!r} cannot be named in an expression",
                "use letters, digits, '_' and '-'",
            )
        if counted[str(name)] == 2:
            yield Finding.at(
                "duplicate-id",
                source.file,
                place,
                f"there is a step {name!r} before",
                "give each step an id of its own",
            )


def _step(source: Source, position: int, step: dict[str, Any]) -> Iterator[Finding]:
    at: tuple[str | int, ...] = ("spec", "steps", position)
    action = ACTIONS.get(step["action"])
    condition = step.get("if")
    if isinstance(condition, str) and not any(mark in condition for mark in ("${{", "{%")):
        yield Finding.at(
            "always-true",
            source.file,
            source.place(*at, "if"),
            f"if: {condition!r} is a text, and every text but the empty one is true",
            "write `if: ${{ … }}`, or `if: false` without quotes",
        )
    if action is None:
        near = get_close_matches(step["action"], list(ACTIONS), n=3, cutoff=0.5)
        way_out = f"did you mean {' or '.join(near)}?" if near else "see GET /api/scaffolder/v2/actions"
        yield Finding.at(
            "unknown-action",
            source.file,
            source.place(*at, "action"),
            f"step {step['id']!r} asks for {step['action']!r}, which does not exist here",
            way_out,
        )
        return
    yield from _inputs(source, at, step, action)


def _inputs(
    source: Source, at: tuple[str | int, ...], step: dict[str, Any], action: Action
) -> Iterator[Finding]:
    given = step.get("input") or {}
    if not isinstance(given, dict):
        return
    known = action.input.get("properties", {})
    for name in given:
        place = source.place(*at, "input", name)
        if (action.id, name) in _IGNORED:
            message, way_out = f"{action.id} does nothing with {name}", _IGNORED[action.id, name]
            yield Finding.at("ignored-input", source.file, place, message, way_out)
        elif name not in known:
            near = get_close_matches(name, list(known), n=1, cutoff=0.6)
            way_out = f"did you mean {near[0]}?" if near else f"it has {', '.join(known) or 'none'}"
            message = f"{action.id} has no input {name!r}"
            yield Finding.at("unknown-input", source.file, place, message, way_out)
    for name in action.input.get("required", []):
        if name not in given:
            message = f"{action.id} needs the input {name!r}"
            where = source.place(*at, "action")
            yield Finding.at("missing-input", source.file, where, message, f"give input.{name}")
