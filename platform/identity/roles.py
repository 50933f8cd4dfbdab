"""Roles: names for sets of permissions. Permission names are those of Backstage's contract, and ours beside them."""

READ = (
    "catalog.entity.read",
    "catalog.entity.validate",
    "catalog.location.read",
    "notification.read",
    "notification.update",
    "scaffolder.template.parameter.read",
    "scaffolder.template.step.read",
    "scaffolder.action.read",
    "scaffolder.task.read",
    "scm.repository.read",
    "search.query.read",
)
DEVELOP = (
    *READ,
    "catalog.entity.refresh",
    "catalog.location.create",
    "catalog.location.analyze",
    "scaffolder.task.create",
    "scaffolder.task.cancel",
    "scaffolder.task.rollback",
    "scaffolder.task.approve",
    "scaffolder.action.execute",
    "scaffolder.template.dry-run",
    "scm.repository.write",
    "scm.repository.create",
)

ROLES: dict[str, tuple[str, ...]] = {"viewer": READ, "developer": DEVELOP, "admin": ("*",)}
