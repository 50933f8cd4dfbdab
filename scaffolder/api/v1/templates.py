"""`/api/v1/scaffolder/templates`: what there is to make, how it does, and what was made from it."""

from typing import Any

from django.http import HttpResponse

from catalog.api.v1.pages import CURSOR, LIMIT, PAGE_INFO, SAID, TOTAL, Place, Question
from catalog.refs import EntityRef
from core.api.openapi import Operation, list_of, object_of
from core.api.responses import json_data
from core.api.views import ApiView
from scaffolder.api.v1.places import number_of
from scaffolder.api.v1.shapes import (
    INSTANCE,
    NAMED,
    TEMPLATE,
    TEMPLATE_DETAIL,
    instance_documents,
    template_document,
    version_document,
)
from scaffolder.registry import instances, listing


def template_ref(namespace: str, name: str) -> str:
    """The reference of the template that a path names."""
    return str(EntityRef("template", namespace, name))


class TemplatesView(ApiView):
    """Templates, page by page."""

    permission = "scaffolder.template.parameter.read"
    query = {"limit": LIMIT, "cursor": CURSOR}
    described = Operation(
        "The templates, with their terms and statistics",
        parameters=SAID,
        answer=object_of("TemplatePage", items=list_of(TEMPLATE), totalItems=TOTAL, pageInfo=PAGE_INFO),
    )

    def get(self, _request: Any) -> HttpResponse:
        limit, question = self.params["limit"], Question("templates")
        place = question.place(self.params["cursor"])
        found = listing.listed(self.subject, after=place.after if place else "", limit=limit + 1)
        total = place.total if place else listing.count(self.subject)
        more = len(found) > limit
        info = {"nextCursor": question.cursor(Place(found[limit - 1].ref, total))} if more else {}
        items = [template_document(one) for one in found[:limit]]
        return json_data({"items": items, "totalItems": total, "pageInfo": info})


class TemplateView(ApiView):
    """One template."""

    permission = "scaffolder.template.parameter.read"
    described = Operation(
        "A template, with its terms, statistics and versions", parameters=NAMED, answer=TEMPLATE_DETAIL
    )

    def get(self, _request: Any, namespace: str, name: str) -> HttpResponse:
        found = listing.one(template_ref(namespace, name), self.subject)
        versions = [version_document(one) for one in listing.versions_of(found.ref)]
        return json_data({**template_document(found), "versions": versions})


class TemplateInstancesView(ApiView):
    """What was made from a template."""

    permission = "scaffolder.task.read"
    query = {"limit": LIMIT, "cursor": CURSOR}
    described = Operation(
        "What was made from a template, and how far it is behind",
        description="In the order in which they were made. A template that is gone still has its instances.",
        parameters={**NAMED, **SAID},
        answer=object_of(
            "TemplateInstancePage", items=list_of(INSTANCE), totalItems=TOTAL, pageInfo=PAGE_INFO
        ),
    )

    def get(self, _request: Any, namespace: str, name: str) -> HttpResponse:
        ref, limit = template_ref(namespace, name), self.params["limit"]
        question = Question("instances", ref)
        place = question.place(self.params["cursor"])
        found = instances.page(ref, self.subject, after=number_of(place), limit=limit + 1)
        total = place.total if place else instances.of_template(ref, self.subject).count()
        more = len(found) > limit
        info = {"nextCursor": question.cursor(Place(str(found[limit - 1].pk), total))} if more else {}
        return json_data({"items": instance_documents(found[:limit]), "totalItems": total, "pageInfo": info})
