"""What people do with upgrades: ask for one; and what becomes of it, as its host tells."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.models import Entity
from core.api.subjects import Subject
from core.audit import record
from core.errors import Conflict, InputError, NotFound, ValidationErrors
from scaffolder.actions import find_template, user_of
from scaffolder.jobs import EXECUTE_RUN
from scaffolder.models import Instance, Run, TemplateVersion
from scaffolder.registry import versions
from scaffolder.registry.terms import check_terms
from scaffolder.registry.warnings import unpinned_warning, warn
from scaffolder.states import FINISHED
from scaffolder.steps import ACTIONS
from scaffolder.template import check_template, check_values, frozen_spec, parameter_steps
from scaffolder.upgrades import proposals
from scaffolder.upgrades.models import Upgrade
from scaffolder.upgrades.states import LIVE, UpgradeState
from scaffolder.upgrades.steps import STEPS
from scaffolder.validation import sentence

_OUTPUT = {
    "links": [{"title": "Pull request", "url": "${{ steps.propose.output.url }}", "icon": "github"}],
    "unchanged": "${{ steps.propose.output.unchanged }}",
}


def target_of(template_ref: str, number: int | None, by: Subject) -> TemplateVersion:
    """The version with that number, or the one that the template is now. NotFound, NotAllowed as for a run."""
    ref, entity, _ = find_template(template_ref, by)
    check_terms(entity, ref, by)
    if number is None:
        check_template(entity, list(ACTIONS))
        return versions.record(entity, ref)
    found = TemplateVersion.objects.filter(template_ref=ref, number=number).first()
    if found is None:
        raise NotFound(
            f"Template {ref} has no version {number}; GET /api/v1/scaffolder/templates/… lists them"
        )
    return found


def answers(instance: Instance, version: TemplateVersion, given: Mapping[str, Any]) -> dict[str, Any]:
    """The recorded answers, with those that are given, and the defaults of what the new version asks beside them.

    InputError names what the new version needs and has no value for.
    """
    values: dict[str, Any] = {}
    for page in parameter_steps(version.document):
        properties = page.get("properties")
        for name, schema in properties.items() if isinstance(properties, Mapping) else ():
            if isinstance(schema, Mapping) and "default" in schema:
                values[name] = schema["default"]
    values |= {**instance.values, **given}
    try:
        check_values(version.document, values)
    except ValidationErrors as error:
        said = "; ".join(sentence(fault) for fault in error.errors)
        raise InputError(
            f"The answers of {instance.entity_ref} do not fit version {version.number}: {said}; give what is missing in "
            "request/body/values"
        ) from None
    return values


@transaction.atomic
def upgrade(*, instance: Instance, to: TemplateVersion, values: Mapping[str, Any], by: Subject) -> Upgrade:
    """Have a repository upgraded by a run. An upgrade that is proposed already is renewed, one that is being prepared
    is answered as it is. Conflict when the repository is of that version, or on its way to another one.
    """
    instance = Instance.objects.select_for_update().get(pk=instance.pk)
    if not Entity.objects.visible_to(by).filter(ref=instance.entity_ref).exists():
        raise NotFound(f"{instance.entity_ref} is not in the catalog any more; nothing is upgraded")
    if instance.version_id == to.pk:
        raise Conflict(
            f"{instance.entity_ref} is of version {to.number} already; there is nothing to upgrade"
        )
    proposals.host_of(instance)
    wanted = answers(instance, to, values)
    live = (
        Upgrade.objects.filter(instance=instance, state__in=LIVE).select_related("run", "to_version").first()
    )
    if live is not None and live.state == UpgradeState.RUNNING:
        if live.run.state not in FINISHED:
            if live.to_version_id == to.pk and live.values == wanted:
                return live
            raise Conflict(
                f"An upgrade of {instance.entity_ref} to version {live.to_version.number} is being prepared by run "
                f"{live.run_id}; wait for it, or cancel it"
            )
        fail(live, "its run ended before it was proposed")
        live = None
    run = _run(instance, to, wanted, by)
    if live is None:
        name = instance.template_ref.rpartition("/")[2]
        live = Upgrade(instance=instance, branch=f"greenroom/upgrade-{name}", created_by=run.created_by)
        live.from_version_id = instance.version_id
    live.to_version, live.values, live.run, live.state = to, wanted, run, UpgradeState.RUNNING
    live.problem = ""
    live.save()
    record(by, "upgrading", instance, upgrade=live.pk, version=to.number, run=str(run.pk))
    EXECUTE_RUN.later(run.pk)
    return live


def fail(upgrade: Upgrade, problem: str) -> None:
    """Note that an upgrade did not come to be proposed."""
    Upgrade.objects.filter(pk=upgrade.pk, state=UpgradeState.RUNNING, run_id=upgrade.run_id).update(
        state=UpgradeState.FAILED, problem=problem, ended_at=timezone.now()
    )


def _run(instance: Instance, to: TemplateVersion, values: Mapping[str, Any], by: Subject) -> Run:
    user = user_of(by)
    spec = frozen_spec(to.document, ref=instance.template_ref, values=values, user=user)
    spec |= {"steps": STEPS, "output": _OUTPUT}
    spec.pop("EXPERIMENTAL_recovery", None)
    run = Run.objects.create(
        template_ref=instance.template_ref,
        spec=spec,
        subject=by.frozen(),
        template_version=to,
        serves=Run.Serves.UPGRADE,
        created_by=user["ref"],
    )
    warn(run, unpinned_warning(to))
    return run
