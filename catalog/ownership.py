"""Whom an owner means: nested groups, and what their members own by them.

A person owns what is owned by that person, by each of their groups, and by those groups' parents. A group
owns what is owned by it and by the groups below it. Membership may be said by either side, so every fact
about people and groups is read in both directions.
"""

from collections.abc import Iterable

from django.db import connection

from catalog.models import Entity
from catalog.predicates import AnyOf, Holds
from catalog.querysets import EntityQuerySet

_EDGES = """
    SELECT source_ref AS lower, target_ref AS upper FROM catalog_relation
    WHERE type IN ('memberOf', 'childOf')
    UNION
    SELECT target_ref AS lower, source_ref AS upper FROM catalog_relation
    WHERE type IN ('hasMember', 'parentOf')
"""
_UP = f"""
    WITH RECURSIVE edge AS ({_EDGES}), owner(ref) AS (
        SELECT %s::text UNION SELECT edge.upper FROM edge JOIN owner ON edge.lower = owner.ref
    ) SELECT ref FROM owner
"""
_DOWN = f"""
    WITH RECURSIVE edge AS ({_EDGES}), owner(ref) AS (
        SELECT %s::text UNION SELECT edge.lower FROM edge JOIN owner ON edge.upper = owner.ref
            WHERE edge.lower LIKE 'group:%%'
    ) SELECT ref FROM owner
"""


def effective_owners(ref: str) -> list[str]:
    """The references in whose name this one owns: itself first, then groups by name. One query."""
    ref = ref.lower()
    with connection.cursor() as cursor:
        cursor.execute(_DOWN if ref.startswith("group:") else _UP, [ref])
        found = {row[0] for row in cursor.fetchall()}
    return [ref, *sorted(found - {ref})]


def owned_by(ref: str) -> EntityQuerySet:
    """Everything that a person or group owns, nested groups included."""
    return owned_by_any(effective_owners(ref))


def owned_by_any(owners: Iterable[str]) -> EntityQuerySet:
    """Everything that one of these owns by name."""
    named = tuple(owners)
    return Entity.objects.matching(Holds("relations.ownedBy", named) if named else AnyOf(()))
