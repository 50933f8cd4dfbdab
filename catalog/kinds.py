"""The rules by kind: does a spec fit, which lists come back sorted, what is stated about others."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings

from catalog.builtin_kinds import BACKSTAGE, KINDS
from catalog.kind import Kind, Relation
from catalog.kind_files import declared_kinds
from catalog.problems import Problem, Refused
from catalog.refs import EntityRef

LONGEST_REF = 500
"""Characters of a reference to another entity; a name that could be taken has a third of that."""
_SORTED = ("providesApis", "consumesApis", "dependsOn", "dependencyOf", "memberOf", "children", "members")
"""Lists of references that come back sorted, for kinds of Backstage's own group."""


def known_kinds() -> dict[str, Kind]:
    """Every kind by name: those that Backstage comes with, and those of GREENROOM_CATALOG_KINDS."""
    return {**KINDS, **declared_kinds(settings.GREENROOM_CATALOG_KINDS)}


def kind_of(entity: Mapping[str, Any]) -> Kind | None:
    """The kind that knows this entity, or None."""
    name = entity["kind"]
    kind = KINDS.get(name) or declared_kinds(settings.GREENROOM_CATALOG_KINDS).get(name)
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
    if kind is None or kind.api_versions != BACKSTAGE or not isinstance(spec, dict):
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
