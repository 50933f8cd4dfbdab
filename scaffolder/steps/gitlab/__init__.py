"""The actions on GitLab, one family a module."""

from scaffolder.steps.gitlab import (
    groups,
    issues,
    merge_requests,
    pipelines,
    publish,
    tokens,
    users,
    variables,
)

ACTIONS = (
    *groups.ACTIONS,
    *issues.ACTIONS,
    *merge_requests.ACTIONS,
    *pipelines.ACTIONS,
    *publish.ACTIONS,
    *tokens.ACTIONS,
    *users.ACTIONS,
    *variables.ACTIONS,
)
