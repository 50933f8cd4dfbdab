"""The page about all actions that templates may name, made from their registry: docs/reference/actions.md."""

from collections.abc import Mapping
from typing import Any

from scaffolder.steps import ACTIONS
from scaffolder.steps.port import Action

_HEAD = """# Actions

All that a step of a template may name. This page is made by `greenroom scaffold actions --markdown` from the actions themselves, and
a test compares the two. `GET /api/scaffolder/v2/actions` has the same with whole schemas and examples.

*Runs dry*: a dry run does it, in the workspace only; others are passed over there. *Foreseen*: a plan tells what it would make outside.
*Taken back*: a rollback undoes what it made, as far as the run can prove that it made it. An input with `*` has to be given.

"""


def markdown() -> str:
    """The whole page."""
    rows = [
        "| action | what it does | runs dry | foreseen | taken back |",
        "| --- | --- | --- | --- | --- |",
        *(_row(action) for action in ACTIONS.values()),
    ]
    return _HEAD + "\n".join(rows) + "\n" + "".join(_section(action) for action in ACTIONS.values())


def _row(action: Action) -> str:
    marks = (action.dry_run, action.foresee is not None, action.undo is not None)
    shown = " | ".join("yes" if mark else "" for mark in marks)
    return f"| `{action.id}` | {_cell(action.description)} | {shown} |"


def _section(action: Action) -> str:
    parts = [f"\n## {action.id}\n\n{' '.join(action.description.split())}\n"]
    for title, schema in (("input", action.input), ("output", action.output or {})):
        rows = _rows(schema)
        if rows:
            parts.append("\n".join(["", f"| {title} | type | |", "| --- | --- | --- |", *rows]) + "\n")
    return "".join(parts)


def _rows(schema: Mapping[str, Any]) -> list[str]:
    required = set(schema.get("required") or ())
    return [
        f"| `{name}`{'*' if name in required else ''} | {_type(one)} | {_cell(str(one.get('description', '')))} |"
        for name, one in (schema.get("properties") or {}).items()
    ]


def _type(schema: Mapping[str, Any]) -> str:
    """What a value is, in a word or two."""
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_type(one) for one in schema[several]))
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return " or ".join(kind)
    items = schema.get("items")
    if kind == "array" and isinstance(items, Mapping):
        return f"array of {_type(items)}"
    return str(kind)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
