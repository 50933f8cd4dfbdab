"""Finding entities and locations: by reference, by predicate, by owner, in order, page by page."""

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Collate, Lower

from catalog.item_conditions import item_condition
from catalog.permission_rules import predicate_of
from catalog.permissions import READ
from catalog.predicates import All, AnyOf, Begins, Has, Holds, HoldsItem, Not, Predicate
from catalog.processing import ORIGIN
from catalog.refs import EntityRef, LocationRef
from catalog.search_keys import term
from core.api.subjects import Subject
from core.errors import NotFound

if TYPE_CHECKING:
    from catalog.models import Entity, Location


class EntityQuerySet(models.QuerySet["Entity"]):
    """Entities, and the conditions under which they are looked for."""

    def visible_to(self, subject: Any) -> Self:
        """Those that the subject may see: all of them, unless its `catalog.entity.read` has a condition."""
        return self.permitted(subject, READ)

    def permitted(self, subject: Any, permission: str) -> Self:
        """Those for which a permission holds that the subject has. Only what comes by token has conditions."""
        criteria = subject.conditions.get(permission) if isinstance(subject, Subject) else None
        return self if criteria is None else self.matching(predicate_of(criteria))

    def finals(self) -> "models.QuerySet[Entity, str]":
        """Their final documents, as the text that the API sends, in the queryset's own order."""
        return self.values_list("final", flat=True)

    def by_ref(self, ref: EntityRef | str) -> "Entity":
        """The entity with that reference; Entity.DoesNotExist when there is none."""
        return self.get(ref=str(ref).lower())

    def by_uid(self, uid: str) -> "Entity | None":
        """The entity with that uid, or None, also for a text that is no UUID."""
        try:
            return self.filter(pk=uuid.UUID(uid)).first()
        except ValueError:
            return None

    def ancestry(self, ref: str) -> "list[Entity]":
        """The entity and the Location entities that led to it, nearest first; empty when it is not there."""
        chain: dict[str, Entity] = {}
        while ref and ref not in chain and (entity := self.filter(ref=ref).first()) is not None:
            chain[ref] = entity
            ref = entity.parent_ref
        return list(chain.values())

    def matching(self, predicate: Predicate) -> Self:
        """Those for which the predicate holds."""
        return self.filter(_condition(predicate))

    def containing(self, text: str, fields: Iterable[str]) -> Self:
        """Those with the text inside one of the fields. `%` and `_` are wildcards, as upstream has it."""
        condition = models.Q(pk__in=[])
        for name in fields:
            condition |= models.Q(_held_value(name, "lower(held) LIKE %s", f"%{_clean(text).lower()}%"))
        return self.filter(condition)

    def sortable_by(self, field: str) -> Self:
        """Those that have the field, with `sort_value`: what it sorts by, lower-case."""
        return self.annotate(sort_value=sort_value(field)).filter(sort_value__isnull=False)

    def counted_by(self, field: str) -> list[dict[str, Any]]:
        """How many entities hold each value of the field, in the value's own spelling, in order of value."""
        held = models.Func(
            KeyTransform(_clean(field).lower(), "facets"),
            function="jsonb_array_elements_text",
            output_field=models.TextField(),
        )
        rows = self.order_by().annotate(held=held).values_list("held").annotate(count=models.Count("pk"))
        counts = {value: count for value, count in rows if value is not None}
        return [{"value": value, "count": counts[value]} for value in sorted(counts)]


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


def sort_value(field: str) -> models.Func:
    """What a field sorts by: its first value, lower-case, in code point order as cursors compare."""
    first = KeyTextTransform("0", KeyTransform(_clean(field).lower(), "facets"))
    return Collate(Lower(first), "C")


def _condition(predicate: Predicate) -> models.Q:
    match predicate:
        case All(parts):
            joined = models.Q()
            for part in parts:
                joined &= _condition(part)
            return joined
        case AnyOf(parts):
            either = models.Q(pk__in=[])
            for part in parts:
                either |= _condition(part)
            return either
        case Not(part):
            return ~(_condition(part) & models.Q(pk__isnull=False))
        case Has(key):
            return models.Q(search__contains=[_clean(key).lower()])
        case Holds(key, (value,)):
            return models.Q(search__contains=[term(key, value)])
        case Holds(key, values):
            return models.Q(search__overlap=[term(key, value) for value in values])
        case Begins(key, prefix):
            return models.Q(_held_value(key, "starts_with(lower(held), %s)", _clean(prefix).lower()))
        case HoldsItem():
            sql, given = item_condition("(catalog_entity.final)::jsonb", predicate)
            return models.Q(RawSQL(sql, given, output_field=models.BooleanField()))  # noqa: S611 - a text of our own
    raise TypeError(f"unknown predicate {predicate!r}")


def _held_value(key: str, test: str, text: str) -> RawSQL:
    """A condition on any value of a key. `test` is a text of our own; what users say is a parameter."""
    sql = f"EXISTS (SELECT 1 FROM jsonb_array_elements_text(facets -> %s) AS held WHERE {test})"  # noqa: S608
    return RawSQL(sql, [_clean(key).lower(), text], output_field=models.BooleanField())  # noqa: S611


def _clean(text: str) -> str:
    return text.replace("\x00", "\ufffd")
