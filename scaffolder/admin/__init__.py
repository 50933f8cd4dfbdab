"""The scaffolder in the admin: templates, runs with all that is known of them, what was made, and what people decide."""

from scaffolder.admin.notifications import NotificationAdmin
from scaffolder.admin.registry import InstanceAdmin, TemplateVersionAdmin
from scaffolder.admin.runs import RunAdmin
from scaffolder.admin.templates import TemplateAdmin
from scaffolder.admin.upgrades import CampaignAdmin, UpgradeAdmin

__all__ = [
    "CampaignAdmin",
    "InstanceAdmin",
    "NotificationAdmin",
    "RunAdmin",
    "TemplateAdmin",
    "TemplateVersionAdmin",
    "UpgradeAdmin",
]
