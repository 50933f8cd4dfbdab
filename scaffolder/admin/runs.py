"""The runs in the admin: the list with how far each is, and the page of one (`page`), with its log as it comes."""

import uuid
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.safestring import SafeString

from core.api.responses import event_stream
from core.errors import NotFound, RateLimited
from scaffolder.admin import deciding
from scaffolder.admin.links import short
from scaffolder.admin.listing import Table
from scaffolder.admin.page import shown
from scaffolder.admin.words import badge, lasted
from scaffolder.api.streams import EventStream
from scaffolder.api.v1.artifacts import sent
from scaffolder.artifacts import actions as artifacts
from scaffolder.models import Run, StepRun
from scaffolder.states import StepState

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of a run's page: what a template or a step says can be read there, and nothing else."""


@admin.register(Run)
class RunAdmin(Table):
    list_display = ("name", "template", "status", "progress", "author", "created_at", "duration")
    list_display_links = ("name",)
    list_filter = ("state",)
    search_fields = ("template_ref",)  # makes the box appear; get_search_results says what it finds
    search_help_text = "A run's id, or the beginning of a template's or a person's name or reference."
    ordering = ("-created_at",)
    sortable_by = ()
    nothing_yet = "No run yet: greenroom scaffold run TEMPLATE starts one, and so does any client of the API."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        """Runs as the list shows them; what is long stays in the database."""
        steps = StepRun.objects.filter(run=OuterRef("pk")).order_by()
        done = steps.exclude(state=StepState.PROCESSING).values("run").annotate(number=Count("pk"))
        working = steps.filter(state=StepState.PROCESSING).order_by("-position")
        latest = steps.exclude(ended_at=None).order_by("-ended_at")
        runs: QuerySet[Any] = super().get_queryset(request)
        measured: QuerySet[Run] = runs.defer("spec", "secrets", "output", "subject").annotate(
            done=Coalesce(Subquery(done.values("number")), 0),
            working=Subquery(working.values("step_id")[:1]),
            first_step_at=Subquery(steps.order_by("started_at").values("started_at")[:1]),
            last_step_at=Subquery(latest.values("ended_at")[:1]),
        )
        return measured

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Run], search_term: str
    ) -> tuple[QuerySet[Run], bool]:
        """By what has an index: the id, or the beginning of the template's reference or of who asked."""
        text = search_term.strip()
        if not text or "\0" in text:
            return (queryset if not text else queryset.none()), False
        try:
            return queryset.filter(pk=uuid.UUID(text)), False
        except ValueError:
            pass
        found = Q(template_ref__startswith=text.lower()) | Q(created_by__startswith=text)
        if ":" not in text:
            found |= Q(template_ref__startswith=f"template:default/{text.lower()}")
            found |= Q(created_by__startswith=f"user:default/{text}")
        return queryset.filter(found), False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Nothing but the filter beside the list, and the way from a version to its runs."""
        return lookup in {"state__exact", "template_version__id__exact"}

    def get_urls(self) -> list[Any]:
        """The page of a run, what is decided about it, its log as it comes, and the files that it hands out."""
        view = self.admin_site.admin_view
        return [
            path("<str:run_id>/do/<str:deed>/", view(self.decide), name="scaffolder_run_do"),
            path("<str:run_id>/stream/", view(self.stream), name="scaffolder_run_stream"),
            path("<str:run_id>/artifacts/<str:name>", view(self.artifact), name="scaffolder_run_artifact"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """All that is known of a run."""
        run = self.run(request, unquote(object_id))
        context = {**self.admin_site.each_context(request), **shown(run, request.user)}
        context |= {"opts": self.opts, "title": "Run", "media": self.media}
        context["deeds"] = deciding.offered(run, request.user, self.has_decide_permission(request))
        response = TemplateResponse(request, "admin/scaffolder/run.html", context)
        response["Content-Security-Policy"] = POLICY
        return response

    def decide(self, request: HttpRequest, run_id: str, deed: str) -> HttpResponse:
        """Approve, reject, cancel, retry: by POST only; what destroys asks first."""
        run = self.run(request, run_id)
        return deciding.decide(self, request, run, deed, self.has_decide_permission(request))

    def stream(self, request: HttpRequest, run_id: str) -> HttpResponseBase:
        """The run's events, as they come: as the API sends them, for who is signed in here."""
        after = request.GET.get("after", "")
        run = self.run(request, run_id)
        try:
            return event_stream(
                EventStream(run, int(after) if after.isdecimal() and len(after) < 19 else None)
            )
        except RateLimited as error:
            return HttpResponse(
                error.message, status=503, headers={"Retry-After": "2"}, content_type="text/plain"
            )

    def artifact(self, request: HttpRequest, run_id: str, name: str) -> HttpResponseBase:
        """A file that the run hands out: as the API sends it, for who is signed in here and may look at the run."""
        run = self.run(request, run_id)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        try:
            return sent(artifacts.named(run, name))
        except NotFound:
            raise Http404 from None

    def run(self, request: HttpRequest, run_id: str) -> Run:
        """The run, for who may look at runs; 404 when there is none."""
        try:
            run = (
                Run.objects.visible_to(request.user)
                .select_related("template_version", "upgrade__instance", "upgrade__to_version")
                .defer("template_version__document", "upgrade__to_version__document")
                .filter(pk=uuid.UUID(run_id))
            )
        except ValueError:
            raise Http404 from None
        found = run.first()
        if found is None or not self.has_view_permission(request, found):
            raise Http404
        return found

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Who may cancel, retry and roll back: Django's permission to change runs."""
        return request.user.has_perm("scaffolder.change_run")

    @admin.display(description="run")
    def name(self, run: Run) -> str:
        return str(run.pk)[:8]

    @admin.display(description="template")
    def template(self, run: Run) -> str:
        said = short(run.template_ref)
        return f"{said}, an upgrade" if run.serves == Run.Serves.UPGRADE else said

    @admin.display(description="state", ordering=F("state"))
    def status(self, run: Run) -> SafeString:
        return badge(run)

    @admin.display(description="progress")
    def progress(self, run: Any) -> str:
        told = [f"{run.done} done"] if run.done else []
        return ", ".join([*told, run.working] if run.working else told) or "-"

    @admin.display(description="asked by")
    def author(self, run: Run) -> str:
        return short(run.created_by)

    @admin.display(description="took")
    def duration(self, run: Any) -> str:
        return lasted(run.first_step_at, None if run.working else run.last_step_at)
