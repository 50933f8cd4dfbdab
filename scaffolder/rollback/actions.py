"""What people do about what a run made: have it taken back."""

from django.db import transaction

from core.audit import Actor, record
from core.errors import Conflict
from scaffolder.jobs import ROLL_BACK
from scaffolder.models import Effect, Run
from scaffolder.rollback.models import Rollback
from scaffolder.rollback.states import LIVE
from scaffolder.states import FINISHED, EffectState


@transaction.atomic
def roll_back(*, run: Run, by: Actor) -> Rollback | None:
    """Have a worker take back what an ended run made; None when there is nothing that it made.

    What was left to a person before is tried again: they may have cleared the way. While one is under way, asking
    again answers that one. Conflict for a run that has not ended.
    """
    run = Run.objects.select_for_update().get(pk=run.pk)
    if run.state not in FINISHED:
        raise Conflict(
            f"run {run.pk} is {run.get_state_display()}: cancel it, or wait for its end, then roll it back"
        )
    live = Rollback.objects.filter(run=run, state__in=LIVE).first()
    if live is not None:
        return live
    Effect.objects.filter(run=run, state=EffectState.LEFT, made_at__isnull=False).update(
        state=EffectState.MADE
    )
    Effect.objects.filter(run=run, state=EffectState.LEFT).update(state=EffectState.INTENDED)
    if not Effect.objects.filter(run=run).exclude(state=EffectState.UNDONE).exists():
        return None
    rollback = Rollback.objects.create(run=run, requested_by=by.ref)
    record(by, "asked for rollback of", run)
    ROLL_BACK.later(rollback.pk)
    return rollback


def under_way(run: Run) -> bool:
    """Whether something of the run is being taken back now."""
    return Rollback.objects.filter(run=run, state__in=LIVE).exists()
