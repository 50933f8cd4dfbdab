"""What is left behind: pushes nobody told of, deliveries nobody handled, old events, files of killed processes."""

from datetime import timedelta

from django.utils import timezone

from core.api.subjects import System
from core.leases import free
from core.sweeps import sweep
from scm import storage
from scm.actions import finish_removals, tell_changes
from scm.git import git
from scm.hook_sending import due
from scm.jobs import HANDLE_DELIVERY, SEND_HOOK
from scm.models import Delivery, Event, LocalRepository

EVENT_LIFE = timedelta(days=30)
BODY_LIFE = timedelta(days=7)
RING_AFTER = timedelta(seconds=10)
MOST_AT_ONCE = 500


@sweep("scm.untold_pushes", every=timedelta(seconds=60))
def tell_untold_pushes() -> None:
    """Look at repositories whose push should be over by now, and end removals that were cut off."""
    finish_removals()
    for repository in LocalRepository.objects.filter(look_at__lte=timezone.now()):
        tell_changes(repository, by=System("system:scm"))
        LocalRepository.objects.filter(pk=repository.pk, look_at=repository.look_at).update(look_at=None)


@sweep("scm.housekeeping", every=timedelta(days=1))
def keep_house() -> None:
    """Drop old events and the files of killed processes, and let git pack what has grown."""
    now = timezone.now()
    Event.objects.filter(created__lt=now - EVENT_LIFE).delete()
    Delivery.objects.filter(received_at__lt=now - EVENT_LIFE).delete()
    old = Delivery.objects.filter(received_at__lt=now - BODY_LIFE).exclude(state=Delivery.State.RECEIVED)
    old.exclude(body=None).update(body=None)
    storage.remove_leftovers()
    for repository in LocalRepository.objects.iterator():
        git("gc", "--auto", "--quiet", folder=storage.bare(repository.full_name).folder, timeout=600)


@sweep("scm.left_deliveries", every=timedelta(seconds=10))
def ring_left_deliveries() -> None:
    """Ring for deliveries whose bell was lost, or whose worker died."""
    now = timezone.now()
    waiting = Delivery.objects.filter(state=Delivery.State.RECEIVED, received_at__lt=now - RING_AFTER)
    for pk in waiting.filter(free(now)).order_by("id").values_list("pk", flat=True)[:MOST_AT_ONCE]:
        HANDLE_DELIVERY.now(str(pk))


@sweep("scm.hook_deliveries", every=timedelta(seconds=10))
def ring_due_hooks() -> None:
    """Ring for deliveries to hooks whose pause is over, whose bell was lost, or whose worker died."""
    waiting = due().filter(free(timezone.now())).order_by("due")
    for pk in waiting.values_list("pk", flat=True)[:MOST_AT_ONCE]:
        SEND_HOOK.now(str(pk))
