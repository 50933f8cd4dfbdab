"""The scaffolder's permissions by the names of Backstage's contract (SCAFFOLDER.md 8), and ours beside them."""

from dataclasses import dataclass

TEMPLATE, ACTION, TASK = "scaffolder-template", "scaffolder-action", "scaffolder-task"
"""The types of resources that conditions judge."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What may be asked for. With a `resource` it may be given for a part of these only."""

    name: str
    action: str = ""
    resource: str = ""

    def document(self) -> dict[str, object]:
        """As the contract's metadata shows it."""
        attributes = {"action": self.action} if self.action else {}
        kind = {"type": "resource"} if self.resource else {"type": "basic"}
        resource = {"resourceType": self.resource} if self.resource else {}
        return {**kind, "name": self.name, "attributes": attributes, **resource}


PARAMETERS, STEPS = "scaffolder.template.parameter.read", "scaffolder.template.step.read"
EXECUTE = "scaffolder.action.execute"
READ, CANCEL, CREATE = "scaffolder.task.read", "scaffolder.task.cancel", "scaffolder.task.create"
APPROVE, ROLLBACK = "scaffolder.task.approve", "scaffolder.task.rollback"
MANAGE_CAMPAIGNS = "scaffolder.campaign.manage"

PERMISSIONS = (
    Permission("scaffolder.action.read", "read"),
    Permission(EXECUTE, resource=ACTION),
    Permission(PARAMETERS, "read", TEMPLATE),
    Permission(STEPS, "read", TEMPLATE),
    Permission("scaffolder.template.dry-run"),
    Permission(CREATE, "create"),
    Permission(READ, "read", TASK),
    Permission(CANCEL, resource=TASK),
    Permission(APPROVE),
    Permission(ROLLBACK, resource=TASK),
    Permission(MANAGE_CAMPAIGNS),
)
CONDITIONAL = {permission.name: permission.resource for permission in PERMISSIONS if permission.resource}
"""Permissions that may be limited, and what their conditions judge."""
