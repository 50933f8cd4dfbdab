"""The actions on GitLab, one family a module."""

from scaffolder.steps.families import gathered

ACTIONS = gathered(
    __name__,
    "groups",
    "issues",
    "merge_requests",
    "pipelines",
    "publish",
    "tokens",
    "users",
    "variables",
)
