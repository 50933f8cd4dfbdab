"""The actions that steps may name, one family a module; this is their registry."""

from core.errors import NotFound
from scaffolder.steps.families import gathered
from scaffolder.steps.port import Action

_FAMILIES = gathered(
    __name__,
    "archives",
    "branch_rules",
    "catalog",
    "debug",
    "entities",
    "fetch",
    "fetch_file",
    "fs",
    "fs_content",
    "github",
    "gitlab",
    "http",
    "notification",
    "publish",
    "roadie_actions",
    "webhooks",
    "workspace",
)
ACTIONS: dict[str, Action] = {action.id: action for action in sorted(_FAMILIES, key=lambda one: one.id)}
"""All actions that templates may name, by id, in order of it."""
BUILT_IN: dict[str, Action] = {}
"""Those of our own workflows, which no template can name."""
_HOW_TO_ADD = "See https://backstage.io/docs/features/software-templates/builtin-actions/ on how to add a new action module."


def register_built_in(*actions: Action) -> None:
    """Make actions of a workflow of ours known."""
    BUILT_IN.update({action.id: action for action in actions})


def action_named(action_id: str) -> Action:
    """The action with that id, or NotFound in the contract's words."""
    if action_id in BUILT_IN:
        return BUILT_IN[action_id]
    if action_id not in ACTIONS:
        raise NotFound(f"Template action with ID '{action_id}' is not registered. {_HOW_TO_ADD}")
    return ACTIONS[action_id]
