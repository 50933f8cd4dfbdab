"""Gathers the actions of a package: each of its modules that is named offers a tuple ACTIONS."""

from importlib import import_module

from scaffolder.steps.port import Action


def gathered(package: str, *modules: str) -> tuple[Action, ...]:
    """What these modules offer. The names are texts, so that each stands once and not in an import and a list."""
    return tuple(action for name in modules for action in import_module(f"{package}.{name}").ACTIONS)
