"""Per kind: its schema and the relations that its spec means (CATALOG.md 2.1 and 3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.problems import Problem, Refused
from catalog.refs import EntityRef
from catalog.schemas import Schema

_TEXT = {"type": "string"}
_SOME_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _SOME_TEXT}
_OBJECT = {"type": "object"}
_BACKSTAGE = ("backstage.io/v1alpha1", "backstage.io/v1beta1")


LONGEST_REF = 500
"""Characters of a reference to another entity; a name that could be taken has a third of that."""


@dataclass(frozen=True, slots=True)
class Relation:
    """One fact that an entity states about another, readable both ways. References are canonical texts."""

    source: str
    type: str
    target: str
    reverse: str


@dataclass(frozen=True, slots=True)
class Link:
    """What a field of the spec means: relation names both ways, and the kind that a bare name stands for."""

    field: str
    forward: str
    reverse: str
    default_kind: str = ""


_OWNER = Link("owner", "ownedBy", "ownerOf", "Group")
_SYSTEM = Link("system", "partOf", "hasPart", "System")
_DEPENDS = (Link("dependsOn", "dependsOn", "dependencyOf"), Link("dependencyOf", "dependencyOf", "dependsOn"))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entity: which apiVersions it has, what its spec must look like, and what it relates to."""

    name: str
    api_versions: tuple[str, ...]
    spec: Mapping[str, Any]
    links: tuple[Link, ...] = ()
    spec_required: bool = True
    processor: str = "BuiltinKindsEntityProcessor"
    _schema: list[Schema] = field(default_factory=list, compare=False, repr=False)

    @property
    def schema(self) -> Schema:
        """The whole entity's schema, compiled at first use."""
        if not self._schema:
            properties = {
                "apiVersion": {"enum": list(self.api_versions)},
                "kind": {"enum": [self.name]},
                "spec": self.spec,
            }
            required = ["spec"] if self.spec_required else []
            self._schema.append(Schema({"type": "object", "required": required, "properties": properties}))
        return self._schema[0]

    def recognises(self, entity: Mapping[str, Any]) -> bool:
        """Whether kind and apiVersion are this kind's; both are case-sensitive here, and only here."""
        return entity["kind"] == self.name and entity["apiVersion"] in self.api_versions


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
            _BACKSTAGE,
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
            _BACKSTAGE,
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
            _BACKSTAGE,
            _spec(("type", "owner"), type=_SOME_TEXT, owner=_SOME_TEXT, dependsOn=_TEXTS, system=_SOME_TEXT),
            (_OWNER, *_DEPENDS, _SYSTEM),
        ),
        Kind(
            "System",
            _BACKSTAGE,
            _spec(("owner",), owner=_SOME_TEXT, domain=_SOME_TEXT, type=_SOME_TEXT),
            (_OWNER, Link("domain", "partOf", "hasPart", "Domain")),
        ),
        Kind(
            "Domain",
            _BACKSTAGE,
            _spec(("owner",), owner=_SOME_TEXT, subdomainOf=_SOME_TEXT, type=_SOME_TEXT),
            (_OWNER, Link("subdomainOf", "partOf", "hasPart", "Domain")),
        ),
        Kind(
            "Group",
            _BACKSTAGE,
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
            _BACKSTAGE,
            _spec(("memberOf",), profile=_PROFILE, memberOf=_TEXTS),
            (Link("memberOf", "memberOf", "hasMember", "Group"),),
        ),
        Kind(
            "Location",
            _BACKSTAGE,
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

_SORTED = ("providesApis", "consumesApis", "dependsOn", "dependencyOf", "memberOf", "children", "members")
"""Lists of references that come back sorted, for kinds of Backstage's own group."""


def kind_of(entity: Mapping[str, Any]) -> Kind | None:
    """The kind that knows this entity, or None."""
    kind = KINDS.get(entity["kind"])
    return kind if kind is not None and kind.recognises(entity) else None


def check_kind(entity: Mapping[str, Any]) -> Kind:
    """The entity's kind, when its spec fits; Refused when no kind knows it or its spec does not."""
    kind = kind_of(entity)
    ref = EntityRef.of(entity)
    if kind is None:
        hint = "possibly caused by a foreign kind or apiVersion"
        raise Refused.because("InputError", f"No processor recognized the entity {ref} as valid, {hint}")
    for fault in kind.schema.faults(entity)[:1]:
        text = f"Processor {kind.processor} threw an error while validating the entity {ref}"
        raise Refused(
            Problem.caused("InputError", text, Problem("TypeError", f"{fault} - {fault.parameters}"))
        )
    return kind


def sort_references(entity: dict[str, Any]) -> dict[str, Any]:
    """The entity with its lists of references in order; what is no list of texts is left alone."""
    kind, spec = kind_of(entity), entity.get("spec")
    if kind is None or kind.api_versions != _BACKSTAGE or not isinstance(spec, dict):
        return entity
    in_order = {
        name: sorted(spec[name], key=_utf16)
        for name in _SORTED
        if isinstance(spec.get(name), list) and all(isinstance(item, str) for item in spec[name])
    }
    return {**entity, "spec": {**spec, **in_order}} if in_order else entity


def relations_of(entity: Mapping[str, Any], kind: Kind) -> list[Relation]:
    """What the entity states about others, without repetitions; Refused for an unreadable reference."""
    source = EntityRef.of(entity)
    try:
        return list(dict.fromkeys(_relations(entity, kind, source)))
    except Refused as refused:
        text = f"Processor {kind.processor} threw an error while postprocessing"
        raise Refused(Problem.caused("InputError", text, refused.problem)) from refused


def _relations(entity: Mapping[str, Any], kind: Kind, source: EntityRef) -> Iterator[Relation]:
    spec = entity.get("spec") or {}
    for link in kind.links:
        value = spec.get(link.field)
        for text in value if isinstance(value, list) else [value] if value else []:
            if not isinstance(text, str):
                found = f"spec.{link.field} of {source} must hold texts"
                raise Refused.because("TypeError", f"Entity reference {text!r} is not a text: {found}")
            target = EntityRef.parse(
                text,
                default_kind=link.default_kind,
                default_namespace=entity["metadata"].get("namespace", ""),
            )
            if len(text) > LONGEST_REF or "\x00" in text:
                limits = f"longer than {LONGEST_REF} characters, or with a NUL: no entity has such a name"
                raise Refused.because(
                    "Error", f'Entity reference "{text[:80]}" in spec.{link.field} is {limits}'
                )
            yield Relation(str(source), link.forward, str(target), link.reverse)


def _utf16(text: str) -> bytes:
    """JavaScript's order of texts."""
    return text.encode("utf-16-be", "surrogatepass")
