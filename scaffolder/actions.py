"""What people do with runs: start, cancel, retry; each recorded with who did it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.paging import final_by_ref
from catalog.refs import EntityRef
from catalog.visibility import visible_to
from core.api.subjects import Subject
from core.audit import Actor, record
from core.errors import Conflict, InputError, NotFound
from core.notices import notice
from core.secretbox import seal
from core.states import move
from scaffolder import admission, cancelling, permitted
from scaffolder.approvals.actions import ask
from scaffolder.approvals.plan import required
from scaffolder.approvals.policy import requirements
from scaffolder.auditing import shortened
from scaffolder.fencing import channel
from scaffolder.jobs import EXECUTE_RUN
from scaffolder.models import Run, RunEvent, StepRun
from scaffolder.registry import versions
from scaffolder.registry.terms import check_terms
from scaffolder.registry.warnings import unpinned_warning, warn
from scaffolder.requests import digest_of, run_of
from scaffolder.retrying import forget_steps, kept_steps
from scaffolder.rollback.actions import under_way
from scaffolder.states import FINISHED, MOVES, RunState, StepState
from scaffolder.steps import ACTIONS
from scaffolder.template import check_secrets, check_template, check_values, frozen_spec


class FoundTemplate(NamedTuple):
    """A template of the catalog: its reference, the entity, and who owns it, "" when nobody does."""

    ref: str
    entity: dict[str, Any]
    owner: str


def find_template(text: str, subject: Subject) -> FoundTemplate:
    """A template that the subject may see; short references are completed. InputError, NotFound."""
    ref = EntityRef.parse(text, default_kind="template")
    if ref.kind.lower() != "template":
        raise InputError("Invalid kind, only 'Template' kind is supported")
    entity = _visible(str(ref), subject)
    if entity is None:
        raise NotFound(f"Template {ref} not found")
    owners = (one["targetRef"] for one in entity.get("relations", ()) if one["type"] == "ownedBy")
    return FoundTemplate(str(ref), entity, next(owners, ""))


def user_of(subject: Subject) -> dict[str, Any]:
    """Who asks, as expressions see it: a reference, and their entity when the catalog has one."""
    ref = subject.entity_ref or subject.ref
    person = _visible(ref.lower(), subject)
    return {"ref": ref} if person is None else {"entity": person, "ref": ref}


def _visible(ref: str, subject: Subject) -> dict[str, Any] | None:
    final = final_by_ref(visible_to(subject), ref)
    return None if final is None else orjson.loads(final)


@transaction.atomic
def start(
    *,
    template_ref: str,
    values: Mapping[str, Any],
    secrets: Mapping[str, Any] | None,
    by: Subject,
    request_key: str = "",
) -> Run:
    """Start a run of a template with these values. ValidationErrors, InputError or NotFound before anything is made.

    A `request_key` that the same subject has used within a day for the same request answers the run of then; used for
    another one it is a Conflict.
    """
    created_by = by.entity_ref or by.ref
    digest = digest_of(template_ref, values, secrets) if request_key else ""
    known = run_of(created_by, request_key, digest) if request_key else None
    if known is not None:
        return known
    ref, whole, owner = find_template(template_ref, by)
    check_template(whole, list(ACTIONS))
    entity = permitted.template(whole, by)
    check_values(entity, values)
    check_secrets(entity, secrets or {})
    terms = check_terms(whole, ref, by)
    version = versions.record(whole, ref)
    user = user_of(by)
    spec = frozen_spec(entity, ref=ref, values=values, user=user)
    permitted.check_steps(whole, spec["steps"], by)
    wanted = requirements(spec, lambda: owner)
    run = Run(
        template_ref=ref,
        spec=spec,
        owner_ref=owner,
        places=admission.places_of(spec),
        secret_names=sorted(secrets or {}),
        request_key=request_key,
        request_digest=digest,
        state=RunState.WAITING if wanted else RunState.OPEN,
        subject=by.frozen(),
        template_version=version,
        secrets=seal(dict(secrets)) if secrets else None,
        created_by=user["ref"],
    )
    try:
        with transaction.atomic(savepoint=bool(request_key)):
            run.save(force_insert=True)
    except IntegrityError:  # the same request came in twice at once, and the other one was first
        known = run_of(created_by, request_key, digest) if request_key else None
        if known is None:
            raise
        return known
    warn(run, terms.warning(), unpinned_warning(version))
    record(by, "started", run, template=ref, parameters=shortened(values))
    if wanted:
        ask(run, wanted, by=by)
    else:
        EXECUTE_RUN.later(run.pk)
    return run


@transaction.atomic
def cancel(*, run: Run, by: Actor) -> Run:
    """Stop a run: at once when it waits, between steps and inside long ones when it works. An ended one stays."""
    run = Run.objects.select_for_update().get(pk=run.pk)
    if run.state in FINISHED or run.cancel_requested:
        return run
    working = StepRun.objects.filter(run=run, state=StepState.PROCESSING).order_by("-position").first()
    body: dict[str, Any] = {"message": "Task has been cancelled.", "status": "cancelled"}
    if working is not None:
        body |= {"message": f"Step {working.step_id} has been cancelled.", "stepId": working.step_id}
    RunEvent.objects.create(run=run, type=RunEvent.Type.CANCELLED, body=body)
    Run.objects.filter(pk=run.pk).update(cancel_requested=True, secrets=None)
    if move(Run.objects.filter(pk=run.pk), RunState.CANCELLED, MOVES):
        error = {"name": "Error", "message": "The run was cancelled before its first step."}
        ended = {"message": f"Run completed with status: {RunState.CANCELLED}", "error": error}
        RunEvent.objects.create(run=run, type=RunEvent.Type.COMPLETION, body=ended)
        if run.waits_for:  # those behind it move up
            transaction.on_commit(admission.call_next)
    record(by, "cancelled", run)
    notice(cancelling.channel(run.pk))
    notice(channel(run.pk))
    run.refresh_from_db()
    return run


@transaction.atomic
def retry(*, run: Run, by: Actor, secrets: Mapping[str, Any] | None = None) -> Run:
    """Carry out an ended run again: what failed goes on at its failed step, what was completed begins anew.

    It begins anew too when its workspace is gone, or its template asks for it. What it made outside is found and used
    again. Secrets are wiped when a run ends: a step that uses one which is not given again fails and names it.
    """
    run = Run.objects.select_for_update().get(pk=run.pk)
    strategy = (run.spec.get("EXPERIMENTAL_recovery") or {}).get("EXPERIMENTAL_strategy") or "none"
    kept = kept_steps(run) if run.state != RunState.COMPLETED and strategy != "startOver" else []
    fresh: dict[str, Any] = {
        "cancel_requested": False,
        "output": None,
        "restarts": 0,
        "rung_at": timezone.now(),
    }
    fresh |= {
        "started_at": None,
        "waits_for": "",
        "secret_names": sorted({*run.secret_names, *(secrets or {})}),
    }
    sealed = seal(dict(secrets)) if secrets else None
    if under_way(run):
        raise Conflict(f"Task with taskId {run.pk} cannot be retried while what it made is taken back")
    wanted = required(run)
    to = RunState.WAITING if wanted else RunState.OPEN
    if not kept:
        fresh["last_heartbeat_at"] = None  # as if nobody had begun it
    if not move(Run.objects.filter(pk=run.pk), to, MOVES, secrets=sealed, **fresh):
        raise Conflict(f"Task with taskId {run.pk} cannot be retried")
    forget_steps(run, kept)
    RunEvent.objects.filter(run=run, type__in=[RunEvent.Type.COMPLETION, RunEvent.Type.CANCELLED]).delete()
    RunEvent.objects.create(run=run, type=RunEvent.Type.RECOVERED, body={"recoverStrategy": strategy})
    record(by, "retried", run)
    notice(channel(run.pk))
    if wanted:
        ask(run, wanted, by=by)
    else:
        EXECUTE_RUN.later(run.pk)
    run.refresh_from_db()
    return run
