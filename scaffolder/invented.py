"""Outputs for steps that a dry run does not do: example values of the right shape, from the output's schema."""

from collections.abc import Mapping
from typing import Any

_BY_TYPE: dict[str, Any] = {"string": "<example>", "number": 0, "integer": 0, "boolean": False}
_DEEPEST = 8


def invented_output(schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """What an action with this output schema might give; nothing when it gives nothing (SCAFFOLDER.md 6)."""
    made = _example(schema, _DEEPEST) if schema else {}
    return made if isinstance(made, dict) else {}


def _example(schema: Any, depth: int) -> Any:
    if not isinstance(schema, Mapping) or not depth:
        return "<unknown>"
    examples = schema.get("examples")
    if isinstance(examples, list) and examples:
        return examples[0]
    match schema.get("type"):
        case "object":
            properties = schema.get("properties") or {}
            return {name: _example(inner, depth - 1) for name, inner in properties.items()}
        case "array":
            items = schema.get("items")
            first = items[0] if isinstance(items, list) and items else items
            return [_example(first, depth - 1)] if isinstance(first, Mapping) else []
        case str(name):
            return _BY_TYPE.get(name, "<unknown>")
    return "<unknown>"
