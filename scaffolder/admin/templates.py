"""The templates in the admin: which there are, whose they are, on which terms, and what came of their runs."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.errors import InputError
from scaffolder.admin import links
from scaffolder.admin.listing import Table, Values
from scaffolder.models import Instance, Run, TemplateEntity, TemplateVersion
from scaffolder.registry.terms import terms_of
from scaffolder.states import FINISHED, RunState


@admin.register(TemplateEntity)
class TemplateAdmin(Table):
    list_display = (
        "template",
        "title",
        "owner",
        "runs",
        "succeeded",
        "versions",
        "repositories",
        "changed_at",
    )
    list_filter = (("spec_type", Values), ("owner_ref", Values))
    search_fields = ("ref", "title")
    search_help_text = "A part of a reference, or of a title."
    nothing_yet = "No template yet: register a location that holds one (docs/guides/write-a-template.md)."
    fields = readonly_fields = (
        *("in_the_catalog", "title", "type", "owner_page", "lifecycle", "offered", "file", "changed_at"),
        *("runs", "succeeded", "versions", "repositories"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those that the person may see, each with its figures."""
        templates: QuerySet[Any] = super().get_queryset(request)
        runs = Run.objects.filter(serves=Run.Serves.TEMPLATE)
        counted: QuerySet[Any] = templates.annotate(
            run_count=_count(runs),
            ended=_count(runs.filter(state__in=FINISHED - {RunState.CANCELLED})),
            good=_count(runs.filter(state=RunState.COMPLETED)),
            version_count=_count(TemplateVersion.objects.all()),
            made=_count(Instance.objects.all()),
        )
        return counted

    @admin.display(description="template", ordering="ref")
    def template(self, template: Any) -> str:
        return links.short(template.ref)

    @admin.display(description="type", ordering="spec_type")
    def type(self, template: Any) -> str:
        return template.spec_type or "-"

    @admin.display(description="owner", ordering="owner_ref")
    def owner(self, template: Any) -> str:
        return links.short(template.owner_ref) or "-"

    @admin.display(description="owner")
    def owner_page(self, template: Any) -> SafeString:
        return links.entity(template.owner_ref) if template.owner_ref else links.NOTHING

    @admin.display(description="entity")
    def in_the_catalog(self, template: Any) -> SafeString:
        address = reverse("admin:catalog_entity_change", args=[template.pk])
        return format_html('<a href="{}">{}</a>', address, template.ref)

    @admin.display(description="terms")
    def offered(self, template: Any) -> str:
        """What its annotations say; what is wrong with them stops every start."""
        try:
            said = terms_of(template.document)
        except InputError as error:
            return f"It cannot be run: {error.message}"
        who = f"May be run by {', '.join(said.run_by)}." if said.run_by else "May be run by everybody."
        saves = f"One run saves {said.minutes_saved:,} minutes." if said.minutes_saved else ""
        return " ".join(filter(None, [said.warning(), who, saves]))

    @admin.display(description="runs", ordering="run_count")
    def runs(self, template: Any) -> SafeString:
        return links.listed("run", f"{template.run_count:,}", q=template.ref)

    @admin.display(description="succeeded")
    def succeeded(self, template: Any) -> str:
        return f"{template.good * 100 // template.ended} %" if template.ended else "-"

    @admin.display(description="versions", ordering="version_count")
    def versions(self, template: Any) -> SafeString:
        return links.listed("templateversion", f"{template.version_count:,}", template_ref=template.ref)

    @admin.display(description="made from it", ordering="made")
    def repositories(self, template: Any) -> SafeString:
        return links.listed("instance", f"{template.made:,}", template_ref=template.ref)


def _count(of_templates: QuerySet[Any]) -> Any:
    """How many of these the template has; a subquery, so that a page is one query."""
    rows = of_templates.filter(template_ref=OuterRef("ref")).order_by().values("template_ref")
    return Coalesce(Subquery(rows.annotate(number=Count("pk")).values("number")), 0)
