"""The templates in the admin: which there are, whose they are, and what came of their runs."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.admin import ReadOnly
from scaffolder.models import Run, TemplateEntity
from scaffolder.states import FINISHED, RunState


@admin.register(TemplateEntity)
class TemplateAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("ref", "title", "spec_type", "owner_ref", "runs", "succeeded", "changed_at")
    search_fields = ("ref", "title")
    list_per_page = list_max_show_all = 50
    show_full_result_count = False
    fields = readonly_fields = (
        *("ref", "title", "spec_type", "owner_ref", "lifecycle", "file", "changed_at"),
        *("runs", "succeeded"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those that the person may see, each with the number of its runs."""
        templates: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = templates.annotate(
            run_count=_count(Q()),
            ended=_count(Q(state__in=FINISHED - {RunState.CANCELLED})),
            good=_count(Q(state=RunState.COMPLETED)),
        )
        return counted

    @admin.display(description="runs")
    def runs(self, template: Any) -> SafeString:
        url = reverse("admin:scaffolder_run_changelist")
        return format_html(
            '<a href="{}?{}">{}</a>', url, urlencode({"q": template.ref}), f"{template.run_count:,}"
        )

    @admin.display(description="succeeded")
    def succeeded(self, template: Any) -> str:
        return f"{template.good * 100 // template.ended} %" if template.ended else "-"


def _count(which: Q) -> Any:
    """How many runs of the template there are of a kind; a subquery, so that a page is one query."""
    used = Run.objects.filter(which, template_ref=OuterRef("ref"), serves=Run.Serves.TEMPLATE)
    rows = used.order_by().values("template_ref")
    return Coalesce(Subquery(rows.annotate(number=Count("pk")).values("number")), 0)
