"""Conditions on permissions: criteria that the permission's own app understands and checks.

Identity does not know what an entity is. An app says which of its permissions can be limited, by a check that
refuses what it would not understand later; a condition on any other permission is refused.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.errors import Conflict, InputError

Check = Callable[[Mapping[str, Any]], None]
"""Takes permission → criteria, all of the app's own, and raises InputError for what it does not understand."""

_checks: dict[str, Check] = {}


def register_conditional(permissions: Iterable[str], check: Check) -> None:
    """Let these permissions be limited; Conflict when one of them is registered already."""
    for name in permissions:
        if _checks.setdefault(name, check) is not check:
            raise Conflict(f"permission {name!r} is registered already")


def check_conditions(conditions: Mapping[str, Any]) -> None:
    """Refuse a condition on a permission that cannot be limited, and criteria that its app does not know."""
    for name, criteria in conditions.items():
        if name not in _checks:
            known = ", ".join(sorted(_checks)) or "none"
            raise InputError(f"permission {name!r} takes no condition; those that do: {known}")
        _checks[name]({name: criteria})
