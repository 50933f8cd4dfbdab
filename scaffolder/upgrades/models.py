"""Upgrade, Campaign, Member: what is to be brought to which version, how far that is, and in which order."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from core.leases import Leased
from scaffolder.json_text import JsonText
from scaffolder.upgrades.states import LIVE, CampaignState, UpgradeState


class Upgrade(models.Model):
    """One repository on its way to another version of its template, by a run and then by a pull request.

    `values` are the answers with which the new version is rendered. `head` is what we pushed to `branch`; whoever
    pushed something else there since is not overruled.
    """

    instance = models.ForeignKey("Instance", on_delete=models.CASCADE, related_name="upgrades")
    from_version = models.ForeignKey("TemplateVersion", on_delete=models.PROTECT, related_name="+")
    to_version = models.ForeignKey("TemplateVersion", on_delete=models.PROTECT, related_name="+")
    values = JsonText(default=dict)
    run = models.OneToOneField("Run", on_delete=models.PROTECT, related_name="upgrade")
    state = models.CharField(max_length=10, choices=UpgradeState.choices, default=UpgradeState.RUNNING)
    branch = models.TextField()
    head = models.CharField(max_length=64, blank=True, default="")
    number = models.PositiveIntegerField(null=True, help_text="Of the pull request.")
    web_url = models.TextField(blank=True, default="")
    draft = models.BooleanField(default=False)
    conflicts = models.JSONField(default=list, help_text="The files in which both sides changed.")
    problem = models.TextField(blank=True, default="")
    created_by = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    opened_at = models.DateTimeField(null=True, help_text="When it was proposed, or renewed.")
    looked_at = models.DateTimeField(default=timezone.now, help_text="When its host was last asked about it.")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["looked_at"], name="upgrade_live", condition=models.Q(state__in=sorted(LIVE))
            )
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["instance"], name="upgrade_live_once", condition=models.Q(state__in=sorted(LIVE))
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=UpgradeState.values), name="upgrade_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"upgrade {self.pk} of instance {self.instance_id}"


class Campaign(Leased):
    """One version for many repositories, wave by wave: the next one starts when the one before is well.

    `waves` are the sizes, the last of which takes the rest. `reason` tells why it waits or was paused.
    """

    template_ref = models.TextField(db_index=True)
    to_version = models.ForeignKey("TemplateVersion", on_delete=models.PROTECT, related_name="+")
    waves = models.JSONField(help_text="How many repositories each wave has.")
    wave = models.PositiveIntegerField(default=0, help_text="The one that is under way, from 0.")
    values = JsonText(default=dict, help_text="Answers for every repository.")
    state = models.CharField(max_length=10, choices=CampaignState.choices, default=CampaignState.RUNNING)
    reason = models.TextField(blank=True, default="")
    subject = models.JSONField(
        default=dict, editable=False, help_text="On whose behalf, with what they might do."
    )
    created_by = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    advanced_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(state__in=CampaignState.values), name="campaign_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"campaign {self.pk} of {self.template_ref}"


class Member(models.Model):
    """One repository in a campaign. `upgrade` is there as soon as its turn has come."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="members")
    instance = models.ForeignKey("Instance", on_delete=models.CASCADE, related_name="memberships")
    wave = models.PositiveIntegerField()
    upgrade = models.ForeignKey(Upgrade, null=True, on_delete=models.SET_NULL, related_name="memberships")
    checks = models.CharField(
        max_length=8, blank=True, default="", help_text="Of its pull request, as last seen."
    )
    checked_at = models.DateTimeField(null=True, help_text="When its checks were last asked for.")
    problem = models.TextField(blank=True, default="", help_text="Why its upgrade could not be started.")
    accepted = models.BooleanField(default=False, help_text="Somebody went on although it is not well.")

    class Meta:
        ordering: ClassVar[list[str]] = ["wave", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["campaign", "instance"], name="campaign_member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.instance_id} in campaign {self.campaign_id}"
