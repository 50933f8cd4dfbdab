"""What a subject may see or touch of the catalog, as a predicate that every read joins to its own conditions."""

from typing import Any

from catalog.permission_rules import predicate_of
from catalog.permissions import READ
from catalog.predicates import EVERYTHING, Predicate
from core.api.subjects import Subject


def visible_to(subject: Any) -> Predicate:
    """What the subject may see: everything, unless its `catalog.entity.read` has a condition."""
    return permitted(subject, READ)


def permitted(subject: Any, permission: str) -> Predicate:
    """For which entities the subject has a permission. Only what comes by token has conditions."""
    criteria = subject.conditions.get(permission) if isinstance(subject, Subject) else None
    return EVERYTHING if criteria is None else predicate_of(criteria)
