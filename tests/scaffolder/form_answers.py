"""Answers to any form, made from its schema alone: for templates that are nobody's here."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from scaffolder.authoring.answers import with_defaults
from scaffolder.template import check_values, parameter_steps
from scaffolder.validation import faults

_TEXTS = ["example", "exampleone", "Example", "com.example", "1.0.0", "8080", "https://example.com/a", "a"]


def answers_to(entity: Mapping[str, Any]) -> dict[str, Any]:
    """Answers that fit all pages of a form: every property, defaults first."""
    values = with_defaults(entity, {})
    for _ in range(3):  # an answer may bring up more questions
        for page in parameter_steps(entity):
            for schema in [page, *(page.get("allOf") or [])]:
                for name, rule in (schema.get("properties") or {}).items():
                    if name not in values or faults(rule, values[name], where="a default"):
                        values[name] = answer({key: rule[key] for key in rule if key != "default"})
        values = with_defaults(entity, values)
    check_values(entity, values)
    return values


def answer(rule: Mapping[str, Any]) -> Any:
    """One answer that fits a property's schema."""
    for key in ("default", "const"):
        if key in rule:
            return rule[key]
    for key in ("examples", "enum"):
        if rule.get(key):
            return rule[key][0]
    for choice in rule.get("oneOf") or rule.get("anyOf") or []:
        return answer({**rule, **choice, "oneOf": [], "anyOf": []})
    match rule.get("type"):
        case "object":
            return {name: answer(inner) for name, inner in (rule.get("properties") or {}).items()}
        case "array":
            return [answer(rule.get("items") or {})] * max(1, rule.get("minItems", 1))
        case "boolean":
            return True
        case "number" | "integer":
            return rule.get("minimum", 1)
    if rule.get("ui:field") == "RepoUrlPicker":
        options = rule.get("ui:options") or {}
        host, owner = (options.get(name) or [None] for name in ("allowedHosts", "allowedOwners"))
        return f"{host[0] or 'github.com'}?owner={owner[0] or 'acme'}&repo=example"
    if rule.get("ui:field") in {"OwnerPicker", "EntityPicker", "MyGroupsPicker"}:
        return "group:default/acme"
    fitting = [one for one in _TEXTS if not faults({**rule, "type": "string"}, one, where="a property")]
    return fitting[0] if fitting else st.from_regex(rule["pattern"], fullmatch=True).example()
