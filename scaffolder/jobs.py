"""The scaffolder's work for later, by its lasting names."""

from core.jobs import Job

EXECUTE_RUN = Job("scaffolder.execute_run")
PLAN_RUN = Job("scaffolder.plan_run")
ROLL_BACK = Job("scaffolder.roll_back")
LOOK_AT_EVENT = Job("scaffolder.look_at_event")
ADVANCE_CAMPAIGN = Job("scaffolder.advance_campaign")
