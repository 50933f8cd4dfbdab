"""The catalog in the admin: to browse and search. Rows are derived from files, so no form edits them."""

from typing import Any

import orjson
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.actions import refresh_location
from catalog.discovery import admin as _discovery  # noqa: F401 - registers itself
from catalog.discovery.models import Provider
from catalog.ingest.rows import relations_of_all
from catalog.models import Entity, Location, Relation
from core.admin import ReadOnly, readable


class Derived(ReadOnly, admin.ModelAdmin):
    """A table that is read from files: shown, never typed into."""

    actions_on_bottom = False
    show_full_result_count = False
    list_per_page = 50


class _State(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("errors", "with errors"), ("orphan", "orphaned")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "errors":
                return queryset.exclude(errors=[])
            case "orphan":
                return queryset.filter(orphaned_at__isnull=False)
        return queryset


@admin.register(Entity)
class EntityAdmin(Derived):
    list_display = ("ref", "title", "spec_type", "lifecycle", "owner", "healthy", "changed_at")
    list_filter = (_State, "kind", "lifecycle", "spec_type", "namespace", "owner_ref")
    search_fields = ("ref", "title", "owner_ref")
    ordering = ("ref",)
    fields = (
        *(
            "ref",
            "uid",
            "title",
            "owner",
            "shown_location",
            "file",
            "parent_ref",
            "changed_at",
            "orphaned_at",
        ),
        *("shown_errors", "shown_relations", "shown_document"),
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entity]:
        return super().get_queryset(request).select_related("location").defer("terms")

    @admin.display(description="owner", ordering="owner_ref")
    def owner(self, entity: Entity) -> str:
        return _search_link(entity.owner_ref) if entity.owner_ref else "-"

    @admin.display(description="healthy", boolean=True)
    def healthy(self, entity: Entity) -> bool:
        return not entity.errors and entity.orphaned_at is None

    @admin.display(description="location")
    def shown_location(self, entity: Entity) -> str:
        if entity.location is None:
            return "-"
        url = reverse("admin:catalog_location_change", args=[entity.location.pk])
        return format_html('<a href="{}">{}</a>', url, entity.location)

    @admin.display(description="errors")
    def shown_errors(self, entity: Entity) -> str:
        return _problems(entity.errors)

    @admin.display(description="relations")
    def shown_relations(self, entity: Entity) -> str:
        relations = sorted(relations_of_all([entity.ref])[entity.ref])
        return format_html_join(
            "", "<div>{} {}</div>", ((kind, _search_link(ref)) for kind, ref in relations)
        )

    @admin.display(description="document")
    def shown_document(self, entity: Entity) -> str:
        return readable(orjson.loads(entity.final))


class _FoundBy(admin.SimpleListFilter):
    title = "found by"
    parameter_name = "found_by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, key) for key in Provider.objects.values_list("pk", flat=True)[:100]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(discoveries__provider=self.value()) if self.value() else queryset


class _ReadState(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
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


@admin.register(Location)
class LocationAdmin(Derived):
    list_display = ("__str__", "origin", "entity_count", "healthy", "refreshed_at", "next_refresh_at")
    list_filter = (_ReadState, "origin", "type", _FoundBy)
    search_fields = ("target", "entity_ref")
    ordering = ("target",)
    actions = ("refresh_now",)
    fields = (
        *(
            "type",
            "target",
            "origin",
            "entity_ref",
            "created_at",
            "refreshed_at",
            "next_refresh_at",
            "failures",
        ),
        *("shown_errors", "contested", "shown_files"),
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Location]:
        locations: QuerySet[Location] = super().get_queryset(request)
        return locations.annotate(entity_count=Count("entities"))

    @admin.display(description="entities", ordering="entity_count")
    def entity_count(self, location: Any) -> int:
        return int(location.entity_count)

    @admin.display(description="healthy", boolean=True)
    def healthy(self, location: Location) -> bool:
        return not location.errors

    @admin.display(description="errors")
    def shown_errors(self, location: Location) -> str:
        return _problems(location.errors)

    @admin.display(description="files")
    def shown_files(self, location: Location) -> str:
        return format_html_join(
            "", "<div>{}</div>", ((file,) for file in sorted(location.files) if file != "rules")
        )

    @admin.action(description="Refresh now", permissions=["view"])
    def refresh_now(self, request: HttpRequest, queryset: QuerySet[Location]) -> None:
        """Have the chosen locations read at once."""
        for location in queryset:
            refresh_location(location)
        self.message_user(request, f"{len(queryset)} locations will be read at once.", messages.SUCCESS)


@admin.register(Relation)
class RelationAdmin(Derived):
    list_display = ("source_ref", "type", "target_ref", "reverse")
    list_filter = ("type",)
    search_fields = ("source_ref", "target_ref")
    ordering = ("source_ref", "type", "target_ref")
    readonly_fields = ("source_ref", "type", "target_ref", "reverse")
    list_select_related = False


def _search_link(ref: str) -> SafeString:
    return format_html('<a href="{}?q={}">{}</a>', reverse("admin:catalog_entity_changelist"), ref, ref)


def _problems(errors: list[dict[str, Any]]) -> str:
    lines = ((error.get("file", ""), error.get("line") or "", error["message"]) for error in errors)
    return format_html_join("", "<div>{} {} {}</div>", lines) or "-"
