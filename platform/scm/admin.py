"""Repositories, pull requests, rules, hooks, events and deliveries in the admin: to look at, not to change."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin import ReadOnly, readable
from core.redaction import redact, redact_data
from scm.models import (
    Delivery,
    Event,
    HookDelivery,
    LocalBranchRules,
    LocalHook,
    LocalPullRequest,
    LocalRepository,
)
from scm.webhooks import inbox


@admin.register(LocalRepository)
class LocalRepositoryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "description", "default_branch", "private", "made_by", "created"]
    list_filter = ["owner", "private"]
    search_fields = ["owner", "name", "description", "made_by"]


@admin.register(LocalPullRequest)
class LocalPullRequestAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "title", "source_branch", "target_branch", "state", "author", "updated"]
    list_filter = ["state"]
    list_select_related = ["repository"]
    search_fields = ["title", "author", "head_sha", "repository__owner", "repository__name"]


@admin.register(LocalBranchRules)
class LocalBranchRulesAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "repository", "branch", "updated"]
    list_select_related = ["repository"]
    search_fields = ["branch", "repository__owner", "repository__name"]
    fields = readonly_fields = ("repository", "branch", "shown_rules", "updated")

    @admin.display(description="rules")
    def shown_rules(self, row: LocalBranchRules) -> str:
        return readable(row.rules)


@admin.register(LocalHook)
class LocalHookAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "shown_url", "events", "active", "last_outcome", "last_at"]
    list_filter = ["active"]
    list_select_related = ["repository"]
    search_fields = ["repository__owner", "repository__name", "url"]
    fields = readonly_fields = (
        *("repository", "shown_url", "events", "active", "content_type", "has_secret"),
        *("created", "last_outcome", "last_at"),
    )

    @admin.display(description="url")
    def shown_url(self, hook: LocalHook) -> str:
        return redact(hook.url)

    @admin.display(boolean=True, description="secret")
    def has_secret(self, hook: LocalHook) -> bool:
        return hook.secret is not None


@admin.register(HookDelivery)
class HookDeliveryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["id", "hook", "event", "state", "attempts", "outcome", "due", "ended"]
    list_filter = ["state"]
    list_select_related = ["hook__repository", "event"]
    show_full_result_count = False
    fields = readonly_fields = (
        *("hook", "event", "key", "state", "attempts", "outcome", "created", "due", "ended"),
    )


@admin.register(Event)
class EventAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["id", "host", "kind", "name", "created"]
    list_filter = ["kind", "host"]
    search_fields = ["name"]
    exclude = ["repository"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["id", "host", "event", "state", "outcome", "received_at", "handled_at"]
    list_filter = ["state", "host", "event"]
    search_fields = ["delivery_id", "outcome"]
    show_full_result_count = False
    actions = ["handle_again"]
    fields = (
        *("host", "event", "delivery_id", "state", "outcome", "told"),
        *("received_at", "handled_at", "size", "attempts", "shown_body"),
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).defer("body")

    @admin.display(description="body")
    def shown_body(self, delivery: Delivery) -> str:
        text = inbox.body_of(delivery)
        return "dropped" if text is None else readable(redact_data(inbox.parsed(text)))

    @admin.action(description="Handle again", permissions=["view"])
    def handle_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Handle the chosen deliveries once more, those whose bodies are still there."""
        count = inbox.replay(list(queryset.values_list("pk", flat=True)), by=request.user)  # type: ignore[arg-type]
        self.message_user(request, f"{count} deliveries will be handled again.", messages.SUCCESS)
