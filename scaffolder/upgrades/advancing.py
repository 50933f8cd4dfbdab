"""Takes a campaign one step on: begins upgrades of its wave, looks how they stand, begins the next wave or pauses.

The worker that does so holds the campaign's lease; all that it writes is fenced by it. At most `AT_ONCE` upgrades are
begun and `LOOKS` hosts asked in one step, and steps come every half minute: that bounds what code hosts see of us.
"""

import logging
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from core.api.subjects import Subject
from core.errors import GreenroomError
from core.leases import claim, keep, release
from core.states import move
from core.sweeps import sweep
from scaffolder.jobs import ADVANCE_CAMPAIGN
from scaffolder.models import Instance
from scaffolder.upgrades import actions, proposals
from scaffolder.upgrades.following import look
from scaffolder.upgrades.models import Campaign, Member
from scaffolder.upgrades.states import CAMPAIGN_MOVES, CampaignState, UpgradeState
from scaffolder.upgrades.waves import Seen, Standing, standing
from scm.budget import Lane, lane
from scm.port import Checks
from scm.registry import hosts
from scm.values import CheckState, RepositoryName

AT_ONCE = 5
LOOKS = 20
EVERY = timedelta(seconds=30)
GREEN_FOR = timedelta(minutes=10)
"""How long green checks are believed: one that begins late, or is run again, may turn red."""

log = logging.getLogger(__name__)


@sweep("scaffolder.campaigns", every=EVERY)
def advance_campaigns() -> None:
    """Ring for the campaigns that are under way."""
    for pk in Campaign.objects.filter(state=CampaignState.RUNNING).values_list("pk", flat=True)[:LOOKS]:
        ADVANCE_CAMPAIGN.now(str(pk))


def advance(campaign_id: int) -> None:
    """One step, unless another worker does it or the campaign does not run."""
    campaign = claim(Campaign.objects.filter(state=CampaignState.RUNNING), campaign_id)
    if campaign is None:
        return
    with keep(campaign) as keeper, lane(Lane.TIMETABLE):
        members = list(
            Member.objects.filter(campaign=campaign, wave=campaign.wave).select_related(
                "instance__version", "upgrade"
            )
        )
        _begin(campaign, [member for member in members if _is_due(member)][:AT_ONCE])
        if not keeper.lost.is_set():
            _judge(campaign)
    release(campaign)


def _is_due(member: Member) -> bool:
    return member.upgrade_id is None and not member.problem and not member.accepted


def _begin(campaign: Campaign, members: list[Member]) -> None:
    by = Subject.thawed(campaign.subject)
    for member in members:
        rows = Member.objects.filter(
            pk=member.pk, campaign__attempts=campaign.attempts, campaign__state=CampaignState.RUNNING
        )
        if member.instance.version_id == campaign.to_version_id:
            rows.update(accepted=True)  # somebody has brought it there already
            continue
        if not rows.exists():
            return
        try:
            made = actions.upgrade(
                instance=member.instance, to=campaign.to_version, values=campaign.values, by=by
            )
        except GreenroomError as error:
            if not error.retry:
                rows.update(problem=error.message[:2000])
            continue
        rows.update(upgrade=made)


def _judge(campaign: Campaign) -> None:
    """What the standing of the wave means."""
    rows = Member.objects.filter(campaign=campaign, wave=campaign.wave).select_related("instance", "upgrade")
    for member in (
        rows.filter(upgrade__state__in=[UpgradeState.RUNNING, UpgradeState.OPEN])
        .exclude(checks=CheckState.GREEN, checked_at__gt=timezone.now() - GREEN_FOR)
        .order_by(F("checked_at").asc(nulls_first=True))[:LOOKS]
    ):
        _look(member)
    now, mine = timezone.now(), Campaign.objects.filter(pk=campaign.pk, attempts=campaign.attempts)
    found = [(member, standing(_seen(member), now)) for member in rows]
    bad = [member for member, stands in found if stands == Standing.BAD]
    well = sum(stands == Standing.WELL for _, stands in found)
    if bad:
        move(mine, CampaignState.PAUSED, CAMPAIGN_MOVES, reason=_reason(bad), advanced_at=now)
    elif well < len(found):
        reason = f"wave {campaign.wave + 1} of {len(campaign.waves)}: {well} of {len(found)} are well"
        mine.filter(state=CampaignState.RUNNING).update(reason=reason, advanced_at=now)
    elif campaign.wave + 1 < len(campaign.waves):
        mine.filter(state=CampaignState.RUNNING).update(
            wave=campaign.wave + 1, reason=f"wave {campaign.wave + 2} begins", advanced_at=now
        )
        ADVANCE_CAMPAIGN.now(str(campaign.pk))
    else:
        move(mine, CampaignState.COMPLETED, CAMPAIGN_MOVES, reason="", advanced_at=now, ended_at=now)


def _look(member: Member) -> None:
    """Ask the host how a pull request and its checks stand; a host that does not answer leaves them as they were."""
    upgrade = member.upgrade
    if upgrade is None:
        return
    rows = Member.objects.filter(pk=member.pk)
    rows.update(checked_at=timezone.now())  # whatever comes of it, it is the turn of the others
    look(upgrade.pk)
    upgrade.refresh_from_db()
    if upgrade.state != UpgradeState.OPEN:
        return
    try:
        host = proposals.host_of(member.instance)
        if not isinstance(host, Checks):
            return
        name = RepositoryName.parse(member.instance.repository)
        checks = host.checks(name, host.pull_request(name, upgrade.number or 0).head_sha)
    except GreenroomError as error:
        log.info("checks not looked at", extra={"upgrade": upgrade.pk, "error": error.message})
        checks = CheckState(member.checks or CheckState.PENDING)
    rows.update(checks=checks)


def _seen(member: Member) -> Seen:
    upgrade = member.upgrade
    if upgrade is None:
        return Seen(None, problem=member.problem, accepted=member.accepted)
    checks = CheckState(member.checks) if member.checks else None
    if checks is None and _has_checks(member.instance):
        checks = CheckState.PENDING  # nobody has asked yet
    return Seen(
        upgrade.state,
        draft=upgrade.draft,
        checks=checks,
        opened_at=upgrade.opened_at,
        accepted=member.accepted,
    )


def _has_checks(instance: Instance) -> bool:
    return isinstance(hosts().get(instance.host), Checks)


def _reason(bad: list[Member]) -> str:
    first = bad[0]
    why = first.problem
    if first.upgrade is not None:
        red = first.checks == CheckState.RED and first.upgrade.state == UpgradeState.OPEN
        why = "its checks are red" if red else f"its upgrade is {first.upgrade.state}"
        why += f": {first.upgrade.problem}" if first.upgrade.problem else ""
    others = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
    return f"{first.instance.entity_ref}: {why}{others}"[:2000]
