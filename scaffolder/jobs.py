"""The scaffolder's work for later, by its lasting names."""

from core.jobs import Job

EXECUTE_RUN = Job("scaffolder.execute_run")
PLAN_RUN = Job("scaffolder.plan_run")
