"""What search finds (SearchDocument), the words that a slip may have meant, and what was read of documentation."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils import timezone

from core.leases import Leased


class SearchDocument(models.Model):
    """An entity, or a page of its documentation, as search finds and answers it. Made from the entity; never by hand."""

    entity = models.ForeignKey(
        "catalog.Entity", on_delete=models.CASCADE, related_name="search_documents", db_index=False
    )
    page = models.TextField(blank=True, default="", help_text="The page's file; empty: the entity itself.")
    prior = models.SmallIntegerField(
        help_text="Which of two that match equally well comes first: the greater."
    )
    document = models.TextField(help_text="What search answers with, as JSON.")
    words = SearchVectorField()
    checksum = models.BigIntegerField(help_text="Of all that: the same one is not written again.")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            GinIndex(fields=["words"], name="search_words"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["entity", "page"], name="search_document_once"),
        ]

    def __str__(self) -> str:
        return f"{self.entity_id} {self.page}".strip()


class SearchWord(models.Model):
    """A word that is in some document's name, title or description, and the forms under which slips find it."""

    word = models.CharField(primary_key=True, max_length=64)
    near = ArrayField(
        models.TextField(), help_text="How the word begins, whole and with one letter left out."
    )

    class Meta:
        indexes: ClassVar[list[models.Index]] = [GinIndex(fields=["near"], name="search_word_near")]

    def __str__(self) -> str:
        return self.word


class Documentation(Leased):
    """The documentation that an entity names, as it was last read. One worker at a time reads it, by lease."""

    entity = models.OneToOneField(
        "catalog.Entity", primary_key=True, on_delete=models.CASCADE, related_name="documentation"
    )
    etag = models.CharField(
        max_length=40, blank=True, default="", help_text="Of the entity, when it was read."
    )
    files = models.JSONField(
        default=dict, help_text="The files that were read, with the tags of their servers."
    )
    error = models.TextField(blank=True, default="", help_text="Why the last reading took less than all.")
    failures = models.PositiveIntegerField(default=0, help_text="Readings in a row that read nothing.")
    read_at = models.DateTimeField(null=True, blank=True)
    next_read_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name_plural = "documentation"

    def __str__(self) -> str:
        return f"documentation of {self.entity_id}"
