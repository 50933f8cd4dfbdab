"""The locations in the admin: where entities are read from, and what was not taken there."""

from typing import Any

from django.contrib import admin
from django.db.models import IntegerField, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from catalog.admin import confirming, shown
from catalog.admin.filters import FoundBy, ReadState
from catalog.admin.listing import FARTHEST, Derived
from catalog.models import Location

# For the rows of one page only, and no further than people look.
_HELD = f"""
    SELECT count(*) FROM (
        SELECT 1 FROM catalog_entity WHERE location_id = catalog_location.id LIMIT {FARTHEST + 1}
    ) AS held
"""  # noqa: S608 - a constant of our own


@admin.register(Location)
class LocationAdmin(Derived):
    list_display = ("__str__", "origin", "entity_count", "healthy", "refreshed_at", "next_refresh_at")
    list_filter = (ReadState, "origin", FoundBy)
    search_fields = ("target",)  # makes the box appear; get_search_results says what it finds
    search_help_text = "The beginning of an address or path."
    sortable_by = ()
    ordering = ("type", "target")
    actions = ("refresh", "unregister")
    change_form_template = "admin/catalog/change_form.html"
    fieldsets = (
        (None, {"fields": ("type", "target", "origin", "stands_for", "entity_count")}),
        ("Reading", {"fields": ("created_at", "refreshed_at", "next_refresh_at", "failures")}),
        ("Problems", {"fields": ("problems", "contested_refs")}),
        ("Files", {"fields": ("read",), "classes": ("collapse",)}),
    )
    readonly_fields = (
        *("type", "target", "origin", "stands_for", "entity_count"),
        *("created_at", "refreshed_at", "next_refresh_at", "failures", "problems", "contested_refs", "read"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Location]:
        """With how many entities each holds."""
        locations: QuerySet[Location] = super().get_queryset(request)
        held = RawSQL(_HELD, [], output_field=IntegerField())  # noqa: S611 - a constant of our own
        return locations.defer("files", "contested").annotate(held=held)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Location], search_term: str
    ) -> tuple[QuerySet[Location], bool]:
        """By the beginning of the target, which has an index."""
        text = search_term.strip()
        return queryset.filter(target__startswith=text) if text else queryset, False

    @admin.display(description="entities")
    def entity_count(self, location: Any) -> SafeString:
        words = f"more than {FARTHEST:,}" if location.held > FARTHEST else f"{location.held:,}"
        return shown.entities_link(words, location=str(location.pk))

    @admin.display(description="entity")
    def stands_for(self, location: Location) -> SafeString:
        return shown.entity_link(location.entity_ref)

    @admin.display(description="healthy", boolean=True)
    def healthy(self, location: Location) -> bool:
        return not location.errors

    @admin.display(description="not taken")
    def problems(self, location: Location) -> SafeString:
        return shown.problems(location.errors)

    @admin.display(description="held by others")
    def contested_refs(self, location: Location) -> SafeString:
        return shown.listed(location.contested)

    @admin.display(description="read")
    def read(self, location: Location) -> SafeString:
        return shown.listed(sorted(file for file in location.files if file != "rules"))

    @admin.action(description="Refresh: read them again", permissions=["refresh"])
    def refresh(self, request: HttpRequest, chosen: QuerySet[Location]) -> HttpResponse | None:
        """Ask, then have the chosen locations read at once."""
        if confirming.too_many(self, request, chosen):
            return None
        if confirming.confirmed(request):
            confirming.refresh(self, request, list(chosen))
            return None
        return confirming.asked(self, request, chosen, confirming.refreshing(list(chosen)))

    @admin.action(description="Unregister: remove them and what they hold", permissions=["unregister"])
    def unregister(self, request: HttpRequest, chosen: QuerySet[Location]) -> HttpResponse | None:
        """Ask, then remove the chosen locations with their entities."""
        if confirming.too_many(self, request, chosen):
            return None
        proposal = confirming.unregistering(list(chosen))
        if confirming.confirmed(request):
            confirming.unregister(self, request, proposal)
            return None
        return confirming.asked(self, request, chosen, proposal)
