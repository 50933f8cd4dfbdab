"""When upgrades are looked at: as soon as their host tells of them, and again and again, since telling may fail."""

from datetime import timedelta

from core.sweeps import sweep
from scaffolder.jobs import LOOK_AT_EVENT
from scaffolder.upgrades import following
from scm.events import subscribe
from scm.models import Event

subscribe(LOOK_AT_EVENT)


@sweep("scaffolder.upgrades", every=timedelta(seconds=30))
def look_at_upgrades() -> None:
    """Look at the upgrades that are under way."""
    following.look_at_many()


def heard(event_id: int) -> None:
    """Look at the upgrades of a repository in which something became of a pull request."""
    event = Event.objects.filter(pk=event_id, kind=Event.Kind.PULL_REQUEST).first()
    if event is not None:
        for pk in following.about(event.host, event.name):
            following.look(pk)
