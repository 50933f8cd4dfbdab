"""What can go wrong in a run beside the kernel's errors."""

from core.errors import Conflict, GreenroomError


class RunCancelled(Conflict):
    """Somebody cancelled the run while the step worked. Way out: retry the run."""

    code, name = "run_cancelled", "Error"


class ApprovalStale(Conflict):
    """What was approved is not what would be done now. Way out: look at the present plan, then decide again."""

    code = "approval_stale"


class StepTimedOut(GreenroomError):
    """A step or its run took longer than it may, and was stopped. Way out: make it do less, or ask for a higher limit."""

    code, status, name = "step_timed_out", 500, "TimeoutError"


class CannotUndo(Conflict):
    """Something that a run made stays, and a person has to look at it: the message says what, and why."""

    code = "cannot_undo"
