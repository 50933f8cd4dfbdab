"""The door through which a worker comes in."""

from celery import shared_task

from core.tasks import Door
from scaffolder import jobs, runner
from scaffolder.approvals import planning


@shared_task(name=jobs.EXECUTE_RUN.name, base=Door)
def execute_run(run_id: str) -> None:
    runner.execute(run_id)


@shared_task(name=jobs.PLAN_RUN.name, base=Door)
def plan_run(run_id: str) -> None:
    planning.plan(run_id)
