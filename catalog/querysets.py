"""Finding entities and locations: by reference, by predicate, by where they came from."""

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models.expressions import RawSQL

from catalog.conditions import TRUE, condition
from catalog.predicates import Predicate
from catalog.processing import ORIGIN
from catalog.refs import EntityRef, LocationRef
from catalog.visibility import permitted, visible_to
from core.errors import NotFound

if TYPE_CHECKING:
    from catalog.models import Entity, Location


class EntityQuerySet(models.QuerySet["Entity"]):
    """Entities, and the conditions under which they are looked for."""

    def visible_to(self, subject: Any) -> Self:
        """Those that the subject may see: all of them, unless its `catalog.entity.read` has a condition."""
        return self.matching(visible_to(subject))

    def permitted(self, subject: Any, permission: str) -> Self:
        """Those for which the subject has the permission."""
        return self.matching(permitted(subject, permission))

    def finals(self) -> "models.QuerySet[Entity, str]":
        """Their final documents, as the text that the API sends, in the queryset's own order."""
        return self.values_list("stored__final", flat=True)

    def by_ref(self, ref: EntityRef | str) -> "Entity":
        """The entity with that reference; Entity.DoesNotExist when there is none."""
        return self.select_related("stored").get(ref=str(ref).lower())

    def by_uid(self, uid: str) -> "Entity | None":
        """The entity with that uid, or None, also for a text that is no UUID."""
        try:
            return self.filter(pk=uuid.UUID(uid)).select_related("stored").first()
        except ValueError:
            return None

    def ancestry(self, ref: str) -> "list[Entity]":
        """The entity and the Location entities that led to it, nearest first; empty when it is not there."""
        chain: dict[str, Entity] = {}
        while (
            ref
            and ref not in chain
            and (entity := self.filter(ref=ref).select_related("stored").first()) is not None
        ):
            chain[ref] = entity
            ref = entity.parent_ref
        return list(chain.values())

    def matching(self, predicate: Predicate) -> Self:
        """Those for which the predicate holds."""
        wanted = condition(predicate)
        if wanted == TRUE:
            return self
        return self.filter(RawSQL(wanted.text, wanted.params, output_field=models.BooleanField()))  # noqa: S611


class LocationQuerySet(models.QuerySet["Location"]):
    """Locations."""

    def by_id(self, text: str) -> "Location":
        """The location with that id; NotFound, also for a text that is no UUID."""
        try:
            location = self.filter(pk=uuid.UUID(text)).first()
        except ValueError:
            location = None
        if location is None:
            raise NotFound(f"Found no location with ID {text}")
        return location

    def of_entity(self, entity: "Entity") -> "Location":
        """The registered location that an entity comes from; NotFound when it was configured."""
        location = entity.location
        if location is None or location.origin != location.Origin.API:
            annotations = entity.document["metadata"].get("annotations", {})
            place = LocationRef.parse(annotations.get(ORIGIN, "unknown:unknown"))
            raise NotFound(f"Found no location with type {place.type} and target {place.target}")
        return location
