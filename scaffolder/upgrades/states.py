"""The states of upgrades, campaigns and their members, and the moves between them."""

from django.db import models

from core.states import Moves


class UpgradeState(models.TextChoices):
    """`UNCHANGED`: both versions render the same here, so there is nothing to propose."""

    RUNNING = "running", "being prepared"
    OPEN = "open", "proposed"
    UNCHANGED = "unchanged", "nothing to change"
    MERGED = "merged", "merged"
    CLOSED = "closed", "declined"
    FAILED = "failed", "failed"


LIVE = frozenset({UpgradeState.RUNNING, UpgradeState.OPEN})
"""An instance has one upgrade at the most in these."""

UPGRADE_MOVES: Moves = {
    # A failed one is tried again by retrying its run, an open one is renewed for a newer version.
    UpgradeState.RUNNING: frozenset({UpgradeState.FAILED, UpgradeState.OPEN}),
    UpgradeState.OPEN: frozenset({UpgradeState.RUNNING}),
    UpgradeState.UNCHANGED: frozenset({UpgradeState.RUNNING}),
    UpgradeState.MERGED: frozenset({UpgradeState.OPEN}),
    UpgradeState.CLOSED: frozenset({UpgradeState.OPEN}),
    UpgradeState.FAILED: frozenset({UpgradeState.RUNNING}),
}


class CampaignState(models.TextChoices):
    RUNNING = "running", "running"
    PAUSED = "paused", "paused"
    COMPLETED = "completed", "completed"
    CANCELLED = "cancelled", "cancelled"


CAMPAIGN_MOVES: Moves = {
    CampaignState.RUNNING: frozenset({CampaignState.PAUSED}),
    CampaignState.PAUSED: frozenset({CampaignState.RUNNING}),
    CampaignState.COMPLETED: frozenset({CampaignState.RUNNING}),
    CampaignState.CANCELLED: frozenset({CampaignState.RUNNING, CampaignState.PAUSED}),
}
