"""What is wrong with ownership: unowned entities, owners that are gone, groups with nobody in them.

    no-owner        it may name an owner, names none, and nothing that it is part of does
    owner-missing   the owner that it names is not in the catalog
    owner-departed  the source of its owner has the owner no more (the owner is an orphan)
    owner-empty     its owner is a group with nobody in it, at any level below
    group-empty     a group with nobody in it, at any level below
    member-gone     a group with members that are not in the catalog, or no more in their source

An entity has at most one of the first four, the first that holds. Judged is by the whole catalog, told is what
the subject may see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.conditions import condition
from catalog.ownership import beside, ownable_kinds
from catalog.visibility import visible_to
from core.sql import rows

FINDINGS = ("no-owner", "owner-missing", "owner-departed", "owner-empty", "group-empty", "member-gone")

_REPORT = f"""
WITH RECURSIVE
shown AS NOT MATERIALIZED (
    SELECT ref, kind, title, owner_ref FROM catalog_entity WHERE {{visible}}
),
peopled(ref) AS (  -- groups with somebody in them, at any level
    SELECT home.ref FROM catalog_entity AS person CROSS JOIN {beside("person.ref", "memberOf")} AS home
    WHERE person.kind = 'User' AND person.orphaned_at IS NULL
    UNION
    SELECT above.ref FROM peopled CROSS JOIN {beside("peopled.ref", "childOf")} AS above
),
deserted AS MATERIALIZED (
    SELECT ref FROM catalog_entity WHERE kind = 'Group' EXCEPT SELECT ref FROM peopled
),
holder AS MATERIALIZED (  -- each owner that is named somewhere, and what is wrong with it
    SELECT named.owner_ref, CASE
        WHEN owner.ref IS NULL THEN 'owner-missing'
        WHEN owner.orphaned_at IS NOT NULL THEN 'owner-departed'
        WHEN owner.ref IN (SELECT ref FROM deserted) THEN 'owner-empty'
    END AS finding
    FROM (SELECT DISTINCT owner_ref FROM catalog_entity WHERE owner_ref <> '') AS named
    LEFT JOIN catalog_entity AS owner ON owner.ref = named.owner_ref
),
above(heir, ref) AS (  -- what those without an owner are part of
    SELECT ref, ref FROM catalog_entity WHERE owner_ref = '' AND kind = ANY(%s)
    UNION
    SELECT above.heir, whole.ref FROM above
    JOIN catalog_entity AS here ON here.ref = above.ref AND here.owner_ref = ''
    CROSS JOIN {beside("above.ref", "partOf")} AS whole
),
heir AS MATERIALIZED (
    SELECT heir, bool_or(whole.owner_ref <> '') AS inherits
    FROM above JOIN catalog_entity AS whole ON whole.ref = above.ref GROUP BY heir
),
gone AS MATERIALIZED (  -- members that are named and not there
    SELECT home AS ref, array_agg(member ORDER BY member) AS members FROM (
        SELECT source_ref AS member, target_ref AS home FROM catalog_relation WHERE type = 'memberOf'
        UNION
        SELECT target_ref, source_ref FROM catalog_relation WHERE reverse = 'memberOf'
    ) AS said
    LEFT JOIN catalog_entity AS person ON person.ref = said.member AND person.orphaned_at IS NULL
    WHERE person.ref IS NULL GROUP BY home
),
finding AS MATERIALIZED (
    SELECT ref, kind, title, owner_ref, finding FROM shown JOIN holder USING (owner_ref) WHERE finding <> ''
    UNION ALL
    SELECT ref, kind, title, owner_ref, 'no-owner' FROM shown JOIN heir ON heir.heir = ref WHERE NOT inherits
    UNION ALL
    SELECT ref, kind, title, owner_ref, 'group-empty' FROM shown JOIN deserted USING (ref)
    UNION ALL
    SELECT ref, kind, title, owner_ref, 'member-gone' FROM shown JOIN gone USING (ref)
),
counted AS (SELECT finding, count(*) AS number FROM finding GROUP BY finding),
page AS (
    SELECT * FROM finding WHERE finding = ANY(%s) AND (ref, finding) > (%s, %s)
    ORDER BY ref, finding LIMIT %s
)
SELECT (SELECT coalesce(jsonb_object_agg(finding, number), '{{{{}}}}') FROM counted),
    page.ref, page.finding, page.kind, page.title, page.owner_ref,
    CASE WHEN page.finding = 'member-gone' THEN gone.members ELSE ARRAY[]::text[] END,
    CASE WHEN page.kind = 'Group' THEN (SELECT count(*) FROM shown AS own WHERE own.owner_ref = page.ref) ELSE 0 END
FROM (SELECT) AS always LEFT JOIN page ON true LEFT JOIN gone ON gone.ref = page.ref
ORDER BY page.ref, page.finding
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `members` are those that are gone, `owns` counts what a group owns by name."""

    ref: str
    finding: str
    kind: str
    title: str
    owner: str
    members: Sequence[str]
    owns: int


@dataclass(frozen=True, slots=True)
class Report:
    """How often each finding holds, and some of them in order of reference."""

    counts: Mapping[str, int]
    findings: Sequence[Finding]


def ownership_report(
    subject: Any, *, only: Sequence[str] = FINDINGS, after: tuple[str, str] = ("", ""), limit: int
) -> Report:
    """All counts, and the findings of these sorts behind a reference and its finding. One query."""
    visible = condition(visible_to(subject))
    parameters = (*visible.params, ownable_kinds(), list(only), *after, limit)
    found = rows(_REPORT.format(visible=visible.text), parameters)
    counts: Mapping[str, int] = found[0][0]
    findings = [Finding(*row[1:]) for row in found if row[1] is not None]
    return Report({name: counts.get(name, 0) for name in FINDINGS}, findings)
