"""The filters beside the list of entities: choices that are counted once a minute, and two that are typed in."""

import hashlib
import uuid
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.conditions import condition
from catalog.discovery.models import Provider
from catalog.models import Location
from catalog.predicates import Holds
from catalog.querysets import EntityQuerySet
from catalog.totals import facets
from catalog.visibility import visible_to

COUNTED_FOR = 60
"""Seconds for which the numbers beside the choices may be old: counting them all is what a page must not wait for."""
MOST_CHOICES = 30
Choices = list[tuple[str, str]]


def choices(subject: Any, key: str) -> Choices:
    """The values of a search key, most frequent first, with how many entities hold each."""
    where = condition(visible_to(subject))
    question = hashlib.blake2b(repr((key, where)).encode(), digest_size=16).hexdigest()
    found: Choices | None = cache.get(f"catalog.admin:{question}")
    if found is None:
        counted = facets(where, [key])[key]
        often = sorted(counted, key=lambda each: (-each["count"], each["value"]))[:MOST_CHOICES]
        found = [(each["value"], f"{each['value']} ({each['count']:,})") for each in often]
        cache.set(f"catalog.admin:{question}", found, COUNTED_FOR)
    return found


class _Held(admin.SimpleListFilter):
    """Entities that hold a value of a search key: found by its index, however many there are."""

    key: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return choices(request.user, self.key)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = (self.value() or "").strip()
        return self.held(queryset, value) if value else queryset

    def held(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Those of the queryset that hold it."""
        entities: EntityQuerySet = queryset  # type: ignore[assignment]  # the filters of other tables are others
        return entities.matching(Holds(self.key, (value,)))


class Kind(_Held):
    title, parameter_name, key = "kind", "kind", "kind"

    def held(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(ref__startswith=f"{value.lower()}:")  # in the very order of the list


class Type(_Held):
    title, parameter_name, key = "type", "type", "spec.type"


class Lifecycle(_Held):
    title, parameter_name, key = "lifecycle", "lifecycle", "spec.lifecycle"


class _Typed(_Held):
    """There are too many values to list: one is typed in."""

    template = "admin/catalog/typed_filter.html"
    example = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("", "")]  # without any, Django leaves the filter out

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        yield {
            "name": self.parameter_name,
            "value": self.value() or "",
            "example": self.example,
            "others": [
                pair for pair in changelist.params.items() if pair[0] not in (self.parameter_name, PAGE_VAR)
            ],
            "without": changelist.get_query_string(remove=[str(self.parameter_name)]),
        }


class Owner(_Typed):
    title, parameter_name, key = "owner", "owner", "relations.ownedBy"
    example = "team-a"

    def held(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        kind, colon, rest = value.rpartition(":")
        name = rest if "/" in rest else f"default/{rest}"
        return super().held(queryset, f"{kind}:{name}" if colon else f"group:{name}")


class Tag(_Typed):
    title, parameter_name, key = "tag", "tag", "metadata.tags"
    example = "python"


class State(admin.SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("errors", "with errors"), ("orphan", "orphaned")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "errors":
                return queryset.exclude(errors=[])
            case "orphan":
                return queryset.filter(orphaned_at__isnull=False)
        return queryset


class HeldBy(admin.SimpleListFilter):
    """What one location holds; there only when an address names it, as the page of a location does."""

    title, parameter_name = "location", "location"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        value = self.value()
        if value is None:
            return []
        return [(value, str(self.location) if self.location else "there is no such location")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        return queryset.filter(location=self.location) if self.location else queryset.none()

    @cached_property
    def location(self) -> Location | None:
        """The one that is named."""
        try:
            return Location.objects.filter(pk=uuid.UUID(self.value() or "")).first()
        except ValueError:
            return None


class ReadState(admin.SimpleListFilter):
    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [
            ("errors", "with errors"),
            ("contested", "claims entities of others"),
            ("never", "never read"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "errors":
                return queryset.exclude(errors=[])
            case "contested":
                return queryset.exclude(contested=[])
            case "never":
                return queryset.filter(refreshed_at__isnull=True)
        return queryset


class FoundBy(admin.SimpleListFilter):
    title, parameter_name = "found by", "found_by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(key, key) for key in Provider.objects.values_list("pk", flat=True)[:MOST_CHOICES]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(discoveries__provider=self.value()) if self.value() else queryset
