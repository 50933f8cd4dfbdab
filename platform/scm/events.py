"""Events of the local host, and the jobs of other apps that want to hear of them."""

from typing import Any

from core.jobs import Job
from scm.models import Event, LocalRepository

_listeners: list[Job] = []


def subscribe(job: Job) -> None:
    """Ring `job` with the id of every event from now on; called once, when an app is loaded.

    A bell may be lost. Who must not miss anything looks, in a sweep, for events newer than the last it saw.
    """
    if job not in _listeners:
        _listeners.append(job)


def tell(repository: LocalRepository, kind: Event.Kind, **payload: Any) -> Event:
    """Write an event in the running transaction and ring the listeners after its commit."""
    event = Event.objects.create(
        repository=repository, kind=kind, payload={"host": "local", "repository": str(repository), **payload}
    )
    for job in _listeners:
        job.later(event.pk)
    return event
