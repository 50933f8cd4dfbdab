"""What people do with campaigns: begin, pause, go on, cancel; each recorded with who did it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, F, QuerySet
from django.utils import timezone

from core.api.subjects import Subject
from core.audit import Actor, record
from core.errors import Conflict, InputError, NotFound
from core.states import move
from scaffolder.jobs import ADVANCE_CAMPAIGN
from scaffolder.models import Instance, TemplateVersion
from scaffolder.registry import instances
from scaffolder.upgrades import waves
from scaffolder.upgrades.models import Campaign, Member
from scaffolder.upgrades.states import CAMPAIGN_MOVES, CampaignState, UpgradeState
from scm.values import CheckState

MOST_MEMBERS = 2_000
UNDER_WAY = (CampaignState.RUNNING, CampaignState.PAUSED)


@transaction.atomic
def begin(
    *,
    to: TemplateVersion,
    shape: Sequence[int | str],
    only: Sequence[int] | None,
    values: Mapping[str, Any],
    by: Subject,
) -> Campaign:
    """Begin to bring all that was made from a template to a version, or the instances of `only`, in waves.

    Conflict when another campaign of the template is under way, InputError when nothing is behind that version.
    """
    TemplateVersion.objects.select_for_update().get(pk=to.pk)
    if Campaign.objects.filter(template_ref=to.template_ref, state__in=UNDER_WAY).exists():
        raise Conflict(f"A campaign of {to.template_ref} is under way: cancel it, or wait for its end")
    chosen = _behind(to, only, by)
    campaign = Campaign.objects.create(
        template_ref=to.template_ref,
        to_version=to,
        waves=waves.sizes(shape, len(chosen)),
        values=dict(values),
        subject=by.frozen(),
        created_by=by.entity_ref or by.ref,
    )
    numbers = [number for number, size in enumerate(campaign.waves) for _ in range(size)]
    Member.objects.bulk_create(
        Member(campaign=campaign, instance=instance, wave=number)
        for instance, number in zip(chosen, numbers, strict=True)
    )
    record(by, "began", campaign, version=to.number, members=len(chosen), waves=campaign.waves)
    ADVANCE_CAMPAIGN.later(campaign.pk)
    return campaign


@transaction.atomic
def pause(campaign: Campaign, by: Actor) -> Campaign:
    """Begin no more upgrades; those that are under way go on."""
    reason = f"paused by {by.ref}"
    if not move(_row(campaign), CampaignState.PAUSED, CAMPAIGN_MOVES, reason=reason):
        raise _refused(campaign, "paused")
    record(by, "paused", campaign)
    return _fresh(campaign)


@transaction.atomic
def resume(campaign: Campaign, by: Actor, *, accept: bool) -> Campaign:
    """Go on. What is not well in the wave is tried again; with `accept` it is left as it is, and counts as well.

    What has not begun yet is not skipped: its turn comes.
    """
    if not move(_row(campaign), CampaignState.RUNNING, CAMPAIGN_MOVES, reason=""):
        raise _refused(campaign, "resumed")
    campaign = _fresh(campaign)
    members = Member.objects.filter(campaign=campaign, wave=campaign.wave)
    if accept:
        begun = members.exclude(upgrade=None, problem="")
        begun.exclude(upgrade__state__in=[UpgradeState.MERGED, UpgradeState.UNCHANGED]).update(accepted=True)
    else:
        members.exclude(problem="").update(problem="", upgrade=None)
        ended = [UpgradeState.FAILED, UpgradeState.CLOSED]
        members.filter(upgrade__state__in=ended).update(upgrade=None, checks="", checked_at=None)
        members.filter(checks=CheckState.RED).update(checks="", checked_at=None)
    record(by, "resumed", campaign, accept=accept)
    ADVANCE_CAMPAIGN.later(campaign.pk)
    return campaign


@transaction.atomic
def cancel(campaign: Campaign, by: Actor) -> Campaign:
    """End it. Pull requests that are open stay, and may be merged."""
    if not move(_row(campaign), CampaignState.CANCELLED, CAMPAIGN_MOVES, ended_at=timezone.now()):
        raise _refused(campaign, "cancelled")
    record(by, "cancelled", campaign)
    return _fresh(campaign)


def named(campaign_id: int) -> Campaign:
    """The campaign with that id, or NotFound."""
    rows = Campaign.objects.select_related("to_version")
    found = rows.filter(pk=campaign_id).first() if campaign_id < 2**63 else None
    if found is None:
        raise NotFound(f"There is no campaign {campaign_id}; GET /api/v1/scaffolder/campaigns lists them")
    return found


def members(campaign: Campaign, subject: Subject) -> QuerySet[Member]:
    """Its repositories, as far as the subject may see them."""
    rows = Member.objects.filter(campaign=campaign)
    if not instances.are_limited(subject):
        return rows
    return rows.filter(instance__in=instances.visible(subject).order_by())


def counts(campaign: Campaign) -> dict[str, int]:
    """How many members stand where: by the state of their upgrade, `waiting` for those without one."""
    rows = Member.objects.filter(campaign=campaign).values_list("upgrade__state").annotate(count=Count("id"))
    found = {state or "waiting": count for state, count in rows.order_by()}
    return {"total": sum(found.values()), "waiting": found.pop("waiting", 0), **found}


def _behind(to: TemplateVersion, only: Sequence[int] | None, by: Subject) -> list[Instance]:
    rows = instances.of_template(to.template_ref, by).filter(version__number__lt=to.number)
    rows = rows.filter(entity_ref__in=instances.seen_by(by))
    if only is not None:
        rows = rows.filter(pk__in=only)
        if missing := sorted(set(only) - set(rows.values_list("pk", flat=True))):
            raise InputError(
                f"instance {missing[0]} of the selection is not behind version {to.number} of {to.template_ref}, or "
                "its entity is not there"
            )
    found = list(rows.order_by(F("version__number").desc(), "pk")[: MOST_MEMBERS + 1])
    if not found:
        raise InputError(f"Nothing that was made from {to.template_ref} is behind version {to.number}")
    if len(found) > MOST_MEMBERS:
        raise InputError(f"A campaign takes {MOST_MEMBERS} instances at the most; name some in `instances`")
    return found


def _row(campaign: Campaign) -> Any:
    return Campaign.objects.filter(pk=campaign.pk)


def _fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_related("to_version").get(pk=campaign.pk)


def _refused(campaign: Campaign, verb: str) -> Conflict:
    return Conflict(f"Campaign {campaign.pk} is {_fresh(campaign).state} and cannot be {verb}")
