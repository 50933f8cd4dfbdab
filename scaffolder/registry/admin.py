"""The registry in the admin: versions with what was made of them, and instances."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.admin import ReadOnly, readable
from scaffolder.models import Instance, Run, TemplateVersion
from scaffolder.states import RunState


@admin.register(TemplateVersion)
class TemplateVersionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "__str__",
        "recorded_at",
        "commit",
        "runs",
        "completed",
        "failed",
        "repositories",
        "unpinned",
    )
    list_filter = ("template_ref",)
    search_fields = ("template_ref", "commit", "digest")
    list_per_page = list_max_show_all = 50
    show_full_result_count = False
    fields = readonly_fields = (
        *("template_ref", "number", "recorded_at", "digest", "commit", "unpinned", "source"),
        *("runs", "completed", "failed", "repositories", "shown"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[TemplateVersion]:
        """Each with its figures, in one query."""
        made = Instance.objects.filter(version=OuterRef("pk")).order_by().values("version")
        rows: QuerySet[TemplateVersion] = super().get_queryset(request)
        return rows.annotate(
            run_count=_runs(Q()),
            good=_runs(Q(state=RunState.COMPLETED)),
            bad=_runs(Q(state=RunState.FAILED)),
            made=Coalesce(Subquery(made.annotate(number=Count("pk")).values("number")), 0),
        )

    @admin.display(description="runs", ordering="run_count")
    def runs(self, version: Any) -> int:
        return int(version.run_count)

    @admin.display(description="completed", ordering="good")
    def completed(self, version: Any) -> int:
        return int(version.good)

    @admin.display(description="failed", ordering="bad")
    def failed(self, version: Any) -> int:
        return int(version.bad)

    @admin.display(description="repositories of it", ordering="made")
    def repositories(self, version: Any) -> SafeString:
        listed = reverse("admin:scaffolder_instance_changelist")
        return format_html('<a href="{}?version__id__exact={}">{}</a>', listed, version.pk, version.made)

    @admin.display(description="template")
    def shown(self, version: TemplateVersion) -> SafeString:
        return readable(version.document)


@admin.register(Instance)
class InstanceAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("entity_ref", "repository", "host", "version", "made_at", "upgraded_at")
    list_filter = ("host", "template_ref")
    list_select_related = ("version",)
    search_fields = ("entity_ref", "repository")
    list_per_page = list_max_show_all = 50
    show_full_result_count = False
    fields = readonly_fields = (
        *("entity_ref", "template_ref", "version", "host", "repository", "branch", "commit", "made_by"),
        *("made_at", "upgraded_at", "answers", "way"),
    )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "version__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="run")
    def made_by(self, instance: Instance) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:scaffolder_run_change", args=[instance.run_id]),
            instance.run_id,
        )

    @admin.display(description="answers")
    def answers(self, instance: Instance) -> SafeString:
        return readable(instance.values)

    @admin.display(description="upgrades")
    def way(self, instance: Instance) -> SafeString:
        listed = reverse("admin:scaffolder_upgrade_changelist")
        count = instance.upgrades.count()
        return format_html('<a href="{}?instance__id__exact={}">{}</a>', listed, instance.pk, count)


def _runs(which: Q) -> Any:
    used = Run.objects.filter(which, template_version=OuterRef("pk"), serves=Run.Serves.TEMPLATE)
    rows = used.order_by().values("template_version")
    return Coalesce(Subquery(rows.annotate(number=Count("pk")).values("number")), 0)
