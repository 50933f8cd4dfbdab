"""Discovery in the admin: what is looked through, when it was, what was found, what went wrong."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from catalog.discovery.actions import accept_losses, run_now
from catalog.discovery.models import Provider
from core.admin import ReadOnly, readable


class _Health(admin.SimpleListFilter):
    title = "health"
    parameter_name = "health"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("problem", "with a problem"), ("never", "never run")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "problem":
                return queryset.exclude(problem="")
            case "never":
                return queryset.filter(ran_at=None)
        return queryset


@admin.register(Provider)
class ProviderAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "finds", "host", "owner", "found", "healthy", "succeeded_at", "next_run_at")
    list_filter = (_Health, "finds", "host")
    search_fields = ("id", "owner", "problem")
    actions = ("run_chosen", "accept_chosen")
    fields = (
        *("id", "finds", "host", "owner", "problem", "found", "locations", "failures"),
        *("ran_at", "seconds", "succeeded_at", "next_run_at", "accept_losses", "shown_configuration"),
    )
    readonly_fields = fields

    @admin.display(description="healthy", boolean=True)
    def healthy(self, provider: Provider) -> bool | None:
        return not provider.problem if provider.ran_at else None

    @admin.display(description="locations")
    def locations(self, provider: Provider) -> str:
        listed = reverse("admin:catalog_location_changelist")
        count = provider.discoveries.count()
        return format_html('<a href="{}?found_by={}">{}</a>', listed, provider.pk, count)

    @admin.display(description="configuration")
    def shown_configuration(self, provider: Provider) -> str:
        return readable(provider.configuration)

    @admin.action(description="Run now", permissions=["view"])
    def run_chosen(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        for provider in queryset:
            run_now(provider, by=request.user)  # type: ignore[arg-type]  # staff are people, who have a ref
        self.message_user(request, f"{len(queryset)} providers will run at once.", messages.SUCCESS)

    @admin.action(
        description="Accept losses: let the next run remove all that is missing", permissions=["view"]
    )
    def accept_chosen(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        for provider in queryset:
            accept_losses(provider, by=request.user)  # type: ignore[arg-type]
        self.message_user(request, f"{len(queryset)} providers will run at once.", messages.SUCCESS)
