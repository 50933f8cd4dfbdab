"""What the language of templates has beside nunjucks' own, described for those who write templates.

Backstage's four filters, and what modules of the installation add (`expressions.extensions`).
"""

from collections.abc import Mapping
from typing import Any

from scaffolder.expressions.extensions import LOADED, TemplateFilter, TemplateFunction

_DRAFT = {"$schema": "http://json-schema.org/draft-07/schema#"}
_TEXT: dict[str, Any] = {"type": "string"}
_REPO_URL = {**_TEXT, "description": "repo URL as collected from repository picker", **_DRAFT}


def _record(description: str, required: tuple[str, ...], properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
        "description": description,
    }


_REF = ("kind", "namespace", "name")
_ENTITY_REF = "`CompoundEntityRef`"


def _example(expression: str, given: str, makes: str, description: str = "") -> dict[str, str]:
    """One use in a step, with what comes in and what goes out."""
    step = f"- action: debug:log\n  input:\n    message: ${{{{ {expression} }}}}\n"
    shown = {"description": description} if description else {}
    return {**shown, "example": step, "notes": f"`{given}` becomes `{makes}`."}


BUILT_IN: dict[str, dict[str, Any]] = {
    "parseRepoUrl": {
        "description": "Takes a repository's address apart: host, owner, repo and what else its host has.",
        "examples": [
            _example(
                "parameters.repoUrl | parseRepoUrl",
                "github.com?owner=acme&repo=payments",
                '{"host":"github.com","owner":"acme","repo":"payments"}',
            )
        ],
        "schema": {
            "input": _REPO_URL,
            "output": {
                **_record(
                    "`RepoSpec`",
                    ("repo", "host"),
                    dict.fromkeys(("repo", "host", "owner", "organization", "workspace", "project"), _TEXT),
                ),
                **_DRAFT,
            },
        },
    },
    "parseEntityRef": {
        "description": "Takes an entity reference apart: kind, namespace and name.",
        "examples": [
            _example(
                "parameters.owner | parseEntityRef",
                "group:payments",
                '{"kind":"group","namespace":"default","name":"payments"}',
                "With the kind in the reference",
            ),
            _example(
                "parameters.owner | parseEntityRef({defaultKind: 'group', defaultNamespace: 'shop'})",
                "payments",
                '{"kind":"group","namespace":"shop","name":"payments"}',
                "With a kind and a namespace for references that have none",
            ),
        ],
        "schema": {
            "input": {
                "anyOf": [
                    {**_TEXT, "description": "compact entity reference"},
                    _record(_ENTITY_REF, ("name",), dict.fromkeys(_REF, _TEXT)),
                ],
                **_DRAFT,
            },
            "arguments": [
                {
                    "anyOf": [
                        {"not": {}},
                        {
                            "type": "object",
                            "properties": {
                                "defaultKind": {
                                    **_TEXT,
                                    "description": "The default kind, if none is given in the reference",
                                },
                                "defaultNamespace": {
                                    **_TEXT,
                                    "description": "The default namespace, if none is given in the reference",
                                },
                            },
                            "additionalProperties": False,
                        },
                    ],
                    **_DRAFT,
                }
            ],
            "output": {**_record(_ENTITY_REF, _REF, dict.fromkeys(_REF, _TEXT)), **_DRAFT},
        },
    },
    "pick": {
        "description": "The member of an object at a path, such as `name` or `a.b`.",
        "examples": [
            _example(
                "parameters.owner | parseEntityRef | pick('name')",
                '{"kind":"group","namespace":"default","name":"payments"}',
                "payments",
            )
        ],
        "schema": {
            "input": _DRAFT,
            "arguments": [{**_TEXT, "description": "Property", **_DRAFT}],
            "output": {"description": "Selected property", **_DRAFT},
        },
    },
    "projectSlug": {
        "description": "A repository's address as `owner/repo`.",
        "examples": [
            _example(
                "parameters.repoUrl | projectSlug", "github.com?owner=acme&repo=payments", "acme/payments"
            )
        ],
        "schema": {"input": _REPO_URL, "output": {**_TEXT, **_DRAFT}},
    },
}


def document() -> dict[str, Any]:
    """As `GET /v2/templating-extensions` shows it (SCAFFOLDER.md 3.3)."""
    return {
        "filters": BUILT_IN | {name: _described(one) for name, one in LOADED.filters.items()},
        "globals": {
            "functions": {name: _described(one) for name, one in LOADED.functions.items()},
            "values": {
                name: {"value": one.value} | ({"description": one.description} if one.description else {})
                for name, one in LOADED.values.items()
            },
        },
    }


def _described(one: TemplateFilter | TemplateFunction) -> dict[str, Any]:
    shown: dict[str, Any] = {"description": one.description} if one.description else {}
    if one.examples:
        shown["examples"] = [dict(example) for example in one.examples]
    return shown | ({"schema": dict(one.schema)} if one.schema else {})
