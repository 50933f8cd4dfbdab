"""Whom a notification reaches: people by name, the members of groups, the owners of anything else."""

from collections.abc import Sequence

from catalog.models import Entity
from catalog.ownership import inherited_owners, members_of
from catalog.refs import EntityRef
from core.api.subjects import Subject
from core.errors import InputError, NotFound, TooLarge

MOST_REFS = 100
MOST_PEOPLE = 5_000


def people(refs: Sequence[str], subject: Subject) -> list[str]:
    """The references of the people meant, each once, sorted.

    A person need not be in the catalog: whoever signs in under that reference reads it. Everything else has to be
    there and visible to the subject, else NotFound. TooLarge past a limit.
    """
    if len(refs) > MOST_REFS:
        raise TooLarge(
            f"entityRefs has {len(refs)} references, {MOST_REFS} at the most: name a group instead"
        )
    named = {_ref(written) for written in refs}
    persons = {ref for ref in named if ref.startswith("user:")}
    found = _visible(named - persons, subject)
    groups = {ref for ref in found if ref.startswith("group:")}
    persons_and_groups = set(_owners(found, subject))
    groups |= {ref for ref in persons_and_groups if ref.startswith("group:")}
    persons |= {ref for ref in persons_and_groups if ref.startswith("user:")}
    persons |= set(members_of(sorted(groups), most=MOST_PEOPLE + 1)) if groups else set()
    if len(persons) > MOST_PEOPLE:
        raise TooLarge(
            f"entityRefs stands for more than {MOST_PEOPLE} people: name smaller groups, or use recipients: broadcast"
        )
    return sorted(persons)


def _ref(written: str) -> str:
    try:
        return str(EntityRef.parse(written)).lower()
    except InputError as error:
        raise InputError(
            f"entityRefs: {written[:100]!r} is no reference of a user, group or entity, as in user:default/ana"
        ) from error


def _visible(refs: set[str], subject: Subject) -> dict[str, str]:
    """The owner of each of these entities, "" when it names none."""
    visible = Entity.objects.visible_to(subject).filter(ref__in=refs)
    found = dict(visible.values_list("ref", "owner_ref"))
    for ref in sorted(refs - found.keys()):
        raise NotFound(
            f"entityRefs: {ref!r} is not in the catalog; name a user, a group or an entity that is"
        )
    return found


def _owners(found: dict[str, str], subject: Subject) -> list[str]:
    others = {ref: owner for ref, owner in found.items() if not ref.startswith("group:")}
    inherited = inherited_owners(subject, [ref for ref, owner in others.items() if not owner])
    return [*filter(None, others.values()), *inherited.values()]
