"""Rules that limit a permission to a part of the entities, and criteria made of them → a predicate for SQL.

    {"anyOf": [{"rule": "IS_ENTITY_OWNER", "params": {"claims": ["group:default/payments"]}},
               {"not": {"rule": "HAS_SPEC", "params": {"key": "type", "value": "secret"}}}]}

Names, parameters and the shape of criteria are Backstage's (CATALOG.md 14), so that a policy can be carried over.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.permissions import CONDITIONAL, RESOURCE
from catalog.predicates import All, AnyOf, Has, Holds, Not, Predicate
from catalog.schemas import Schema
from core.errors import InputError

MOST_RULES = 200
DEEPEST = 10
_MEMBERS = {"rule", "resourceType", "params"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it is for, its parameters, and the predicate that they make."""

    name: str
    description: str
    properties: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    predicate: Callable[[Mapping[str, Any]], Predicate]
    _schema: list[Schema] = field(default_factory=list, compare=False, repr=False)

    @property
    def params_schema(self) -> dict[str, Any]:
        """The JSON Schema of its parameters."""
        shape = {"type": "object", "properties": dict(self.properties), "required": list(self.required)}
        return {**shape, "additionalProperties": False, "$schema": "http://json-schema.org/draft-07/schema#"}

    def document(self) -> dict[str, Any]:
        """As the contract's metadata shows it."""
        about = {"name": self.name, "description": self.description, "resourceType": RESOURCE}
        return {**about, "paramsSchema": self.params_schema}

    def faults(self, params: object) -> list[str]:
        """What is wrong with the parameters, the first thing first."""
        if not self._schema:
            self._schema.append(Schema(self.params_schema))
        return [str(fault).replace("<root>", "params") for fault in self._schema[0].faults(params)]


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _texts(description: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "description": description}


def _held(key: str, value: str | None) -> Predicate:
    return Has(key) if value is None else Holds(key, (value,))


def _named(name: str, member: str, noun: str) -> Rule:
    return Rule(
        name,
        f"Allow entities with the specified {noun}",
        {
            noun: _text(f"Name of the {noun} to match on"),
            "value": _text(f"Value of the {noun} to match on"),
        },
        (noun,),
        lambda params: _held(f"metadata.{member}.{params[noun]}", params.get("value")),
    )


def _property(name: str, member: str) -> Rule:
    return Rule(
        name,
        f"Allow entities with the specified {member} subfield",
        {
            "key": _text(f"Property within the entities {member} to match on"),
            "value": _text("Value of the given property to match on"),
        },
        ("key",),
        lambda params: _held(f"{member}.{params['key']}", params.get("value")),
    )


RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        _named("HAS_ANNOTATION", "annotations", "annotation"),
        _named("HAS_LABEL", "labels", "label"),
        _property("HAS_METADATA", "metadata"),
        _property("HAS_SPEC", "spec"),
        Rule(
            "IS_ENTITY_KIND",
            "Allow entities matching a specified kind",
            {"kinds": _texts("List of kinds to match at least one of")},
            ("kinds",),
            lambda params: Holds("kind", tuple(params["kinds"])),
        ),
        Rule(
            "IS_ENTITY_OWNER",
            "Allow entities owned by a specified claim",
            {"claims": _texts("List of claims to match at least one on within ownedBy")},
            ("claims",),
            lambda params: Holds("relations.ownedBy", tuple(params["claims"])),
        ),
    )
}


def check_conditions(conditions: Mapping[str, object]) -> None:
    """Refuse conditions on a permission that takes none, and criteria that cannot be understood. InputError."""
    for permission, criteria in conditions.items():
        if permission not in CONDITIONAL:
            known = ", ".join(sorted(CONDITIONAL))
            raise InputError(f"condition on {permission!r}: only {known} can be limited to some entities")
        try:
            predicate_of(criteria)
        except InputError as error:
            raise InputError(f"condition on {permission!r}: {error.message}") from error


def predicate_of(criteria: object) -> Predicate:
    """The entities that criteria let through; InputError names what is wrong and where."""
    return _Reader().read(criteria, "criteria", 0)


class _Reader:
    def __init__(self) -> None:
        self.rules = 0

    def read(self, criteria: object, at: str, depth: int) -> Predicate:
        if depth > DEEPEST:
            raise InputError(f"{at} is nested deeper than {DEEPEST} levels")
        match criteria:
            case {"allOf": list(parts), **others} if not others and parts:
                return All(self.all(parts, f"{at}.allOf", depth))
            case {"anyOf": list(parts), **others} if not others and parts:
                return AnyOf(self.all(parts, f"{at}.anyOf", depth))
            case {"not": part, **others} if not others:
                return Not(self.read(part, f"{at}.not", depth + 1))
            case {"rule": str(name), **others} if others.keys() <= _MEMBERS:
                return self.rule(name, others, at)
        raise InputError(
            f"{at} must be an object with rule and params, with allOf or anyOf and a list that is not empty, "
            f"or with not; it is {criteria!r:.200}"
        )

    def all(self, parts: list[object], at: str, depth: int) -> tuple[Predicate, ...]:
        return tuple(self.read(part, f"{at}[{index}]", depth + 1) for index, part in enumerate(parts))

    def rule(self, name: str, others: Mapping[Any, Any], at: str) -> Predicate:
        self.rules += 1
        if self.rules > MOST_RULES:
            raise InputError(f"{at}: more than {MOST_RULES} rules")
        if name not in RULES:
            raise InputError(f"{at}.rule is {name!r}; there are {', '.join(RULES)}")
        if others.get("resourceType", RESOURCE) != RESOURCE:
            raise InputError(
                f"{at}.resourceType is {others['resourceType']!r}; rules judge {RESOURCE!r} only"
            )
        params = others.get("params", {})
        for fault in RULES[name].faults(params)[:1]:
            raise InputError(f"{at}: {name}: {fault}")
        return RULES[name].predicate(params)
