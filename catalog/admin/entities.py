"""The entities in the admin."""

from typing import Any

import orjson
from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Collate, Lower
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from catalog.admin import confirming, shown
from catalog.admin.filters import HeldBy, Kind, Lifecycle, Owner, State, Tag, Type
from catalog.admin.listing import Derived
from catalog.history import Revision
from catalog.models import Entity, Location
from catalog.permissions import REFRESH

_LISTED = (
    "uid",
    "ref",
    "title",
    "spec_type",
    "lifecycle",
    "owner_ref",
    "errors",
    "orphaned_at",
    "changed_at",
)


@admin.register(Entity)
class EntityAdmin(Derived):
    list_display = ("ref", "healthy", "type", "lifecycle", "owner", "changed")
    list_filter = (HeldBy, State, Owner, Tag, Kind, Lifecycle, Type)
    search_fields = ("ref",)  # makes the box appear; get_search_results says what it finds
    search_help_text = "The beginning of a name, or of a reference such as component:default/pay."
    sortable_by = ("ref",)
    ordering = ("ref",)
    actions = ("refresh", "unregister")
    change_form_template = "admin/catalog/change_form.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "ref",
                    "uid",
                    "title",
                    "owner",
                    "origin",
                    "file",
                    "led_here",
                    "changed_at",
                    "orphaned_at",
                )
            },
        ),
        ("Problems", {"fields": ("problems",)}),
        ("Relations", {"fields": ("relations",)}),
        ("History", {"fields": ("history",)}),
        ("Document", {"fields": ("raw",), "classes": ("collapse",)}),
    )
    readonly_fields = (
        *("ref", "uid", "title", "owner", "origin", "file", "led_here", "changed_at", "orphaned_at"),
        *("problems", "relations", "history", "raw"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entity]:
        """Those that the person may see."""
        return Entity.objects.visible_to(request.user).only(*_LISTED)

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Entity | None:
        """One with all that its page shows."""
        visible = Entity.objects.visible_to(request.user).select_related("location")
        return visible.by_uid(object_id)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Entity], search_term: str
    ) -> tuple[QuerySet[Entity], bool]:
        """By the beginning of what has an index: of references when there is a colon, else of names."""
        text = search_term.strip().lower()
        if ":" in text:
            return queryset.filter(ref__startswith=text), False
        if text:
            queryset = queryset.alias(found=Collate(Lower("name"), "C")).filter(found__startswith=text)
        return queryset, False

    @admin.display(description="owner")
    def owner(self, entity: Entity) -> str:
        short = entity.owner_ref.removeprefix("group:default/")
        return shown.entities_link(short, owner=entity.owner_ref) if short else shown.NOTHING

    @admin.display(description="type")
    def type(self, entity: Entity) -> str:
        return entity.spec_type

    @admin.display(description="changed")
    def changed(self, entity: Entity) -> str:
        return f"{entity.changed_at:%Y-%m-%d %H:%M}"

    @admin.display(description="healthy", boolean=True)
    def healthy(self, entity: Entity) -> bool:
        return not entity.errors and entity.orphaned_at is None

    @admin.display(description="location")
    def origin(self, entity: Entity) -> SafeString:
        return shown.location_link(entity.location) if entity.location else shown.NOTHING

    @admin.display(description="ancestry")
    def led_here(self, entity: Entity) -> SafeString:
        return shown.ancestry(Entity.objects.ancestry(entity.ref))

    @admin.display(description="not taken")
    def problems(self, entity: Entity) -> SafeString:
        return shown.problems(entity.errors)

    @admin.display(description="by type")
    def relations(self, entity: Entity) -> SafeString:
        return shown.relations(entity.ref)

    @admin.display(description="latest changes")
    def history(self, entity: Entity) -> SafeString:
        latest = Revision.objects.filter(ref=entity.ref).defer("step_back").order_by("-number")
        return shown.history(list(latest[: shown.MOST_OF_A_KIND]))

    @admin.display(description="as the API sends it")
    def raw(self, entity: Entity) -> SafeString:
        text = orjson.dumps(orjson.loads(entity.final), option=orjson.OPT_INDENT_2).decode()
        return shown.document(text)

    @admin.action(description="Refresh: read again where they come from", permissions=["refresh"])
    def refresh(self, request: HttpRequest, chosen: QuerySet[Entity]) -> HttpResponse | None:
        """Ask, then have the locations of the chosen entities read at once."""
        if confirming.too_many(self, request, chosen):
            return None
        permitted = Entity.objects.permitted(request.user, REFRESH).filter(pk__in=chosen.values("pk"))
        locations = list(
            Location.objects.filter(entities__in=permitted).distinct().order_by("type", "target")
        )
        if confirming.confirmed(request):
            confirming.refresh(self, request, locations)
            return None
        return confirming.asked(self, request, chosen, confirming.refreshing(locations))

    @admin.action(description="Unregister: remove what their locations hold", permissions=["unregister"])
    def unregister(self, request: HttpRequest, chosen: QuerySet[Entity]) -> HttpResponse | None:
        """Ask, then remove the locations of the chosen entities, and those entities that have none."""
        if confirming.too_many(self, request, chosen):
            return None
        locations = list(Location.objects.filter(entities__in=chosen.values("pk")).distinct())
        orphans = list(chosen.filter(location=None))
        proposal = confirming.unregistering(locations, orphans)
        if confirming.confirmed(request):
            confirming.unregister(self, request, proposal, orphans)
            return None
        return confirming.asked(self, request, chosen, proposal)
