"""catalog:register and catalog:write: enter what was made in the catalog."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from django.db import transaction

from catalog.actions import dry_run, ingest_now, register, unregister
from catalog.models import Location
from catalog.processing import SOURCE_TEMPLATE
from catalog.refs import EntityRef
from core.api.subjects import System
from core.audit import Actor
from core.errors import Conflict, GreenroomError, InputError, NotAllowed, NotFound
from scaffolder.registry import instances
from scaffolder.steps.files import encoded, write_bytes
from scaffolder.steps.port import (
    Action,
    Example,
    Foreseen,
    Made,
    StepContext,
    UndoContext,
    flag,
    object_schema,
    text,
)
from scaffolder.steps.yaml_text import yaml_text
from scm.registry import host_for_url

LOCATION = "location"
CREATE = "catalog.location.create"


def register_location(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Register a catalog file and read it at once, so that its entities answer when the step is done.

    A file that cannot be read, or that somebody else registered, fails the step unless `optional`; what was
    registered for nothing is taken back. Of a file that is there already, `optional` tells the entity all the same.
    """
    if not ctx.subject.may(CREATE):
        raise NotAllowed(f"{ctx.subject.ref} may not register anything in the catalog: {CREATE} is missing")
    url = given.get("catalogInfoUrl") or catalog_url(given["repoContentsUrl"], given.get("catalogInfoPath"))
    ctx.log(f"Registering {url} in the catalog")
    try:
        entity = _register(ctx, url)
    except GreenroomError as error:
        if not given.get("optional") or (error.retry and not ctx.again):
            raise
        ctx.warn(f"{url} could not be registered, which this step allows: {error.message}")
        entity = most_wanted(_read(url)) if isinstance(error, Conflict) else None
    return {"catalogInfoUrl": url} | ({"entityRef": entity} if entity else {})


def _register(ctx: StepContext, url: str) -> str | None:
    """The entity to show of what is registered now, or was by an earlier attempt of this run."""
    by: Actor = System(ctx.user.ref)
    if (
        ctx.ledger.proved(LOCATION, url) is not None
        and Location.objects.filter(type="url", target=url).exists()
    ):
        location = Location.objects.get(type="url", target=url)
    else:
        ctx.ledger.intend(LOCATION, url)
        with transaction.atomic():  # the proof and the location are there together, or not at all
            location = register("url", url, by, annotations=instances.provenance(ctx.run_id, url))
            ctx.ledger.prove(LOCATION, url, location=str(location.pk))
    try:
        refs = ingest_now(location)
    except GreenroomError as error:
        if not error.retry:
            unregister(location, by)
        raise
    entity = most_wanted(refs if len(_wanted(refs)) < 2 else _in_order_of_file(url, refs))
    if entity is not None:
        with transaction.atomic():  # who lost the run notes nothing
            ctx.ledger.prove(LOCATION, url, location=str(location.pk))
            instances.record(ctx.run_id, url, entity_ref=entity, location=location.pk)
    return entity


def _in_order_of_file(url: str, refs: list[str]) -> list[str]:
    """What the catalog took, as the file has it: the first one is shown. The catalog keeps no order, so it is read again."""
    places = {ref: place for place, ref in enumerate(_read(url))}
    return sorted(refs, key=lambda ref: places.get(ref, len(places)))


def _read(url: str) -> list[str]:
    """What a file holds, in its order; nothing when it cannot be read."""
    try:
        _, harvest = dry_run("url", url)
    except GreenroomError:
        return []
    return [found.ref for found in harvest.found]


def foresee_location(ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    """The location that would be registered; what it holds is not known before it is there."""
    try:
        url = given.get("catalogInfoUrl") or catalog_url(
            given["repoContentsUrl"], given.get("catalogInfoPath")
        )
    except InputError as error:  # a folder is tried where no code host is known: then it cannot be told
        raise NotFound(error.message) from error
    return Foreseen(((LOCATION, url),), {"catalogInfoUrl": url})


def forget_location(ctx: UndoContext, made: Made) -> None:
    """Unregister a location that the run registered. What is not proved was not made: both are one transaction."""
    location = Location.objects.filter(pk=made.details["location"]).first() if made.proved else None
    if location is None:
        ctx.log(f"{made.key} is not in the catalog, or somebody else put it there")
        return
    unregister(location, System(ctx.made_by))
    ctx.log(f"{made.key} is no longer in the catalog")


def catalog_url(contents_url: str, path: str | None) -> str:
    """The address of a catalog file in a repository: from its root for a path that begins with /, else from the folder.

    InputError when no code host knows the repository.
    """
    wanted = path or "/catalog-info.yaml"
    found = host_for_url(contents_url)
    if found is None:
        raise InputError(
            f"No integration found for host {contents_url!r}; give catalogInfoUrl instead, or configure the host"
        )
    code_host, address = found
    folder = f"{address.path}/" if address.path and not wanted.startswith("/") else ""
    inside = urljoin(folder, wanted.lstrip("/"))
    ref = address.ref
    if ref == "HEAD":
        ref = code_host.get_repository(address.repository).default_branch
    return code_host.contents_url(address.repository, ref, inside)


def most_wanted(refs: list[str]) -> str | None:
    """The entity to show of those in a file: a component, else anything that has a name of its own; the first of them."""
    return next(iter(_wanted(refs)), None)


def _wanted(refs: list[str]) -> list[str]:
    """Those of the first sort that there are any of."""
    named = [ref for ref in refs if not EntityRef.parse(ref).name.startswith("generated-")]
    return [ref for ref in named if ref.startswith("component:")] or named or refs


def write(ctx: StepContext, given: dict[str, Any]) -> None:
    """Write an entity to a catalog file of the workspace, with the template that made it."""
    path = given.get("filePath") or "catalog-info.yaml"
    ctx.log(f"Writing {path}")
    entity = dict(given["entity"])
    metadata = _object(entity, "metadata", "entity.metadata")
    annotations = _object(metadata, "annotations", "entity.metadata.annotations")
    entity["metadata"] = metadata | {"annotations": annotations | {SOURCE_TEMPLATE: ctx.template_ref}}
    write_bytes(ctx, path, encoded(yaml_text(entity)))


def _object(whole: Mapping[str, Any], name: str, path: str) -> dict[str, Any]:
    value = whole.get(name) or {}
    if not isinstance(value, Mapping):
        raise InputError(f"{path} must be an object, not {value!r:.60}")
    return dict(value)


ACTIONS = (
    Action(
        id="catalog:register",
        description="Registers a catalog file; its entities are in the catalog when the step is done.",
        input={
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "anyOf": [{"required": ["catalogInfoUrl"]}, {"required": ["repoContentsUrl"]}],
            "properties": {
                "catalogInfoUrl": text("The address of the catalog file.", minLength=1),
                "repoContentsUrl": text("The address of the repository's files.", minLength=1),
                "catalogInfoPath": text(
                    "The catalog file's path in the repository. Default: /catalog-info.yaml"
                ),
                "optional": flag("Whether the step may fail to register it. Default: no."),
            },
        },
        output=object_schema(
            ("catalogInfoUrl",),
            entityRef=text("The component that was registered, or the first entity of another kind."),
            catalogInfoUrl=text("The address that was registered."),
        ),
        run=register_location,
        foresee=foresee_location,
        undo=forget_location,
        examples=(
            Example(
                "Register what was published",
                "steps:\n  - action: catalog:register\n    input:\n"
                "      repoContentsUrl: ${{ steps.publish.output.repoContentsUrl }}\n",
            ),
        ),
    ),
    Action(
        id="catalog:write",
        description="Writes an entity to a catalog file of the workspace.",
        input=object_schema(
            ("entity",),
            entity={"type": "object", "description": "The entity, as the catalog takes it."},
            filePath=text("Where to write it. Default: catalog-info.yaml"),
        ),
        run=write,
        dry_run=True,
        examples=(
            Example(
                "Write a component",
                "steps:\n  - action: catalog:write\n    input:\n      entity:\n"
                "        apiVersion: backstage.io/v1alpha1\n        kind: Component\n"
                "        metadata: {name: api}\n        spec: {type: service, lifecycle: production, owner: team-a}\n",
            ),
        ),
    ),
)
