"""One document of a file → one entity that is fit to be stored, or the reason why not.

The order is Backstage's (CATALOG.md 13.2), so that a document with several faults names the same one first:
envelope, placeholders, sorted lists, location annotations, policy, kind, relations.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.descriptor import apply_policy, check_envelope, check_size
from catalog.kind import Relation
from catalog.kinds import LONGEST_REF, check_kind, relations_of, sort_references
from catalog.placeholders import Read, resolve_placeholders
from catalog.problems import Refused
from catalog.refs import EntityRef, LocationRef
from catalog.search_keys import check_spelling

_UNSAFE_ADDRESS = "https://backstage.io/annotation-rejected-for-security-reasons"
_ADDRESSES = ("backstage.io/view-url", "backstage.io/edit-url")
MANAGED_BY = "backstage.io/managed-by-location"
ORIGIN = "backstage.io/managed-by-origin-location"
SOURCE_TEMPLATE = "backstage.io/source-template"


@dataclass(frozen=True, slots=True)
class Processed:
    """An entity as it is stored, and what it states about others."""

    ref: str
    entity: dict[str, Any]
    relations: tuple[Relation, ...]

    @property
    def is_location(self) -> bool:
        """Whether it names more files to read."""
        return bool(self.entity["kind"] == "Location")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document came from: its file, the location somebody registered, and what the code host adds.

    `known` is what we know of everything that the location brings, such as the template that it was made from.
    """

    location: LocationRef
    origin: LocationRef
    host_annotations: Mapping[str, str]
    known: Mapping[str, str] = field(default_factory=dict)

    def annotated(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """An entity's annotations with what its place adds. The file may name addresses, never its own place, and
        what we know of it counts more than what it says.
        """
        addresses = {"backstage.io/view-url": self.location.target} if self.location.type == "url" else {}
        place = {MANAGED_BY: str(self.location), ORIGIN: str(self.origin)}
        return {**place, **addresses, **self.host_annotations, **given, **self.known, **place}


def process(document: object, place: Place, read: Read, *, names_files: bool = True) -> Processed:
    """Check and complete one document. Raises Refused with the problem in Backstage's words.

    `names_files`: whether it may have placeholders, which name files to `read`.
    """
    entity = check_envelope(document)
    ref = str(EntityRef.of(entity))
    check_size(entity)
    if names_files:
        entity = resolve_placeholders(entity, read)
        check_size(entity)
    entity = sort_references(entity)
    entity = apply_policy(_annotated(entity, place))
    if str(EntityRef.of(entity)) != ref:
        raise Refused.because("ConflictError", f"Fatal: The entity kind, namespace, or name of {ref} changed")
    kind = check_kind(entity)
    relations = [*relations_of(entity, kind), *_scaffolded(entity, ref)]
    check_spelling(entity)
    return Processed(ref, entity, tuple(dict.fromkeys(relations)))


def _scaffolded(entity: dict[str, Any], ref: str) -> Iterator[Relation]:
    """The template that an entity was made from: as its annotation says, or `spec.scaffoldedFrom`, by which a plugin
    of Backstage's community knows it. A text that could name none is passed over.
    """
    metadata, spec = entity["metadata"], entity.get("spec")
    stated = (metadata.get("annotations") or {}).get(SOURCE_TEMPLATE)
    for text in (stated, spec.get("scaffoldedFrom") if isinstance(spec, dict) else None):
        if not isinstance(text, str) or len(text) > LONGEST_REF or "\x00" in text:
            continue
        try:
            template = EntityRef.parse(
                text, default_kind="template", default_namespace=metadata.get("namespace") or ""
            )
        except Refused:
            continue
        if template.kind.lower() == "template":
            yield Relation(ref, "scaffoldedFrom", str(template), "scaffolderOf")


def _annotated(entity: dict[str, Any], place: Place) -> dict[str, Any]:
    metadata = entity["metadata"]
    annotations = metadata.get("annotations")
    if annotations is not None and not isinstance(annotations, dict):
        return entity
    merged = place.annotated(annotations or {})
    for name in _ADDRESSES:
        address = merged.get(name)
        if isinstance(address, str) and address.strip().lower().startswith("javascript:"):
            merged[name] = _UNSAFE_ADDRESS
    return {**entity, "metadata": {**metadata, "annotations": merged}}


def location_entity(location: LocationRef, presence: str | None = None) -> dict[str, Any]:
    """The Location entity that stands for a registered location."""
    spec = {"type": location.type, "target": location.target}
    if presence:
        spec["presence"] = presence
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Location",
        "metadata": {"name": location.entity_name, "namespace": "default"},
        "spec": spec,
    }
