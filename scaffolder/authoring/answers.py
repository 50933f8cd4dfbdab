"""Answers to a template's form as the form itself would send them: with the defaults of its schema filled in."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from scaffolder.template import parameter_steps
from scaffolder.validation import faults

_DEEPEST = 20


def with_defaults(entity: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The answers with what the form would fill in: defaults of the properties that are asked for with them."""
    values = dict(deepcopy(given))
    for page in parameter_steps(entity):
        _fill(page, values, _DEEPEST)
    return values


def _fill(schema: Mapping[str, Any], values: dict[str, Any], depth: int) -> None:
    if not depth:
        return
    for name, rule in (schema.get("properties") or {}).items():
        if not isinstance(rule, Mapping):
            continue
        if name not in values and "default" in rule:
            values[name] = deepcopy(rule["default"])
        if rule.get("type") == "object" and isinstance(rule.get("properties"), Mapping):
            inner = values.get(name, {})
            if isinstance(inner, dict):
                _fill(rule, inner, depth - 1)
                if inner:
                    values[name] = inner
    for part in _parts_that_apply(schema, values):
        _fill(part, values, depth - 1)


def _parts_that_apply(schema: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The parts of a schema that ask for more because of what is answered so far."""
    for name, rule in (schema.get("dependencies") or {}).items():
        if name in values and isinstance(rule, Mapping):
            yield rule
    for part in schema.get("allOf") or []:
        if isinstance(part, Mapping):
            yield part
    for part in schema.get("oneOf") or schema.get("anyOf") or []:
        if isinstance(part, Mapping) and _chosen(part, values):
            yield part
            break
    condition = schema.get("if")
    if isinstance(condition, Mapping):
        branch = schema.get("else" if faults(condition, values, where="an if of the form") else "then")
        if isinstance(branch, Mapping):
            yield branch


def _chosen(part: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether a branch is the one for these answers: those of its properties that are answered already fit."""
    properties = {name: rule for name, rule in (part.get("properties") or {}).items() if name in values}
    answered = {name: values[name] for name in properties}
    return bool(properties) and not faults({"properties": properties}, answered, where="a branch of the form")
