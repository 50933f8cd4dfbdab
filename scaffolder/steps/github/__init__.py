"""The actions on GitHub, one family a module."""

from scaffolder.steps.families import gathered

ACTIONS = gathered(
    __name__,
    "autolinks",
    "environments",
    "issues",
    "keys",
    "pages",
    "protection",
    "publish",
    "pull_requests",
    "webhooks",
    "workflows",
)
