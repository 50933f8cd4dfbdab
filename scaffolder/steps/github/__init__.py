"""The actions on GitHub, one family a module."""

from scaffolder.steps.github import (
    autolinks,
    environments,
    issues,
    keys,
    pages,
    protection,
    publish,
    pull_requests,
    webhooks,
    workflows,
)

ACTIONS = (
    *autolinks.ACTIONS,
    *environments.ACTIONS,
    *issues.ACTIONS,
    *keys.ACTIONS,
    *pages.ACTIONS,
    *protection.ACTIONS,
    *publish.ACTIONS,
    *pull_requests.ACTIONS,
    *webhooks.ACTIONS,
    *workflows.ACTIONS,
)
