"""What was made from templates: recorded when a run has published and registered it, and found again."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from catalog.actions import annotate
from catalog.conditions import condition
from catalog.models import Entity, Location
from catalog.permissions import READ as ENTITIES
from catalog.processing import SOURCE_TEMPLATE
from catalog.visibility import visible_to
from core.api.subjects import Subject
from core.audit import Actor
from core.audit import record as record_audit
from core.errors import NotFound
from scaffolder.models import Effect, Instance, Run, TemplateVersion
from scaffolder.permissions import READ as RUNS
from scaffolder.states import EffectState
from scm.registry import host_for_url

VERSION = "greenroom.dev/template-version"
REPOSITORY, COMMIT = "repository", "commit"


def annotations(version: TemplateVersion) -> dict[str, str]:
    """What entities carry that were made from this version."""
    return {SOURCE_TEMPLATE: version.template_ref, VERSION: str(version.number)}


def published(run_id: UUID | str, url: str) -> tuple[str, str, str, str] | None:
    """Host, repository, branch and commit that a run has pushed and in which `url` lies; None when it has not."""
    found = host_for_url(url)
    if found is None:
        return None
    code_host, address = found
    key = f"{code_host.host}:{address.repository}"
    made = Effect.objects.filter(run_id=run_id, state=EffectState.MADE)
    if not made.filter(kind=REPOSITORY, key=key).exists():
        return None
    pushed = made.filter(kind=COMMIT, key__startswith=f"{key}@").order_by("id").first()
    if pushed is None or not pushed.details.get("sha"):
        return None
    return code_host.host, str(address.repository), pushed.key.removeprefix(f"{key}@"), pushed.details["sha"]


def provenance(run_id: UUID | str, url: str) -> dict[str, str]:
    """The annotations for what a run registers at `url`: none, unless it lies in a repository that the run made."""
    run = Run.objects.select_related("template_version").get(pk=run_id)
    if run.template_version is None or published(run_id, url) is None:
        return {}
    return annotations(run.template_version)


def record(run_id: UUID | str, url: str, *, entity_ref: str, location: UUID) -> Instance | None:
    """Note what a run has made, once its repository is pushed and its entity registered; again is free."""
    run = Run.objects.select_related("template_version").get(pk=run_id)
    place = published(run_id, url)
    if place is None or run.template_version is None:
        return None
    host, repository, branch, commit = place
    instance, _ = Instance.objects.update_or_create(
        run=run,
        host=host,
        repository=repository,
        defaults={
            "entity_ref": entity_ref,
            "template_ref": run.template_ref,
            "branch": branch,
            "commit": commit,
            "location": location,
        },
        create_defaults={
            "entity_ref": entity_ref,
            "template_ref": run.template_ref,
            "branch": branch,
            "commit": commit,
            "location": location,
            "version": run.template_version,
            "values": run.spec["parameters"],
        },
    )
    return instance


def are_limited(subject: Subject) -> bool:
    """Whether the subject sees a part of the instances only."""
    return subject.is_limited(ENTITIES) or subject.is_limited(RUNS)


def visible(subject: Subject) -> QuerySet[Instance]:
    """Instances, but those whose run the subject may not see, and those whose entity is there and hidden from it."""
    rows = Instance.objects.select_related("version")
    if subject.is_limited(RUNS):
        rows = rows.filter(run__in=Run.objects.visible_to(subject).order_by())
    if not subject.is_limited(ENTITIES):
        return rows
    return rows.filter(Q(entity_ref__in=seen_by(subject)) | ~Q(entity_ref__in=Entity.objects.values("ref")))


def seen_by(subject: Subject) -> RawSQL:
    """The references of the entities that the subject may see, to be looked for in."""
    wanted = condition(visible_to(subject))  # it speaks of catalog_entity by that name
    return RawSQL(f"SELECT ref FROM catalog_entity WHERE {wanted.text}", wanted.params)  # noqa: S608, S611


def of_template(template_ref: str, subject: Subject) -> QuerySet[Instance]:
    """The instances of a template that the subject may see."""
    return visible(subject).filter(template_ref=template_ref)


def one(instance_id: int, subject: Subject) -> Instance:
    """One instance, or NotFound."""
    found = visible(subject).filter(pk=instance_id).first() if instance_id < 2**63 else None
    if found is None:
        raise NotFound(
            f"There is no instance {instance_id}; GET /api/v1/scaffolder/templates/…/instances lists them"
        )
    return found


def page(template_ref: str, subject: Subject, *, after: int, limit: int) -> list[Instance]:
    """Instances of a template in the order in which they were made, behind an id."""
    return list(of_template(template_ref, subject).filter(pk__gt=after).order_by("pk")[:limit])


def drifts(instances: Sequence[Instance], last: Mapping[str, int]) -> dict[int, int | None]:
    """How many versions each is behind the newest of its template, of which `last` tells the numbers; None when its
    entity is gone. One query, however many there are.
    """
    refs = {one.entity_ref for one in instances}
    there = set(Entity.objects.filter(ref__in=refs).values_list("ref", flat=True))
    return {
        one.pk: max(0, last.get(one.template_ref, 0) - one.version.number)
        if one.entity_ref in there
        else None
        for one in instances
    }


@transaction.atomic
def move_to(instance: Instance, version: TemplateVersion, values: Mapping[str, Any], by: Actor) -> None:
    """The instance is of another version now: its row, and what the catalog says of its entities."""
    Instance.objects.filter(pk=instance.pk).update(
        version=version, values=dict(values), upgraded_at=timezone.now()
    )
    record_audit(by, "upgraded", instance, version=version.number)
    for location in Location.objects.filter(pk=instance.location):
        annotate(location, annotations(version), by)


def of_entity(entity_ref: str, subject: Subject) -> list[Instance]:
    """The instances that an entity stands for, the latest first: a name may be used again, twenty are enough."""
    return list(visible(subject).filter(entity_ref=entity_ref).order_by("-pk")[:20])
