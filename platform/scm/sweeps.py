"""What is left behind on the local host: pushes nobody told of, old events, files of killed processes."""

from datetime import timedelta

from django.utils import timezone

from core.api.subjects import System
from core.sweeps import sweep
from scm import storage
from scm.actions import tell_changes
from scm.git import git
from scm.models import Event, LocalRepository

EVENT_LIFE = timedelta(days=30)


@sweep("scm.untold_pushes", every=timedelta(seconds=60))
def tell_untold_pushes() -> None:
    """Look at repositories whose push should be over by now."""
    for repository in LocalRepository.objects.filter(look_at__lte=timezone.now()):
        tell_changes(repository, by=System("system:scm"))
        LocalRepository.objects.filter(pk=repository.pk, look_at=repository.look_at).update(look_at=None)


@sweep("scm.housekeeping", every=timedelta(days=1))
def keep_house() -> None:
    """Drop old events and the files of killed processes, and let git pack what has grown."""
    Event.objects.filter(created__lt=timezone.now() - EVENT_LIFE).delete()
    storage.remove_leftovers()
    for repository in LocalRepository.objects.iterator():
        git("gc", "--auto", "--quiet", folder=storage.bare(repository.full_name).folder, timeout=600)
