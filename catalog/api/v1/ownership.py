"""`/api/v1/catalog/ownership` and `/reports/ownership`: whose an entity is and why, and what is wrong with owners."""

from typing import Any

from django.http import HttpResponse

from catalog.api.v1.graph import CARD, FACT, card, fact_document
from catalog.api.v1.limits import TRUNCATED, truncated
from catalog.api.v1.pages import CURSOR, LIMIT, PAGE_INFO, SAID, TOTAL, Place, Question
from catalog.api.v1.references import NAMED, named
from catalog.graph import cards
from catalog.owners import owners_of
from catalog.ownership_report import FINDINGS, Finding, ownership_report
from core.api.openapi import TEXT, TEXT_OR_NULL, WHOLE, Operation, list_of, object_of
from core.api.params import Many, Whole
from core.api.responses import json_data
from core.api.views import ApiView
from core.errors import InputError, NotFound

OWNER = card(
    "Owner",
    why={
        "enum": ["declared", "inherited", "above", "member"],
        "description": "Named by the entity; by what it is part of; a group above those; a person in or below them.",
    },
    path={**list_of(FACT), "description": "The relations from the entity to the owner, step by step."},
)
FINDING = {
    **object_of(
        "Finding",
        finding={"enum": list(FINDINGS)},
        ref=TEXT,
        kind=TEXT,
        title=TEXT_OR_NULL,
        owner=TEXT_OR_NULL,
        owns={**WHOLE, "description": "How much a group owns by name."},
        members={**list_of(TEXT), "description": "Those that are gone."},
    ),
    "required": ["finding", "ref", "kind", "title", "owner"],
}


class OwnershipView(ApiView):
    """The effective owners of one entity."""

    permission = "catalog.entity.read"
    query = {"limit": Whole(minimum=1, maximum=1000, default=200)}
    described = Operation(
        "Who owns an entity, and why",
        description="Everybody for whom `entities?owned_by=…` lists the entity, with the way that leads to them.",
        parameters={
            **NAMED,
            "limit": "Groups and people at the most, each.",
        },
        answer=object_of(
            "Ownership",
            entity=CARD,
            owned={
                "enum": ["declared", "inherited", "none"],
                "description": "Whether it names its owner, has that of what it is part of, or nobody's.",
            },
            owners=list_of(OWNER),
            truncated=TRUNCATED,
        ),
    )

    def get(self, _request: Any, kind: str, namespace: str, name: str) -> HttpResponse:
        ref = named(kind, namespace, name)
        entity = cards(self.subject, [ref])[ref]
        if entity.missing:
            raise NotFound(f"No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'")
        most = self.params["limit"]
        found = owners_of(self.subject, entity, most=most)
        message = f"More than {most} groups or people own it: raise limit."
        return json_data(
            {
                "entity": entity.document(),
                "owned": next((one.why for one in found.owners), "none"),
                "owners": [
                    {
                        **one.card.document(),
                        "why": one.why,
                        "path": [fact_document(fact) for fact in one.path],
                    }
                    for one in found.owners
                ],
                "truncated": truncated("limit", most, message) if found.full else None,
            }
        )


class OwnershipReportView(ApiView):
    """What is wrong with ownership in the whole catalog."""

    permission = "catalog.entity.read"
    query = {"finding": Many(), "limit": LIMIT, "cursor": CURSOR}
    described = Operation(
        "What is wrong with ownership",
        description=(
            "`no-owner`: names none and inherits none · `owner-missing`: not in the catalog · `owner-departed`: "
            "gone from its source · `owner-empty`: a group with nobody in it at any level · `group-empty`: such a "
            "group · `member-gone`: a group that names members who are not there."
        ),
        parameters={"finding": f"Only these: {', '.join(FINDINGS)}. Repeated for several.", **SAID},
        answer=object_of(
            "OwnershipReport",
            counts=object_of("OwnershipCounts", **dict.fromkeys(FINDINGS, WHOLE)),
            items=list_of(FINDING),
            totalItems=TOTAL,
            pageInfo=PAGE_INFO,
        ),
    )

    def get(self, _request: Any) -> HttpResponse:
        only, limit = self.params["finding"] or FINDINGS, self.params["limit"]
        if unknown := set(only) - set(FINDINGS):
            raise InputError(
                f"request/query/finding is {min(unknown)!r}, and must be one of {', '.join(FINDINGS)}"
            )
        question = Question("ownership", sorted(set(only)))
        place = question.place(self.params["cursor"])
        ref, _, finding = (place.after if place else "").rpartition(" ")
        report = ownership_report(self.subject, only=only, after=(ref, finding), limit=limit + 1)
        total = place.total if place else sum(report.counts[name] for name in set(only))
        findings, info = report.findings[:limit], {}
        if len(report.findings) > limit:
            last = findings[-1]
            info["nextCursor"] = question.cursor(Place(f"{last.ref} {last.finding}", total))
        return json_data(
            {
                "counts": report.counts,
                "items": [_finding(one) for one in findings],
                "totalItems": total,
                "pageInfo": info,
            }
        )


def _finding(one: Finding) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "finding": one.finding,
        "ref": one.ref,
        "kind": one.kind,
        "title": one.title or None,
        "owner": one.owner or None,
    }
    if one.kind == "Group":
        shown["owns"] = one.owns
    return {**shown, "members": one.members} if one.members else shown
