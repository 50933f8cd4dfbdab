"""Location, Entity, Relation: what is read, what was found there, and what one thing states about another."""

import uuid
from typing import Any, ClassVar

import orjson
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from catalog.history.models import Horizon, Revision  # noqa: F401 - tables of this app
from catalog.querysets import EntityQuerySet, LocationQuerySet
from catalog.refs import LocationRef
from core.leases import Leased


class Location(Leased):
    """A place that entities are read from, registered by somebody or named in the configuration.

    One refresh reads the whole tree below it: its file, the Location entities in it, and theirs.
    """

    class Origin(models.TextChoices):
        API = "api", "registered"
        CONFIG = "config", "configured"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    type = models.CharField(max_length=20)
    target = models.TextField()
    entity_ref = models.TextField(
        help_text="The Location entity that stands for it; keeps its name for life."
    )
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.API)
    files = models.JSONField(
        default=dict, help_text="What was read at the last refresh: checksums and ETags."
    )
    errors = models.JSONField(default=list, help_text="What was not taken, and why.")
    contested = ArrayField(
        models.TextField(), default=list, help_text="Its entities that another location holds."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    requested_at = models.DateTimeField(null=True, blank=True, editable=False)
    refreshed_at = models.DateTimeField(null=True, blank=True, editable=False)
    next_refresh_at = models.DateTimeField(default=timezone.now, db_index=True)
    failures = models.PositiveIntegerField(default=0, help_text="Refreshes in a row that read nothing.")

    objects = LocationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["created_at", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["type", "target"], name="location_once"),
            models.UniqueConstraint(fields=["entity_ref"], name="location_entity_once"),
            models.CheckConstraint(
                condition=models.Q(origin__in=["api", "config"]), name="location_origin_known"
            ),
            models.CheckConstraint(condition=~models.Q(target=""), name="location_target_given"),
        ]

    def __str__(self) -> str:
        return f"{self.type}:{self.target}"

    @property
    def ref(self) -> LocationRef:
        """Type and target as one value."""
        return LocationRef(self.type, self.target)


class Entity(models.Model):
    """Something in the catalog, as last read well. The final document is text, ready to be sent.

    JSON is kept as text because its key order means something (the fields of a template's form), and since a
    list then leaves the database without being rebuilt. `search` answers filters, `facets` order and counts.
    """

    uid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ref = models.TextField(unique=True)
    kind = models.CharField(max_length=63)
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=63)
    processed = models.TextField(help_text="The entity as read and completed, without relations and status.")
    content_hash = models.CharField(max_length=64)
    final = models.TextField(help_text="The entity as the API sends it.")
    etag = models.CharField(max_length=40)
    search = ArrayField(models.TextField(), default=list)
    facets = models.JSONField(default=dict)
    title = models.TextField(blank=True, default="")
    owner_ref = models.TextField(blank=True, default="", db_index=True)
    spec_type = models.TextField(blank=True, default="")
    lifecycle = models.TextField(blank=True, default="")
    errors = models.JSONField(default=list)
    location = models.ForeignKey(Location, null=True, on_delete=models.SET_NULL, related_name="entities")
    file = models.TextField(help_text="Type and target of the file that it was read from.")
    parent_ref = models.TextField(blank=True, default="", help_text="The Location entity that led to it.")
    orphaned_at = models.DateTimeField(null=True, blank=True, db_index=True)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = EntityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entities"
        indexes: ClassVar[list[models.Index]] = [
            GinIndex(fields=["search"], name="entity_search"),
            models.Index(fields=["kind", "name"], name="entity_kind_name"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(ref__regex=r"^[^:]+:[^/]+/.+$"), name="entity_ref_canonical"
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def document(self) -> dict[str, Any]:
        """The entity as the API sends it, as data."""
        document: dict[str, Any] = orjson.loads(self.final)
        return document


class Relation(models.Model):
    """One fact that an entity states about another. The other may be missing; both show it once it comes."""

    said_by = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="relations")
    source_ref = models.TextField(db_index=True)
    type = models.CharField(max_length=63)
    target_ref = models.TextField(db_index=True)
    reverse = models.CharField(max_length=63, help_text="The same fact as the target sees it.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["said_by", "type", "target_ref"], name="relation_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source_ref} {self.type} {self.target_ref}"
