"""The doors through which a worker comes in."""

from celery import shared_task

from core.tasks import Door
from scaffolder import jobs, runner
from scaffolder.approvals import planning
from scaffolder.rollback import runner as rollback
from scaffolder.upgrades import advancing, timetable


@shared_task(name=jobs.EXECUTE_RUN.name, base=Door)
def execute_run(run_id: str) -> None:
    runner.execute(run_id)


@shared_task(name=jobs.PLAN_RUN.name, base=Door)
def plan_run(run_id: str) -> None:
    planning.plan(run_id)


@shared_task(name=jobs.ROLL_BACK.name, base=Door)
def roll_back(rollback_id: str) -> None:
    rollback.execute(rollback_id)


@shared_task(name=jobs.LOOK_AT_EVENT.name, base=Door)
def look_at_event(event_id: str) -> None:
    timetable.heard(int(event_id))


@shared_task(name=jobs.ADVANCE_CAMPAIGN.name, base=Door)
def advance_campaign(campaign_id: str) -> None:
    advancing.advance(int(campaign_id))
