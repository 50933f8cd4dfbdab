"""Whom an owner means: nested groups, what their members own by them, and what an entity inherits.

A person owns what is owned by that person, by each of their groups, and by those groups' parents. A group
owns what is owned by it and by the groups below it. An entity that names no owner has the owners of what it
is part of: its system or component, and where those name none, what they are part of. A fact may be stated
by either side, so each is read from both.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models.expressions import RawSQL

from catalog.conditions import Sql, condition
from catalog.kinds import known_kinds
from catalog.models import Entity
from catalog.querysets import EntityQuerySet
from catalog.visibility import visible_to
from core.sql import rows

HIGHEST = 10
"""Levels of systems, domains or groups that are looked at above one entity."""


def beside(here: str, *names: str) -> str:
    """SQL for a join: what `here` relates to under these names, as it sees them, whichever side states it.

    OFFSET 0 keeps it a look-up by index for each row: inside a recursion PostgreSQL expects many rows and
    would read all relations at every level (60 ms instead of 2 at 10,000 entities).
    """
    listed = ", ".join(f"'{name}'" for name in names)
    return f"""LATERAL (
        SELECT target_ref AS ref FROM catalog_relation WHERE source_ref = {here} AND type IN ({listed})
        UNION ALL
        SELECT source_ref FROM catalog_relation WHERE target_ref = {here} AND reverse IN ({listed})
        OFFSET 0
    )"""


_UP = f"""
    WITH RECURSIVE owner(ref) AS (
        SELECT %s::text COLLATE "C"
        UNION
        SELECT above.ref FROM owner CROSS JOIN {beside("owner.ref", "memberOf", "childOf")} AS above
    ) SELECT ref FROM owner
"""
_DOWN = f"""
    WITH RECURSIVE owner(ref) AS (
        SELECT %s::text COLLATE "C"
        UNION
        SELECT below.ref FROM owner CROSS JOIN {beside("owner.ref", "parentOf")} AS below
    ) SELECT ref FROM owner
"""
_MEMBERS = f"""
    WITH RECURSIVE home(ref) AS (
        SELECT given COLLATE "C" FROM unnest(%s::text[]) AS given
        UNION
        SELECT below.ref FROM home CROSS JOIN {beside("home.ref", "parentOf")} AS below
    ) SELECT DISTINCT person.ref FROM home CROSS JOIN {beside("home.ref", "hasMember")} AS person
    WHERE starts_with(person.ref, 'user:') ORDER BY person.ref LIMIT %s
"""
_OWNED = f"""
    WITH RECURSIVE named AS (
        SELECT own.ref FROM unnest(%s::text[]) AS owner CROSS JOIN {beside("owner", "ownerOf")} AS own
    ),
    above(heir, ref) AS (
        SELECT ref, ref FROM catalog_entity WHERE owner_ref = '' AND kind = ANY(%s)
        UNION
        SELECT above.heir, whole.ref FROM above
        JOIN catalog_entity AS here ON here.ref = above.ref AND here.owner_ref = ''
        CROSS JOIN {beside("above.ref", "partOf")} AS whole
    )
    SELECT DISTINCT ref FROM (
        SELECT ref FROM named UNION ALL SELECT heir FROM above JOIN named ON named.ref = above.ref
    ) AS owned OFFSET 0
"""
_INHERITED = f"""
    WITH RECURSIVE above(heir, ref, depth) AS (
        SELECT ref, ref COLLATE "C", 0 FROM unnest(%s::text[]) AS ref
        UNION
        SELECT above.heir, whole.ref, above.depth + 1 FROM above
        JOIN catalog_entity AS here ON here.ref = above.ref AND here.owner_ref = ''
        CROSS JOIN {beside("above.ref", "partOf")} AS whole
        WHERE above.depth < {HIGHEST}
    )
    SELECT DISTINCT ON (heir) heir, owner_ref FROM above JOIN catalog_entity ON catalog_entity.ref = above.ref
    WHERE owner_ref <> '' AND {{visible}} ORDER BY heir, depth, owner_ref
"""


def ownable_kinds() -> list[str]:
    """The kinds whose entities may name an owner."""
    return sorted(
        kind.name for kind in known_kinds().values() if any(link.forward == "ownedBy" for link in kind.links)
    )


def effective_owners(ref: str) -> list[str]:
    """The references in whose name this one owns: itself first, then groups by name. One query."""
    ref = ref.lower()
    found = {owner for (owner,) in rows(_DOWN if ref.startswith("group:") else _UP, [ref])}
    return [ref, *sorted(found - {ref})]


def members_of(groups: Iterable[str], *, most: int) -> list[str]:
    """The people of these groups and of the groups below them, by reference; `most` at the most. One query."""
    return [person for (person,) in rows(_MEMBERS, [[ref.lower() for ref in groups], most])]


def owned_by(ref: str) -> EntityQuerySet:
    """Everything that a person or group owns, nested groups and inheritance included."""
    owned = owned_by_any(effective_owners(ref))
    return Entity.objects.filter(ref__in=RawSQL(_OWNED, owned.params))  # noqa: S611


def owned_by_any(owners: Iterable[str]) -> Sql:
    """The condition of what one of these owns by name, or by the system or domain of what names no owner."""
    return Sql(f"catalog_entity.ref IN ({_OWNED})", (list(owners), ownable_kinds()))


def inherited_owners(subject: Any, refs: Iterable[str]) -> dict[str, str]:
    """For entities that name no owner: whose they are by the nearest thing above that does. One query."""
    refs, visible = list(refs), condition(visible_to(subject))
    if not refs:
        return {}
    return dict(rows(_INHERITED.format(visible=visible.text), (refs, *visible.params)))
