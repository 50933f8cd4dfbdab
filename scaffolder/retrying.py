"""What of a run that failed need not be done again."""

from collections.abc import Sequence

from scaffolder.models import Run, StepRun
from scaffolder.states import StepState

_DONE = (StepState.COMPLETED, StepState.SKIPPED)


def kept_steps(run: Run) -> list[StepRun]:
    """The steps from the first on that are done and whose outputs are whole: a retry goes on behind them.

    A step that was skipped for the sake of an earlier failure stands behind that failure, so it is none of them. None at
    all when something of the run was taken back since: it has to be made anew.
    """
    kept: list[StepRun] = []
    if run.rollbacks.exists():
        return kept
    for step in run.steps.order_by("position"):
        if step.state not in _DONE or step.forgotten or step.position != len(kept):
            break
        kept.append(step)
    return kept


def forget_steps(run: Run, kept: Sequence[StepRun]) -> None:
    """Have all other steps done again; the one that failed as one that was begun before, so that it looks before it acts."""
    rest = StepRun.objects.filter(run=run).exclude(pk__in=[step.pk for step in kept])
    if kept:
        rest.filter(position=len(kept)).update(
            state=StepState.PROCESSING, output={}, error=None, ended_at=None, forgotten=False
        )
        rest = rest.exclude(position=len(kept))
    rest.delete()
