"""What is read (Location), what was found there (Entity, Document), what it states about others (Relation)."""

import uuid
from typing import Any, ClassVar

import orjson
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Collate, Lower, NullIf
from django.utils import timezone

from catalog.discovery.models import Discovery, Provider, Snapshot  # noqa: F401 - tables of this app
from catalog.history.models import Horizon, Revision  # noqa: F401 - tables of this app
from catalog.querysets import EntityQuerySet, LocationQuerySet
from catalog.refs import LocationRef
from catalog.search.models import Documentation, SearchDocument, SearchWord  # noqa: F401 - tables of this app
from core.leases import Leased


class Location(Leased):
    """A place that entities are read from: registered by somebody, named in the configuration, or discovered.

    One refresh reads the whole tree below it: its file, the Location entities in it, and theirs.
    """

    class Origin(models.TextChoices):
        API = "api", "registered"
        CONFIG = "config", "configured"
        DISCOVERED = "discovered", "discovered"

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
    annotations = models.JSONField(
        default=dict, help_text="What its entities are annotated with, whatever their files say."
    )
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
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["target"], name="location_target", opclasses=["text_pattern_ops"]),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["type", "target"], name="location_once"),
            models.UniqueConstraint(fields=["entity_ref"], name="location_entity_once"),
            models.CheckConstraint(
                condition=models.Q(origin__in=["api", "config", "discovered"]), name="location_origin_known"
            ),
            models.CheckConstraint(condition=~models.Q(target=""), name="location_target_given"),
        ]

    def __str__(self) -> str:
        return f"{self.type}:{self.target}"

    @property
    def ref(self) -> LocationRef:
        """Type and target as one value."""
        return LocationRef(self.type, self.target)

    @property
    def presence(self) -> str | None:
        """Whether its file has to be there: a repository that was discovered may have none."""
        return "optional" if self.origin == self.Origin.DISCOVERED else None


class Entity(models.Model):
    """Something in the catalog, as last read well: what it is found by, sorted by and held by.

    The row is narrow on purpose: filters, counts and orders touch many of them. What the API sends lies in
    `Document`. `terms` are the hashes of the entity's search keys, by which filters find it.
    """

    uid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ref = models.TextField(db_collation="C")
    kind = models.CharField(max_length=63)
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=63)
    title = models.TextField(blank=True, default="")
    description = models.TextField(null=True, help_text="As far as it can be looked for; else NULL.")  # noqa: DJ001 - an empty one can be looked for
    wording = models.TextField(
        blank=True,
        default="",
        help_text="Name, title and description, lower-case: what full text looks at first.",
    )
    owner_ref = models.TextField(blank=True, default="", db_collation="C")
    spec_type = models.TextField(blank=True, default="")
    lifecycle = models.TextField(blank=True, default="")
    terms = ArrayField(models.BigIntegerField(), default=list)
    etag = models.CharField(max_length=40)
    content_hash = models.BinaryField(help_text="Of the entity as read, without relations and status.")
    source_hash = models.BinaryField(
        null=True, help_text="Of the text that it was read from; none when the text alone does not decide."
    )
    errors = models.JSONField(default=list)
    location = models.ForeignKey(
        Location, null=True, on_delete=models.SET_NULL, related_name="entities", db_index=False
    )
    file = models.TextField(help_text="Type and target of the file that it was read from.")
    parent_ref = models.TextField(
        blank=True, default="", db_collation="C", help_text="The Location entity that led to it."
    )
    orphaned_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = EntityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entities"
        indexes: ClassVar[list[models.Index]] = [
            GinIndex(fields=["terms"], name="entity_terms", gin_pending_list_limit=4096),
            models.Index(fields=["location", "file"], name="entity_source"),
            models.Index(fields=["kind", "name"], name="entity_kind_name"),
            models.Index(Collate(Lower("name"), "C"), "uid", name="entity_by_name"),
            models.Index(
                Collate(Lower(NullIf("title", models.Value(""))), "C"), "uid", name="entity_by_title"
            ),
            models.Index(fields=["owner_ref"], name="entity_owner"),
            models.Index(fields=["kind", "ref"], name="entity_unowned", condition=models.Q(owner_ref="")),
            models.Index(fields=["location"], name="entity_broken", condition=~models.Q(errors=[])),
            models.Index(
                fields=["orphaned_at"], name="entity_orphans", condition=models.Q(orphaned_at__isnull=False)
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["ref"], name="entity_once"),
            models.CheckConstraint(
                condition=models.Q(ref__regex=r"^[^:]+:[^/]+/.+$"), name="entity_ref_canonical"
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def final(self) -> str:
        """The entity as the API sends it, as text."""
        return self.stored.final

    @property
    def document(self) -> dict[str, Any]:
        """The entity as the API sends it, as data."""
        document: dict[str, Any] = orjson.loads(self.final)
        return document


class Document(models.Model):
    """An entity as the API sends it, ready to leave: text, since key order means something (a template's form)."""

    entity = models.OneToOneField(Entity, primary_key=True, on_delete=models.CASCADE, related_name="stored")
    final = models.TextField()

    def __str__(self) -> str:
        return str(self.entity_id)


class Held(models.Model):
    """Per search key of an entity the values in their own spelling, for orders, counts and full text.

    What has a column of `Entity`, or is a relation, is not kept here again.
    """

    entity = models.OneToOneField(Entity, primary_key=True, on_delete=models.CASCADE, related_name="held")
    values = models.JSONField(default=dict)

    def __str__(self) -> str:
        return str(self.entity_id)


class Relation(models.Model):
    """One fact that an entity states about another. The other may be missing; both show it once it comes."""

    source_ref = models.TextField(db_collation="C")
    type = models.CharField(max_length=63)
    target_ref = models.TextField(db_collation="C")
    reverse = models.CharField(max_length=63, help_text="The same fact as the target sees it.")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["target_ref", "reverse"], name="relation_facing"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["source_ref", "type", "target_ref"], name="relation_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source_ref} {self.type} {self.target_ref}"


class Generation(models.Model):
    """One row, with a new token after each change of the catalog: what was counted is right until then.

    The database itself renews the token (a trigger of the entities' table), whoever writes.
    """

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    token = models.UUIDField(default=uuid.uuid4)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(id=1), name="generation_once"),
        ]

    def __str__(self) -> str:
        return str(self.token)
