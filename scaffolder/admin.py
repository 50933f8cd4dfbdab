"""Templates and runs in the admin: to look at, to cancel and to retry; nothing is edited here."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from core.errors import GreenroomError
from scaffolder import actions
from scaffolder.models import Effect, Run, RunEvent, StepRun, TemplateEntity


class ReadOnly:
    """Runs change by actions; a form that edits rows would make them lie."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StepRunInline(ReadOnly, admin.TabularInline):
    model = StepRun
    fields = ("position", "step_id", "state", "started_at", "ended_at", "output", "error")
    extra = 0


class EffectInline(ReadOnly, admin.TabularInline):
    model = Effect
    fields = ("step_id", "kind", "key", "details", "intended_at", "made_at")
    extra = 0


class RunEventInline(ReadOnly, admin.TabularInline):
    model = RunEvent
    fields = ("created_at", "type", "message")
    readonly_fields = ("message",)
    extra = 0
    verbose_name_plural = "log"

    @admin.display
    def message(self, event: RunEvent) -> str:
        return str(event.body.get("message", event.body))


@admin.register(Run)
class RunAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "template_ref", "state", "created_by", "created_at", "last_heartbeat_at")
    list_filter = ("state", "template_ref")
    search_fields = ("id__exact", "template_ref", "created_by")
    date_hierarchy = "created_at"
    exclude = ("rung_at",)
    inlines = (StepRunInline, EffectInline, RunEventInline)
    actions = ("cancel", "retry")

    @admin.action(description="Cancel the chosen runs")
    def cancel(self, request: HttpRequest, chosen: QuerySet[Run]) -> None:
        self._each(request, chosen, actions.cancel)

    @admin.action(description="Retry the chosen runs (without secrets)")
    def retry(self, request: HttpRequest, chosen: QuerySet[Run]) -> None:
        self._each(request, chosen, actions.retry)

    def _each(self, request: HttpRequest, chosen: QuerySet[Run], act: Callable[..., Run]) -> None:
        for run in chosen:
            try:
                act(run=run, by=request.user)
            except GreenroomError as error:
                self.message_user(request, error.message, messages.ERROR)
            else:
                self.message_user(request, f"{run}: done")


@admin.register(TemplateEntity)
class TemplateAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("ref", "title", "spec_type", "owner_ref", "changed_at")
    search_fields = ("ref", "title")
    fields = ("ref", "title", "spec_type", "owner_ref", "lifecycle", "file", "changed_at", "final")
