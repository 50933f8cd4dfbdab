"""catalog:fetch: entities of the catalog, as far as who asked for the run may see them."""

from collections.abc import Sequence
from typing import Any

from catalog.models import Entity
from catalog.permissions import READ
from catalog.refs import EntityRef
from core.errors import InputError, NotAllowed, NotFound, TooLarge
from scaffolder.steps.port import Action, Example, StepContext, flag, object_schema, text, texts

MOST = 500
"""Entities that one step fetches."""


def fetch(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """One entity or several, in the order asked for; what is not there is null when `optional`, else NotFound."""
    if not ctx.subject.may(READ):
        raise NotAllowed(f"{ctx.subject.ref} may not read the catalog: {READ} is missing")
    one, several = given.get("entityRef"), given.get("entityRefs")
    if not one and several is None:
        raise InputError("Missing entity reference or references")
    refs = [_ref(text_, given) for text_ in ([one] if one else several or [])]
    found = _found(ctx, refs)
    if not given.get("optional"):
        for ref in refs:
            if ref not in found:
                raise NotFound(f"Entity {ref} not found")
    documents = [found.get(ref) for ref in refs]
    return {"entity": documents[0]} if one else {"entities": documents}


def _ref(written: str, given: dict[str, Any]) -> str:
    ref = EntityRef.parse(
        written,
        default_kind=given.get("defaultKind") or "",
        default_namespace=given.get("defaultNamespace") or "default",
    )
    return str(ref).lower()


def _found(ctx: StepContext, refs: Sequence[str]) -> dict[str, Any]:
    if len(refs) > MOST:
        raise TooLarge(
            f"entityRefs has {len(refs)} references; one step fetches {MOST}: use several steps, or each"
        )
    visible = Entity.objects.visible_to(ctx.subject).filter(ref__in=set(refs)).select_related("stored")
    return {entity.ref: entity.document for entity in visible}


ACTIONS = (
    Action(
        id="catalog:fetch",
        description="Fetches entities from the catalog by their references, as far as the user may see them.",
        input=object_schema(
            entityRef=text("The reference of one entity."),
            entityRefs=texts(f"The references of several, {MOST} at the most."),
            optional=flag("Whether an entity may be missing; then there is null in its place. Default: no."),
            defaultKind=text("The kind of references that name none."),
            defaultNamespace=text("The namespace of references that name none. Default: default."),
        ),
        output=object_schema(
            entity={"description": "The entity, when entityRef was given."},
            entities={"type": "array", "description": "The entities, when entityRefs was given."},
        ),
        run=fetch,
        dry_run=True,
        examples=(
            Example(
                "Fetch one",
                "steps:\n  - id: fetch\n    action: catalog:fetch\n    input:\n      entityRef: component:default/api\n",
            ),
            Example(
                "Fetch the owner that the form gave, which may be a bare name",
                "steps:\n  - id: owner\n    action: catalog:fetch\n    input:\n"
                "      entityRef: ${{ parameters.owner }}\n      defaultKind: group\n      optional: true\n",
            ),
            Example(
                "Fetch several",
                "steps:\n  - id: fetch\n    action: catalog:fetch\n    input:\n"
                "      entityRefs: [component:default/api, system:default/shop]\n",
            ),
        ),
    ),
)
