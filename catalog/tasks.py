"""The doors through which a worker comes in."""

from celery import shared_task

from catalog import actions, jobs
from catalog.discovery import actions as providers
from catalog.discovery import run as discovery
from catalog.ingest.refresh import refresh
from catalog.search import documentation
from core.tasks import Door


@shared_task(name=jobs.REFRESH_LOCATION.name, base=Door)
def refresh_location(location_id: str) -> None:
    refresh(location_id)


@shared_task(name=jobs.REPOSITORY_EVENT.name, base=Door)
def repository_event(event_id: str) -> None:
    actions.follow_event(event_id)


@shared_task(name=jobs.RUN_PROVIDER.name, base=Door)
def run_provider(provider_id: str) -> None:
    discovery.run(provider_id)


@shared_task(name=jobs.PROVIDER_EVENT.name, base=Door)
def provider_event(event_id: str) -> None:
    providers.follow_event(event_id)


@shared_task(name=jobs.READ_DOCUMENTATION.name, base=Door)
def read_documentation(entity_uid: str) -> None:
    documentation.read(entity_uid)
