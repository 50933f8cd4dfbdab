"""Upgrades and campaigns in the admin: how far they are, and what may be decided about campaigns."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.admin import ReadOnly, readable
from core.errors import GreenroomError
from scaffolder.upgrades import campaigns
from scaffolder.upgrades.models import Campaign, Member, Upgrade

SHOWN = 100
"""Repositories on a campaign's page."""


@admin.register(Upgrade)
class UpgradeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("repository", "from_version", "to_version", "state", "draft", "proposal", "created_at")
    list_filter = ("state", "draft")
    list_select_related = ("instance", "from_version", "to_version")
    search_fields = ("instance__entity_ref", "instance__repository")
    list_per_page = list_max_show_all = 50
    show_full_result_count = False
    fields = readonly_fields = (
        *("repository", "from_version", "to_version", "state", "proposal", "branch", "draft", "conflicting"),
        *("problem", "prepared_by", "created_by", "created_at", "opened_at", "looked_at", "ended_at"),
    )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "instance__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="repository")
    def repository(self, upgrade: Upgrade) -> str:
        return str(upgrade.instance)

    @admin.display(description="pull request")
    def proposal(self, upgrade: Upgrade) -> SafeString:
        if not upgrade.web_url.startswith(("https://", "http://")):
            return SafeString("-")
        return format_html('<a href="{}" rel="noreferrer">{}</a>', upgrade.web_url, upgrade.number)

    @admin.display(description="conflicts")
    def conflicting(self, upgrade: Upgrade) -> SafeString:
        return readable(upgrade.conflicts)

    @admin.display(description="run")
    def prepared_by(self, upgrade: Upgrade) -> SafeString:
        address = reverse("admin:scaffolder_run_change", args=[upgrade.run_id])
        return format_html('<a href="{}">{}</a>', address, upgrade.run_id)


@admin.register(Campaign)
class CampaignAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("__str__", "to_version", "state", "under_way", "reason", "created_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("to_version",)
    list_per_page = list_max_show_all = 50
    show_full_result_count = False
    actions = ("pause", "resume", "accept", "cancel")
    fields = readonly_fields = (
        *("template_ref", "to_version", "state", "under_way", "reason", "standing"),
        *("created_by", "created_at", "advanced_at", "ended_at", "first"),
    )

    @admin.display(description="the first hundred")
    def first(self, campaign: Campaign) -> SafeString:
        """Each with its wave and how it stands; the API lists them all."""
        rows = Member.objects.filter(campaign=campaign).select_related("instance", "upgrade").order_by("pk")
        return format_html_join(
            "",
            "<div>{}. {}: {}{}</div>",
            (
                (
                    member.wave + 1,
                    member.instance,
                    member.upgrade.get_state_display() if member.upgrade else "before its turn",
                    f" ({member.problem or member.checks})" if member.problem or member.checks else "",
                )
                for member in rows[:SHOWN]
            ),
        )

    @admin.display(description="wave")
    def under_way(self, campaign: Campaign) -> str:
        return f"{campaign.wave + 1} of {len(campaign.waves)}"

    @admin.display(description="repositories")
    def standing(self, campaign: Campaign) -> SafeString:
        return readable(campaigns.counts(campaign))

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
                act(campaign, request.user)
            except GreenroomError as error:
                self.message_user(request, error.message, messages.ERROR)
            else:
                self.message_user(request, f"{campaign}: done")
