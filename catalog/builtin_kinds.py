"""The kinds that Backstage comes with, Template included, as data (CATALOG.md 2.1 and 3)."""

from collections.abc import Mapping
from typing import Any

from catalog.kind import Kind, Link

BACKSTAGE = ("backstage.io/v1alpha1", "backstage.io/v1beta1")
"""The apiVersions of Backstage's own group."""

_TEXT = {"type": "string"}
_SOME_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _SOME_TEXT}
_OBJECT = {"type": "object"}

_OWNER = Link("owner", "ownedBy", "ownerOf", "Group")
_SYSTEM = Link("system", "partOf", "hasPart", "System")
_DEPENDS = (Link("dependsOn", "dependsOn", "dependencyOf"), Link("dependencyOf", "dependencyOf", "dependsOn"))


def _spec(required: tuple[str, ...], **properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


_PROFILE = {
    "type": "object",
    "properties": {"displayName": _SOME_TEXT, "email": _SOME_TEXT, "picture": _SOME_TEXT},
}
_TAGGED = {
    "backstage:permissions": {"type": "object", "properties": {"tags": {"type": "array", "items": _TEXT}}}
}
_CONDITION = {"type": ["string", "boolean"]}
_DECORATORS = {"type": "array", "items": {"type": "object", "properties": {"id": _TEXT, "input": _OBJECT}}}
_PAGE = {"type": "object", "properties": _TAGGED}
_BUTTONS = {"backButtonText": _TEXT, "createButtonText": _TEXT, "reviewButtonText": _TEXT}
_SHOWN = {"if": _CONDITION, "title": _SOME_TEXT, "icon": _SOME_TEXT}
_OUTPUT_LINK = {"type": "object", "properties": {**_SHOWN, "url": _SOME_TEXT, "entityRef": _SOME_TEXT}}
_OUTPUT_TEXT = {"type": "object", "properties": {**_SHOWN, "content": _TEXT}}
_STEP = {
    "type": "object",
    "required": ["action"],
    "properties": {
        "id": _TEXT,
        "name": _TEXT,
        "action": _TEXT,
        "input": _OBJECT,
        "if": _CONDITION,
        **_TAGGED,
    },
}
_TEMPLATE = _spec(
    ("type", "steps"),
    type=_SOME_TEXT,
    owner=_SOME_TEXT,
    lifecycle=_SOME_TEXT,
    parameters={"oneOf": [_PAGE, {"type": "array", "items": _PAGE}]},
    secrets={"type": "object", "properties": {"schema": _OBJECT}},
    presentation={
        "type": "object",
        "properties": {"buttonLabels": {"type": "object", "properties": _BUTTONS}},
    },
    EXPERIMENTAL_recovery={"type": "object", "properties": {"EXPERIMENTAL_strategy": _TEXT}},
    formDecorators=_DECORATORS,
    EXPERIMENTAL_formDecorators=_DECORATORS,
    steps={"type": "array", "items": _STEP},
    output={
        "type": "object",
        "properties": {
            "links": {"type": "array", "items": _OUTPUT_LINK},
            "text": {"type": "array", "items": _OUTPUT_TEXT},
        },
    },
)

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "Component",
            BACKSTAGE,
            _spec(
                ("type", "lifecycle", "owner"),
                type=_SOME_TEXT,
                lifecycle=_SOME_TEXT,
                owner=_SOME_TEXT,
                system=_SOME_TEXT,
                subcomponentOf=_SOME_TEXT,
                providesApis=_TEXTS,
                consumesApis=_TEXTS,
                dependsOn=_TEXTS,
            ),
            (
                _OWNER,
                Link("subcomponentOf", "partOf", "hasPart", "Component"),
                Link("consumesApis", "consumesApi", "apiConsumedBy", "API"),
                Link("providesApis", "providesApi", "apiProvidedBy", "API"),
                *_DEPENDS,
                _SYSTEM,
            ),
        ),
        Kind(
            "API",
            BACKSTAGE,
            _spec(
                ("type", "lifecycle", "owner", "definition"),
                type=_SOME_TEXT,
                lifecycle=_SOME_TEXT,
                owner=_SOME_TEXT,
                system=_SOME_TEXT,
                definition=_SOME_TEXT,
            ),
            (_OWNER, _SYSTEM),
        ),
        Kind(
            "Resource",
            BACKSTAGE,
            _spec(("type", "owner"), type=_SOME_TEXT, owner=_SOME_TEXT, dependsOn=_TEXTS, system=_SOME_TEXT),
            (_OWNER, *_DEPENDS, _SYSTEM),
        ),
        Kind(
            "System",
            BACKSTAGE,
            _spec(("owner",), owner=_SOME_TEXT, domain=_SOME_TEXT, type=_SOME_TEXT),
            (_OWNER, Link("domain", "partOf", "hasPart", "Domain")),
        ),
        Kind(
            "Domain",
            BACKSTAGE,
            _spec(("owner",), owner=_SOME_TEXT, subdomainOf=_SOME_TEXT, type=_SOME_TEXT),
            (_OWNER, Link("subdomainOf", "partOf", "hasPart", "Domain")),
        ),
        Kind(
            "Group",
            BACKSTAGE,
            _spec(
                ("type", "children"),
                type=_SOME_TEXT,
                profile=_PROFILE,
                parent=_SOME_TEXT,
                children=_TEXTS,
                members=_TEXTS,
            ),
            (
                Link("parent", "childOf", "parentOf", "Group"),
                Link("children", "parentOf", "childOf", "Group"),
                Link("members", "hasMember", "memberOf", "User"),
            ),
        ),
        Kind(
            "User",
            BACKSTAGE,
            _spec(("memberOf",), profile=_PROFILE, memberOf=_TEXTS),
            (Link("memberOf", "memberOf", "hasMember", "Group"),),
        ),
        Kind(
            "Location",
            BACKSTAGE,
            _spec(
                (),
                type=_SOME_TEXT,
                target=_SOME_TEXT,
                targets=_TEXTS,
                presence={"type": "string", "enum": ["required", "optional"]},
            ),
        ),
        Kind(
            "Template",
            ("scaffolder.backstage.io/v1beta3",),
            _TEMPLATE,
            (_OWNER,),
            processor="ScaffolderEntitiesProcessor",
        ),
    )
}
