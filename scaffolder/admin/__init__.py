"""The scaffolder in the admin: templates, runs with all that is known of them, and what people decide about them."""

from scaffolder.admin.runs import RunAdmin
from scaffolder.admin.templates import TemplateAdmin
from scaffolder.registry.admin import InstanceAdmin, TemplateVersionAdmin
from scaffolder.upgrades.admin import CampaignAdmin, UpgradeAdmin

__all__ = [
    "CampaignAdmin",
    "InstanceAdmin",
    "RunAdmin",
    "TemplateAdmin",
    "TemplateVersionAdmin",
    "UpgradeAdmin",
]
