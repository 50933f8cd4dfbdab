"""The actions that steps may name, one family a module; this is their registry."""

from core.errors import NotFound
from scaffolder.steps import catalog, debug, fetch, fs, github, publish
from scaffolder.steps.port import Action

ACTIONS: dict[str, Action] = {
    action.id: action
    for action in sorted(
        (*catalog.ACTIONS, *debug.ACTIONS, *fetch.ACTIONS, *fs.ACTIONS, *github.ACTIONS, *publish.ACTIONS),
        key=lambda one: one.id,
    )
}
"""All actions by id, in order of it."""


def action_named(action_id: str) -> Action:
    """The action with that id, or NotFound."""
    if action_id not in ACTIONS:
        raise NotFound(
            f"Template action with ID '{action_id}' is not registered; GET /v2/actions lists those that are"
        )
    return ACTIONS[action_id]
