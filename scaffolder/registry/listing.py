"""Templates with what is known of them: for lists, for one of them, and for the admin."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from catalog.models import Entity
from catalog.querysets import EntityQuerySet
from core.api.subjects import Subject
from core.errors import InputError, NotFound
from scaffolder.models import TemplateVersion
from scaffolder.registry.statistics import NONE, Statistics, statistics_of
from scaffolder.registry.terms import Terms, terms_of
from scaffolder.registry.versions import newest

MOST_VERSIONS = 100
"""Versions that are shown of one template, newest first."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One template. `problem` says which annotation cannot be read; nobody can run it until that is mended."""

    ref: str
    document: dict[str, Any]
    owner: str
    terms: Terms
    problem: str
    newest: int | None
    statistics: Statistics


def listed(subject: Subject, *, after: str, limit: int) -> list[Listed]:
    """The templates that the subject may see, in order of reference, behind one. Three queries."""
    rows = _templates(subject).filter(ref__gt=after).order_by("ref").select_related("stored")
    return _completed(list(rows[:limit]))


def count(subject: Subject) -> int:
    """How many templates the subject may see."""
    return _templates(subject).count()


def one(ref: str, subject: Subject) -> Listed:
    """One template; NotFound when the subject may not see it."""
    found = _templates(subject).filter(ref=ref).select_related("stored").first()
    if found is None:
        raise NotFound(f"Template {ref} not found")
    return _completed([found])[0]


def versions_of(ref: str) -> list[TemplateVersion]:
    """The latest versions of a template, newest first, without their documents."""
    return list(TemplateVersion.objects.filter(template_ref=ref).defer("document")[:MOST_VERSIONS])


def _templates(subject: Subject) -> EntityQuerySet:
    return Entity.objects.visible_to(subject).filter(kind__iexact="Template")


def _completed(entities: Sequence[Entity]) -> list[Listed]:
    refs = [entity.ref for entity in entities]
    statistics, last = statistics_of(refs), newest(refs)
    return [_listed(entity, statistics.get(entity.ref, NONE), last.get(entity.ref)) for entity in entities]


def _listed(entity: Entity, statistics: Statistics, last: int | None) -> Listed:
    try:
        terms, problem = terms_of(entity.document), ""
    except InputError as error:
        terms, problem = Terms(), error.message
    return Listed(entity.ref, entity.document, entity.owner_ref, terms, problem, last, statistics)
