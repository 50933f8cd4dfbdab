"""Upgrades and campaigns in the admin: how far they are, and what may be decided about campaigns."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.errors import GreenroomError
from scaffolder.admin import links
from scaffolder.admin.listing import Table, Values
from scaffolder.admin.words import facts, label, lines
from scaffolder.upgrades import campaigns
from scaffolder.upgrades.models import Campaign, Member, Upgrade
from scaffolder.upgrades.states import CampaignState, UpgradeState

SHOWN = 100
"""Repositories on a campaign's page."""
_BEFORE = "before its turn"
_DECISIONS = {CampaignState.RUNNING: {"pause"}, CampaignState.PAUSED: {"resume", "accept"}}
"""Offered on the campaign's page. What cannot be taken back, to cancel, is chosen in the list."""
_UNLOADED = ("from_version__document", "to_version__document")


@admin.register(Upgrade)
class UpgradeAdmin(Table):
    list_display = ("repository", "template", "versions", "status", "proposal", "author", "created_at")
    list_filter = ("state", "draft", ("instance__template_ref", Values))
    search_fields = ("instance__entity_ref", "instance__repository")
    search_help_text = "A part of an entity's reference, or of a repository's name."
    nothing_yet = (
        "No upgrade yet: once a template has a newer version, what was made from it can be upgraded to it."
    )
    fields = readonly_fields = (
        *("of_instance", "entity", "before", "after", "status", "proposal", "branch", "conflicting", "problem"),
        *("answers", "in_campaigns", "prepared_by", "created_by", "created_at", "opened_at", "looked_at", "ended_at"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Upgrade]:
        """Each with its instance and versions, without the documents of those."""
        rows: QuerySet[Upgrade] = super().get_queryset(request)
        return rows.select_related("instance", "from_version", "to_version").defer(*_UNLOADED)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "instance__id__exact" or super().lookup_allowed(lookup, value, request)

    def title_of(self, upgrade: Upgrade) -> str:
        return f"{upgrade.instance} to version {upgrade.to_version.number}"

    @admin.display(description="repository")
    def repository(self, upgrade: Upgrade) -> str:
        return upgrade.instance.repository

    @admin.display(description="template")
    def template(self, upgrade: Upgrade) -> str:
        return links.short(upgrade.instance.template_ref)

    @admin.display(description="versions")
    def versions(self, upgrade: Upgrade) -> str:
        return f"{upgrade.from_version.number} → {upgrade.to_version.number}"

    @admin.display(description="state", ordering="state")
    def status(self, upgrade: Upgrade) -> SafeString:
        return label(upgrade.state, upgrade.get_state_display())

    @admin.display(description="pull request")
    def proposal(self, upgrade: Upgrade) -> SafeString:
        if upgrade.number is None:
            return links.NOTHING
        way = links.outside(upgrade.web_url, upgrade.number)
        return format_html("{}{}", way, ", a draft" if upgrade.draft else "")

    @admin.display(description="asked by", ordering="created_by")
    def author(self, upgrade: Upgrade) -> str:
        return links.short(upgrade.created_by)

    @admin.display(description="repository")
    def of_instance(self, upgrade: Upgrade) -> SafeString:
        instance = upgrade.instance
        return links.page("instance", instance.pk, f"{instance.host}: {instance.repository}")

    @admin.display(description="entity")
    def entity(self, upgrade: Upgrade) -> SafeString:
        return links.entity(upgrade.instance.entity_ref)

    @admin.display(description="from version")
    def before(self, upgrade: Upgrade) -> SafeString:
        return links.page("templateversion", upgrade.from_version_id, upgrade.from_version)

    @admin.display(description="to version")
    def after(self, upgrade: Upgrade) -> SafeString:
        return links.page("templateversion", upgrade.to_version_id, upgrade.to_version)

    @admin.display(description="conflicts in")
    def conflicting(self, upgrade: Upgrade) -> SafeString:
        return lines(map(str, upgrade.conflicts))

    @admin.display(description="answers")
    def answers(self, upgrade: Upgrade) -> SafeString:
        return facts(upgrade.values)

    @admin.display(description="part of")
    def in_campaigns(self, upgrade: Upgrade) -> SafeString:
        rows = Member.objects.filter(upgrade=upgrade).order_by("-campaign")[:SHOWN]
        return lines(links.page("campaign", row.campaign_id, f"campaign {row.campaign_id}") for row in rows)

    @admin.display(description="prepared by run")
    def prepared_by(self, upgrade: Upgrade) -> SafeString:
        return links.page("run", upgrade.run_id, upgrade.run_id)


@admin.register(Campaign)
class CampaignAdmin(Table):
    list_display = ("name", "version", "status", "under_way", "reason", "author", "created_at")
    list_filter = ("state", ("template_ref", Values))
    search_fields = ("template_ref", "created_by")
    search_help_text = "A part of a template's or a person's reference."
    nothing_yet = (
        "No campaign yet. One brings many repositories to a version: POST /api/v1/scaffolder/campaigns."
    )
    actions = ("pause", "resume", "accept", "cancel")
    fields = readonly_fields = (
        *("template", "after", "status", "under_way", "reason", "standing", "first", "answers"),
        *("created_by", "created_at", "advanced_at", "ended_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        """Each with its version, without the document of that."""
        rows: QuerySet[Campaign] = super().get_queryset(request)
        return rows.select_related("to_version").defer("to_version__document")

    def decisions(self, request: HttpRequest, row: Any) -> list[tuple[str, str]]:
        possible = _DECISIONS.get(row.state, set())
        return [
            (name, title)
            for name, title in self.get_action_choices(request, default_choices=[])
            if name in possible
        ]

    @admin.display(description="campaign", ordering="pk")
    def name(self, campaign: Campaign) -> str:
        return f"{campaign.pk}: {links.short(campaign.template_ref)}"

    @admin.display(description="to version")
    def version(self, campaign: Campaign) -> int:
        return campaign.to_version.number

    @admin.display(description="state", ordering="state")
    def status(self, campaign: Campaign) -> SafeString:
        return label(campaign.state, campaign.get_state_display())

    @admin.display(description="asked by", ordering="created_by")
    def author(self, campaign: Campaign) -> str:
        return links.short(campaign.created_by)

    @admin.display(description="template")
    def template(self, campaign: Campaign) -> SafeString:
        return links.template(campaign.template_ref)

    @admin.display(description="to version")
    def after(self, campaign: Campaign) -> SafeString:
        return links.page("templateversion", campaign.to_version_id, campaign.to_version.number)

    @admin.display(description="answers")
    def answers(self, campaign: Campaign) -> SafeString:
        return facts(campaign.values)

    @admin.display(description=f"the first {SHOWN} of them")
    def first(self, campaign: Campaign) -> SafeString:
        """Each with its wave and how it stands; the API lists them all."""
        rows = Member.objects.filter(campaign=campaign).select_related("instance", "upgrade").order_by("pk")
        told = format_html_join(
            "", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", map(_told, rows[:SHOWN])
        )
        head = SafeString("<tr><th>repository</th><th>wave</th><th>upgrade</th><th>what of it</th></tr>")
        return format_html('<div class="run-wide"><table>{}{}</table></div>', head, told)  # fmt: skip

    @admin.display(description="wave")
    def under_way(self, campaign: Campaign) -> str:
        return f"{campaign.wave + 1} of {len(campaign.waves)}"

    @admin.display(description="repositories")
    def standing(self, campaign: Campaign) -> str:
        """ "12: 3 merged, 4 proposed, 5 before its turn"."""
        found = campaigns.counts(campaign)
        total, before = found.pop("total"), found.pop("waiting")
        told = [f"{count} {UpgradeState(state).label}" for state, count in found.items()]
        return f"{total} in all: " + ", ".join([*told, *([f"{before} {_BEFORE}"] if before else [])])

    @admin.action(description="Pause", permissions=["decide"])
    def pause(self, request: HttpRequest, chosen: QuerySet[Campaign]) -> None:
        self._each(request, chosen, campaigns.pause)

    @admin.action(description="Go on: try again what is not well", permissions=["decide"])
    def resume(self, request: HttpRequest, chosen: QuerySet[Campaign]) -> None:
        self._each(request, chosen, lambda one, by: campaigns.resume(one, by, accept=False))

    @admin.action(description="Go on: leave what is not well as it is", permissions=["decide"])
    def accept(self, request: HttpRequest, chosen: QuerySet[Campaign]) -> None:
        self._each(request, chosen, lambda one, by: campaigns.resume(one, by, accept=True))

    @admin.action(description="Cancel: begin no more upgrades", permissions=["decide"])
    def cancel(self, request: HttpRequest, chosen: QuerySet[Campaign]) -> None:
        self._each(request, chosen, campaigns.cancel)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Looking at campaigns is not deciding about them."""
        return bool(request.user.has_perm("scaffolder.change_campaign"))

    def _each(
        self, request: HttpRequest, chosen: QuerySet[Campaign], act: Callable[[Campaign, Any], Any]
    ) -> None:
        for campaign in chosen:
            try:
                now = act(campaign, request.user)
            except GreenroomError as error:
                self.message_user(request, error.message, messages.ERROR)
            else:
                self.message_user(request, f"{campaign} is {now.get_state_display()}.", messages.SUCCESS)


def _told(member: Member) -> tuple[object, ...]:
    upgrade = member.upgrade
    stands: object = _BEFORE
    if upgrade is not None:
        stands = links.page("upgrade", upgrade.pk, label(upgrade.state, upgrade.get_state_display()))
    return (
        links.page("instance", member.instance_id, links.short(member.instance.entity_ref)),
        member.wave + 1,
        stands,
        member.problem or (f"checks: {member.checks}" if member.checks else "-"),
    )
