"""Actions that an installation adds: modules named in GREENROOM_SCAFFOLDER_EXTENSIONS have a tuple ACTIONS."""

import importlib
import re
from collections.abc import Iterable
from typing import Any

from core.errors import InputError
from scaffolder.steps import ACTIONS, BUILT_IN
from scaffolder.steps.port import Action
from scaffolder.validation import compiled

_ID = re.compile(r"[a-z][A-Za-z0-9]*(?:[:-][A-Za-z0-9]+)+")
_ADDED: set[str] = set()


def load_actions(modules: Iterable[str]) -> list[str]:
    """Have the actions of these modules in the place of those that were added before; what is wrong, a sentence each."""
    for action_id in _ADDED:
        ACTIONS.pop(action_id, None)
    _ADDED.clear()
    problems = []
    for name in modules:
        try:
            fresh = _checked(importlib.import_module(name))
        except (ImportError, InputError) as error:
            problems.append(f"{name}: {error}")
            continue
        ACTIONS.update(fresh)
        _ADDED.update(fresh)
    ordered = sorted(ACTIONS.items())
    ACTIONS.clear()
    ACTIONS.update(ordered)
    return problems


def _checked(module: Any) -> dict[str, Action]:
    """The module's actions, all of them or none."""
    fresh: dict[str, Action] = {}
    for one in getattr(module, "ACTIONS", ()):
        if not isinstance(one, Action):
            raise InputError(f"ACTIONS holds a {type(one).__name__}; it takes Action")
        if not _ID.fullmatch(one.id):
            raise InputError(f"ACTIONS: {one.id!r} is no id; write family:verb, as in acme:ticket:open")
        if one.id in ACTIONS or one.id in BUILT_IN or one.id in fresh:
            raise InputError(f"ACTIONS: {one.id!r} is there already; choose another id")
        for name, schema in (("input", one.input), ("output", one.output)):
            if schema is not None:
                compiled(dict(schema), f"the {name} of {one.id}")
        fresh[one.id] = one
    return fresh
