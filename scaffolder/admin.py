"""Templates and runs in the admin: to look at, to cancel and to retry; nothing is edited here."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from core.admin import ReadOnly, plain, readable
from core.errors import GreenroomError
from scaffolder import actions
from scaffolder.models import Effect, Run, RunEvent, StepRun, TemplateEntity


class StepRunInline(ReadOnly, admin.TabularInline):
    model = StepRun
    fields = readonly_fields = ("position", "step_id", "state", "started_at", "ended_at", "made", "error")
    extra = 0

    @admin.display(description="output")
    def made(self, step: StepRun) -> SafeString:
        return readable(step.output)


class EffectInline(ReadOnly, admin.TabularInline):
    model = Effect
    fields = readonly_fields = ("step_id", "kind", "key", "more", "intended_at", "made_at")
    extra = 0

    @admin.display(description="details")
    def more(self, effect: Effect) -> SafeString:
        return readable(effect.details)


class RunEventInline(ReadOnly, admin.TabularInline):
    model = RunEvent
    fields = ("created_at", "type", "message")
    readonly_fields = ("message",)
    extra = 0
    verbose_name_plural = "log"

    @admin.display
    def message(self, event: RunEvent) -> str:
        return plain(str(event.body.get("message", event.body)))


@admin.register(Run)
class RunAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "template_ref", "state", "created_by", "created_at", "last_heartbeat_at")
    list_filter = ("state", "template_ref")
    search_fields = ("id__exact", "template_ref", "created_by")
    date_hierarchy = "created_at"
    fields = readonly_fields = (
        *(
            "template_ref",
            "state",
            "created_by",
            "created_at",
            "last_heartbeat_at",
            "cancel_requested",
            "restarts",
        ),
        *("parameters", "result", "frozen"),
    )
    inlines = (StepRunInline, EffectInline, RunEventInline)
    actions = ("cancel", "retry")

    @admin.display
    def parameters(self, run: Run) -> SafeString:
        return readable(run.spec.get("parameters"))

    @admin.display(description="output")
    def result(self, run: Run) -> SafeString:
        return readable(run.output)

    @admin.display(description="frozen template")
    def frozen(self, run: Run) -> SafeString:
        return readable({key: value for key, value in run.spec.items() if key != "parameters"})

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
