"""Events of code hosts, and the jobs of other apps that want to hear of them."""

from typing import Any

from core.jobs import Job
from scm import hooks
from scm.models import Event, LocalRepository
from scm.values import RepositoryName
from scm.webhooks.happening import Happening

_listeners: list[Job] = []


def subscribe(job: Job) -> None:
    """Ring `job` with the id of every event from now on; called once, when an app is loaded.

    A bell may be lost. Who must not miss anything looks, in a sweep, for events newer than the last it saw.
    """
    if job not in _listeners:
        _listeners.append(job)


def tell(repository: LocalRepository, kind: Event.Kind, **payload: Any) -> Event:
    """Write an event of the local host in the running transaction and ring the listeners after its commit."""
    return _tell(repository=repository, host="local", name=str(repository), kind=kind, payload=payload)


def tell_without(name: RepositoryName, kind: Event.Kind, **payload: Any) -> Event:
    """The same for a repository of the local host whose row is gone."""
    return _tell(host="local", name=str(name), kind=kind, payload=payload)


def tell_of(host: str, happening: Happening) -> Event:
    """The same for what another host told us."""
    return _tell(host=host, name=happening.repository, kind=happening.kind, payload=dict(happening.payload))


def _tell(*, host: str, name: str, kind: str, payload: dict[str, Any], **facts: Any) -> Event:
    said = {"host": host, "repository": name, **payload}
    event = Event.objects.create(host=host, name=name, kind=kind, payload=said, **facts)
    hooks.remember(event)
    for job in _listeners:
        job.later(event.pk)
    return event
