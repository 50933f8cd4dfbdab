"""The scaffolder in the admin: templates, runs with all that is known of them, and what people decide about them."""

from scaffolder.admin.runs import RunAdmin
from scaffolder.admin.templates import TemplateAdmin

__all__ = ["RunAdmin", "TemplateAdmin"]
