"""Rules that limit a permission to some runs, actions or steps of templates, and criteria made of them → a test or SQL.

    {"anyOf": [{"rule": "HAS_ACTION_ID", "params": {"actionId": "debug:log"}},
               {"not": {"rule": "HAS_STRING_PROPERTY", "params": {"key": "repoVisibility", "value": "public"}}}]}

Names, parameters and the shape of criteria are Backstage's (SCAFFOLDER.md 8), so that a policy can be carried over.
What a rule cannot know yet, such as an input that is not rendered, is None: neither yes nor no.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import jsonschema_rs

from core.errors import InputError
from scaffolder.permissions import ACTION, CONDITIONAL, TASK, TEMPLATE

MOST_RULES = 200
DEEPEST = 10
_MEMBERS = {"rule", "resourceType", "params"}
_TEXT: Mapping[str, Any] = {"type": "string"}
T = TypeVar("T")
Test = Callable[[Any], bool | None]
"""Whether a thing fulfils the criteria; None when that cannot be known yet."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it judges, its parameters, and the test that they make."""

    name: str
    description: str
    resource: str
    properties: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    test: Callable[[Mapping[str, Any]], Test]

    @property
    def params_schema(self) -> dict[str, Any]:
        """The JSON Schema of its parameters."""
        shape = {"type": "object", "properties": dict(self.properties), "required": list(self.required)}
        return {**shape, "additionalProperties": False, "$schema": "http://json-schema.org/draft-07/schema#"}

    def document(self) -> dict[str, Any]:
        """As the contract's metadata shows it."""
        about = {"name": self.name, "description": self.description, "resourceType": self.resource}
        return {**about, "paramsSchema": self.params_schema}


@dataclass(frozen=True, slots=True)
class Call:
    """An action that would be called. `input` is None while it is not rendered."""

    action: str
    input: Mapping[str, Any] | None = None


def _has_tag(params: Mapping[str, Any]) -> Test:
    def test(step: Mapping[str, Any]) -> bool:
        said = step.get("backstage:permissions")
        tags = said.get("tags") if isinstance(said, Mapping) else None
        return isinstance(tags, list) and params["tag"] in tags

    return test


def _property(name: str, noun: str, types: tuple[type, ...]) -> Rule:
    def made(params: Mapping[str, Any]) -> Test:
        def test(call: Call) -> bool | None:
            if call.input is None:
                return None
            held = _at(call.input, params["key"])
            if not isinstance(held, types) or isinstance(held, bool) != (bool in types):
                return False
            return bool("value" not in params or held == params["value"])

        return test

    return Rule(
        name,
        f"Allow actions whose input holds this {noun} property",
        ACTION,
        {
            "key": {**_TEXT, "description": "Where it stands in the input: names joined by dots"},
            "value": {"type": noun, "description": "What it has to be; any, without it"},
        },
        ("key",),
        made,
    )


def _at(input_: Any, key: str) -> Any:
    if isinstance(input_, Mapping) and key in input_:
        return input_[key]
    for part in key.split("."):
        if isinstance(input_, Mapping):
            input_ = input_.get(part)
        elif isinstance(input_, list) and part.isdecimal() and int(part) < len(input_):
            input_ = input_[int(part)]
        else:
            return None
    return input_


RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            "HAS_TAG",
            "Allow steps and parameters of templates with this tag",
            TEMPLATE,
            {"tag": {**_TEXT, "description": "One of backstage:permissions.tags"}},
            ("tag",),
            _has_tag,
        ),
        Rule(
            "HAS_ACTION_ID",
            "Allow this action",
            ACTION,
            {"actionId": {**_TEXT, "description": "The action's id"}},
            ("actionId",),
            lambda params: lambda call: bool(call.action == params["actionId"]),
        ),
        _property("HAS_STRING_PROPERTY", "string", (str,)),
        _property("HAS_NUMBER_PROPERTY", "number", (int, float)),
        _property("HAS_BOOLEAN_PROPERTY", "boolean", (bool,)),
        Rule(
            "IS_TASK_OWNER",
            "Allow runs that one of these started",
            TASK,
            {
                "createdBy": {
                    "type": "array",
                    "items": _TEXT,
                    "description": "References of users and services",
                }
            },
            ("createdBy",),
            lambda params: lambda run: run.created_by in params["createdBy"],
        ),
    )
}


@dataclass(frozen=True)
class Words(Generic[T]):
    """What criteria are made into: how a rule, and what joins them, is written."""

    rule: Callable[[Rule, Mapping[str, Any]], T]
    all: Callable[[Sequence[T]], T]
    any: Callable[[Sequence[T]], T]
    no: Callable[[T], T]


def check_conditions(conditions: Mapping[str, object]) -> None:
    """Refuse conditions on a permission that takes none, and criteria that cannot be understood. InputError."""
    for permission, criteria in conditions.items():
        if permission not in CONDITIONAL:
            known = ", ".join(sorted(CONDITIONAL))
            raise InputError(f"condition on {permission!r}: only {known} can be limited")
        try:
            test_of(criteria, CONDITIONAL[permission])
        except InputError as error:
            raise InputError(f"condition on {permission!r}: {error.message}") from error


def test_of(criteria: object, resource: str) -> Test:
    """What fulfils the criteria; InputError names what is wrong and where."""
    return read(criteria, resource, TESTS)


def read(criteria: object, resource: str, words: Words[T]) -> T:
    """Criteria about a type of resource, written in other words."""
    return _Reader(resource, words).read(criteria, "criteria", 0)


class _Reader(Generic[T]):
    def __init__(self, resource: str, words: Words[T]) -> None:
        self.resource, self.words, self.rules = resource, words, 0

    def read(self, criteria: object, at: str, depth: int) -> T:
        if depth > DEEPEST:
            raise InputError(f"{at} is nested deeper than {DEEPEST} levels")
        match criteria:
            case {"allOf": list(parts), **others} if not others and parts:
                return self.words.all(self.each(parts, f"{at}.allOf", depth))
            case {"anyOf": list(parts), **others} if not others and parts:
                return self.words.any(self.each(parts, f"{at}.anyOf", depth))
            case {"not": part, **others} if not others:
                return self.words.no(self.read(part, f"{at}.not", depth + 1))
            case {"rule": str(name), **others} if others.keys() <= _MEMBERS:
                return self.rule(name, others, at)
        raise InputError(
            f"{at} must be an object with rule and params, with allOf or anyOf and a list that is not empty, "
            f"or with not; it is {criteria!r:.200}"
        )

    def each(self, parts: list[object], at: str, depth: int) -> list[T]:
        return [self.read(part, f"{at}[{index}]", depth + 1) for index, part in enumerate(parts)]

    def rule(self, name: str, others: Mapping[Any, Any], at: str) -> T:
        self.rules += 1
        if self.rules > MOST_RULES:
            raise InputError(f"{at}: more than {MOST_RULES} rules")
        known = [rule.name for rule in RULES.values() if rule.resource == self.resource]
        if name not in known:
            raise InputError(f"{at}.rule is {name!r}; about {self.resource} there are {', '.join(known)}")
        if others.get("resourceType", self.resource) != self.resource:
            raise InputError(f"{at}.resourceType is {others['resourceType']!r}; it is {self.resource!r} here")
        params = others.get("params", {})
        for fault in jsonschema_rs.Draft7Validator(RULES[name].params_schema).iter_errors(params):
            raise InputError(f"{at}: {name}: params: {fault.message}")
        return self.words.rule(RULES[name], params)


def _all(tests: Sequence[Test]) -> Test:
    def test(thing: Any) -> bool | None:
        said = [one(thing) for one in tests]
        return False if False in said else None if None in said else True

    return test


def _no(one: Test) -> Test:
    def test(thing: Any) -> bool | None:
        said = one(thing)
        return None if said is None else not said

    return test


TESTS: Words[Test] = Words(
    rule=lambda rule, params: rule.test(params),
    all=_all,
    any=lambda tests: _no(_all([_no(one) for one in tests])),
    no=_no,
)
