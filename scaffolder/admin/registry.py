"""The registry in the admin: versions with what was made of them, and instances with how far they are behind."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.safestring import SafeString

from core.admin import readable
from core.errors import GreenroomError
from scaffolder.admin import links
from scaffolder.admin.listing import Table, Values
from scaffolder.admin.words import facts
from scaffolder.models import Instance, Run, TemplateVersion
from scaffolder.states import RunState
from scm.registry import host
from scm.values import RepositoryName


@admin.register(TemplateVersion)
class TemplateVersionAdmin(Table):
    list_display = ("name", "recorded_at", "fixed_by", "runs", "completed", "failed", "repositories")
    list_filter = (("template_ref", Values),)
    search_fields = ("template_ref", "commit", "digest")
    search_help_text = "A part of a template's reference, of a commit, or of a digest."
    nothing_yet = "No template was run yet: its first version is recorded when a run of it is started."
    readonly_fields = (
        *("template", "number", "recorded_at", "files", "read_from", "digest"),
        *("runs", "completed", "failed", "repositories", "shown"),
    )
    fieldsets = (
        (None, {"fields": readonly_fields[:-1]}),
        ("The template as it was", {"fields": ("shown",), "classes": ("collapse",)}),
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

    @admin.display(description="version", ordering="template_ref")
    def name(self, version: TemplateVersion) -> str:
        return f"{links.short(version.template_ref)} {version.number}"

    @admin.display(description="files fixed by")
    def fixed_by(self, version: TemplateVersion) -> str:
        return version.commit[:12] or "nothing"

    @admin.display(description="files fixed by")
    def files(self, version: TemplateVersion) -> str:
        return version.commit or f"nothing: {version.unpinned}"

    @admin.display(description="template")
    def template(self, version: TemplateVersion) -> SafeString:
        return links.template(version.template_ref)

    @admin.display(description="read from")
    def read_from(self, version: TemplateVersion) -> SafeString:
        return links.outside(version.source, version.source or "-")

    @admin.display(description="runs", ordering="run_count")
    def runs(self, version: Any) -> SafeString:
        return links.listed("run", f"{version.run_count:,}", template_version__id__exact=version.pk)

    @admin.display(description="completed", ordering="good")
    def completed(self, version: Any) -> int:
        return int(version.good)

    @admin.display(description="failed", ordering="bad")
    def failed(self, version: Any) -> int:
        return int(version.bad)

    @admin.display(description="repositories now of it", ordering="made")
    def repositories(self, version: Any) -> SafeString:
        return links.listed("instance", f"{version.made:,}", version__id__exact=version.pk)

    @admin.display(description="document")
    def shown(self, version: TemplateVersion) -> SafeString:
        return readable(version.document)


class Behind(admin.SimpleListFilter):
    """Whether there is a newer version than the one that a repository is of."""

    title, parameter_name = "drift", "behind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "behind its template"), ("no", "up to date")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        older = Q(version__number__lt=F("newest"))
        return {"yes": queryset.filter(older), "no": queryset.exclude(older)}.get(
            self.value() or "", queryset
        )


@admin.register(Instance)
class InstanceAdmin(Table):
    list_display = ("entity", "repository", "host", "template", "drift", "made_at", "upgraded_at")
    list_filter = (Behind, ("host", Values), ("template_ref", Values))
    search_fields = ("entity_ref", "repository")
    search_help_text = "A part of an entity's reference, or of a repository's name."
    nothing_yet = (
        "Nothing was made yet: an instance is there once a run has published a repository and registered it."
    )
    fields = readonly_fields = (
        *("in_the_catalog", "template_page", "of_version", "drift", "place", "branch", "commit", "made_by"),
        *("made_at", "upgraded_at", "answers", "way"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Instance]:
        """Each with its version, and the newest that its template has."""
        newest = TemplateVersion.objects.filter(template_ref=OuterRef("template_ref")).order_by("-number")
        rows: QuerySet[Instance] = super().get_queryset(request).select_related("version")
        return rows.defer("version__document").annotate(newest=Subquery(newest.values("number")[:1]))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "version__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="entity", ordering="entity_ref")
    def entity(self, instance: Instance) -> str:
        return links.short(instance.entity_ref)

    @admin.display(description="template", ordering="template_ref")
    def template(self, instance: Instance) -> str:
        return f"{links.short(instance.template_ref)} {instance.version.number}"

    @admin.display(description="drift")
    def drift(self, instance: Any) -> str:
        behind = instance.newest - instance.version.number
        return f"{behind} behind" if behind > 0 else "up to date"

    @admin.display(description="entity")
    def in_the_catalog(self, instance: Instance) -> SafeString:
        return links.entity(instance.entity_ref)

    @admin.display(description="template")
    def template_page(self, instance: Instance) -> SafeString:
        return links.template(instance.template_ref)

    @admin.display(description="version")
    def of_version(self, instance: Instance) -> SafeString:
        return links.page("templateversion", instance.version_id, instance.version.number)

    @admin.display(description="repository")
    def place(self, instance: Instance) -> SafeString:
        """Where it is looked at; only its name when its host is no longer configured."""
        name = f"{instance.host}: {instance.repository}"
        try:
            url = host(instance.host).web_url(RepositoryName.parse(instance.repository))
        except GreenroomError:
            url = ""
        return links.outside(url, name)

    @admin.display(description="made by run")
    def made_by(self, instance: Instance) -> SafeString:
        return links.page("run", instance.run_id, instance.run_id)

    @admin.display(description="answers")
    def answers(self, instance: Instance) -> SafeString:
        return facts(instance.values)

    @admin.display(description="upgrades")
    def way(self, instance: Instance) -> SafeString:
        return links.listed("upgrade", instance.upgrades.count(), instance__id__exact=instance.pk)


def _runs(which: Q) -> Any:
    used = Run.objects.filter(which, template_version=OuterRef("pk"), serves=Run.Serves.TEMPLATE)
    rows = used.order_by().values("template_version")
    return Coalesce(Subquery(rows.annotate(number=Count("pk")).values("number")), 0)
