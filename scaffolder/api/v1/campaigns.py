"""`/api/v1/scaffolder/campaigns`: a version of a template for many repositories, wave by wave."""

from typing import Any

from django.http import HttpResponse

from catalog.api.v1.pages import CURSOR, LIMIT, PAGE_INFO, SAID, TOTAL, Place, Question
from core.api.openapi import TEXT, TEXT_OR_NULL, WHOLE, Operation, list_of, object_of
from core.api.responses import json_data
from core.api.views import ApiView
from core.errors import InputError
from scaffolder.api.documents import instant
from scaffolder.api.v1.places import number_of
from scaffolder.api.v1.upgrades import BODY_LIMIT, wanted
from scaffolder.permissions import MANAGE_CAMPAIGNS
from scaffolder.upgrades import actions, campaigns, waves
from scaffolder.upgrades.models import Campaign, Member
from scaffolder.upgrades.states import CampaignState

_ID = {"campaign_id": "The campaign's id."}
CAMPAIGN = object_of(
    "Campaign",
    id=WHOLE,
    templateRef=TEXT,
    toVersion=WHOLE,
    state={"enum": list(CampaignState.values)},
    wave={**WHOLE, "description": "The one that is under way, from 1."},
    waves={**list_of(WHOLE), "description": "How many repositories each has."},
    reason={**TEXT_OR_NULL, "description": "What it waits for, or why it was paused."},
    createdBy=TEXT,
    createdAt=TEXT,
    endedAt=TEXT_OR_NULL,
)
MEMBER = object_of(
    "CampaignMember",
    instance=WHOLE,
    entityRef=TEXT,
    wave=WHOLE,
    upgrade={"type": ["string", "null"], "description": "The state of its upgrade; null before its turn."},
    pullRequestUrl=TEXT_OR_NULL,
    checks=TEXT_OR_NULL,
    problem=TEXT_OR_NULL,
    accepted={"type": "boolean"},
)
_MEMBER_PAGE = object_of("CampaignMemberPage", items=list_of(MEMBER), totalItems=TOTAL, pageInfo=PAGE_INFO)


def campaign_document(one: Campaign) -> dict[str, Any]:
    """A campaign, with its version at hand."""
    return {
        "id": one.pk,
        "templateRef": one.template_ref,
        "toVersion": one.to_version.number,
        "state": one.state,
        "wave": one.wave + 1,
        "waves": one.waves,
        "reason": one.reason or None,
        "createdBy": one.created_by,
        "createdAt": instant(one.created_at),
        "endedAt": instant(one.ended_at) if one.ended_at else None,
    }


def member_document(one: Member) -> dict[str, Any]:
    """A member, with its instance and upgrade at hand."""
    upgrade = one.upgrade
    return {
        "instance": one.instance_id,
        "entityRef": one.instance.entity_ref,
        "wave": one.wave + 1,
        "upgrade": upgrade.state if upgrade else None,
        "pullRequestUrl": (upgrade.web_url or None) if upgrade else None,
        "checks": one.checks or None,
        "problem": one.problem or (upgrade.problem if upgrade else "") or None,
        "accepted": one.accepted,
    }


class CampaignsView(ApiView):
    """Campaigns, newest first; and a new one."""

    permission = {"get": "scaffolder.task.read", "post": MANAGE_CAMPAIGNS}
    query = {"get": {"limit": LIMIT, "cursor": CURSOR}, "post": {}}
    body_limit = BODY_LIMIT
    described = {
        "get": Operation(
            "The campaigns, newest first",
            parameters=SAID,
            answer=object_of("CampaignPage", items=list_of(CAMPAIGN), totalItems=TOTAL, pageInfo=PAGE_INFO),
        ),
        "post": Operation(
            "Bring all that was made from a template to a version, wave by wave",
            description=(
                "A wave begins when every repository of the one before is well: its pull request is merged, or open "
                "with green checks. A failed upgrade, a declined one and red checks pause the campaign."
            ),
            body={
                "type": "object",
                "required": ["template"],
                "properties": {
                    "template": {**TEXT, "description": "Its reference."},
                    "version": {
                        "type": "integer",
                        "minimum": 1,
                        "description": "Default: the template as it is now.",
                    },
                    "waves": {
                        "type": "array",
                        "items": {"type": ["integer", "string"]},
                        "description": 'Sizes: numbers and shares of all. Default: [1, "10%", "100%"].',
                    },
                    "instances": {
                        **list_of(WHOLE),
                        "description": "Only these. Default: all that are behind.",
                    },
                    "values": {"type": "object", "description": "Answers that the new version asks for."},
                },
                "additionalProperties": False,
            },
            answer=CAMPAIGN,
            status=202,
            refusals=(404, 409),
        ),
    }

    def get(self, _request: Any) -> HttpResponse:
        limit, question = self.params["limit"], Question("campaigns")
        place = question.place(self.params["cursor"])
        rows = Campaign.objects.select_related("to_version").order_by("-pk")
        found = list((rows.filter(pk__lt=number_of(place)) if place else rows)[: limit + 1])
        total = place.total if place else Campaign.objects.count()
        info = (
            {"nextCursor": question.cursor(Place(str(found[limit - 1].pk), total))}
            if len(found) > limit
            else {}
        )
        items = [campaign_document(one) for one in found[:limit]]
        return json_data({"items": items, "totalItems": total, "pageInfo": info})

    def post(self, _request: Any) -> HttpResponse:
        body = self.document(required=("template",))
        template, shape, only = (
            body.pop("template"),
            body.pop("waves", list(waves.DEFAULT)),
            body.pop("instances", None),
        )
        number, values = wanted(body)
        if not isinstance(template, str):
            raise InputError("request/body/template must be string")
        if not isinstance(shape, list):
            raise InputError("request/body/waves must be a list of numbers and shares")
        if only is not None and not _are_ids(only):
            raise InputError("request/body/instances must be a list of ids of instances")
        to = actions.target_of(template, number, self.subject)
        made = campaigns.begin(to=to, shape=shape, only=only, values=values, by=self.subject)
        return json_data(campaign_document(made), 202)


class CampaignView(ApiView):
    """One campaign."""

    permission = "scaffolder.task.read"
    described = Operation(
        "A campaign, and how many of its repositories stand where",
        parameters=_ID,
        answer=object_of(
            "CampaignDetail",
            campaign=CAMPAIGN,
            counts={
                "type": "object",
                "required": ["total", "waiting"],
                "additionalProperties": WHOLE,
                "description": "By the state of the upgrade; `waiting`: before their turn.",
            },
        ),
    )

    def get(self, _request: Any, campaign_id: int) -> HttpResponse:
        found = campaigns.named(campaign_id)
        return json_data({"campaign": campaign_document(found), "counts": campaigns.counts(found)})


class CampaignMembersView(ApiView):
    """The repositories of a campaign."""

    permission = "scaffolder.task.read"
    query = {"limit": LIMIT, "cursor": CURSOR}
    described = Operation(
        "The repositories of a campaign, in order of wave", parameters={**_ID, **SAID}, answer=_MEMBER_PAGE
    )

    def get(self, _request: Any, campaign_id: int) -> HttpResponse:
        found, limit = campaigns.named(campaign_id), self.params["limit"]
        question = Question("members", found.pk)
        place = question.place(self.params["cursor"])
        every = campaigns.members(found, self.subject)
        rows = every.filter(pk__gt=number_of(place)).select_related("instance", "upgrade")
        members = list(rows.order_by("pk")[: limit + 1])  # they were made in order of wave
        total = place.total if place else every.count()
        more = len(members) > limit
        info = {"nextCursor": question.cursor(Place(str(members[limit - 1].pk), total))} if more else {}
        items = [member_document(one) for one in members[:limit]]
        return json_data({"items": items, "totalItems": total, "pageInfo": info})


class CampaignPauseView(ApiView):
    """`POST`: begin no more."""

    permission = MANAGE_CAMPAIGNS
    described = Operation(
        "Pause a campaign",
        description="What is under way goes on.",
        parameters=_ID,
        answer=CAMPAIGN,
        refusals=(409,),
    )

    def post(self, _request: Any, campaign_id: int) -> HttpResponse:
        return json_data(campaign_document(campaigns.pause(campaigns.named(campaign_id), self.subject)))


class CampaignResumeView(ApiView):
    """`POST`: go on."""

    permission = MANAGE_CAMPAIGNS
    described = Operation(
        "Let a campaign go on",
        description="What is not well in its wave is tried again, or with `accept` left as it is.",
        parameters=_ID,
        body={
            "type": "object",
            "properties": {"accept": {"type": "boolean", "default": False}},
            "additionalProperties": False,
        },
        answer=CAMPAIGN,
        refusals=(409,),
    )

    def post(self, _request: Any, campaign_id: int) -> HttpResponse:
        body = self.document()
        accept = body.pop("accept", False)
        if not isinstance(accept, bool) or body:
            raise InputError("request/body may have `accept`, true or false, and nothing else")
        found = campaigns.resume(campaigns.named(campaign_id), self.subject, accept=accept)
        return json_data(campaign_document(found))


class CampaignCancelView(ApiView):
    """`POST`: end it."""

    permission = MANAGE_CAMPAIGNS
    described = Operation(
        "Cancel a campaign",
        description="Pull requests that are open stay.",
        parameters=_ID,
        answer=CAMPAIGN,
        refusals=(409,),
    )

    def post(self, _request: Any, campaign_id: int) -> HttpResponse:
        return json_data(campaign_document(campaigns.cancel(campaigns.named(campaign_id), self.subject)))


def _are_ids(only: Any) -> bool:
    most = campaigns.MOST_MEMBERS
    return (
        isinstance(only, list)
        and len(only) <= most
        and all(type(one) is int and 0 < one < 2**63 for one in only)
    )
