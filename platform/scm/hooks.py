"""Webhooks of the local host: who wants to hear of what, and what is on its way to them."""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from core.api.subjects import System
from core.audit import record
from core.errors import Conflict, InputError
from core.outbound.allowed import Allowed
from core.outbound.target import Target
from core.redaction import redact
from core.secretbox import seal
from scm.jobs import SEND_HOOK
from scm.models import Event, HookDelivery, LocalHook, LocalRepository

ALL = "*"
KINDS = (Event.Kind.PUSH.value, Event.Kind.PULL_REQUEST.value, Event.Kind.REPOSITORY.value)
MOST = 50
"""Webhooks of one repository."""
SECRET_LIMIT, URL_LIMIT = 500, 2000
BY = System("system:scm")


def allowed() -> Allowed:
    """Whom deliveries may reach."""
    return Allowed.of(settings.GREENROOM_HOOKS_ALLOW)


@transaction.atomic
def add(
    *,
    repository: LocalRepository,
    url: str,
    events: Sequence[str],
    secret: str = "",
    active: bool = True,
    content_type: str = "json",
    insecure: bool = False,
) -> LocalHook:
    """Have an address told of these kinds of events; the hook with that address is changed.

    AddressRefused for an inner address that is not in GREENROOM_HOOKS_ALLOW, which is looked at again at each delivery.
    """
    if len(url) > URL_LIMIT:
        raise InputError(f"url is longer than {URL_LIMIT} characters; give a shorter one")
    target = Target.parse(url)
    allowed().check(target.host, target.port)
    unknown = sorted(set(events) - {*KINDS, ALL})
    if unknown or not events:
        raise InputError(f"events {unknown!r} are not known; give some of {', '.join((*KINDS, ALL))}")
    if content_type not in {"json", "form"}:
        raise InputError(f"contentType {content_type!r} is not known; give json or form")
    if insecure:
        raise InputError("insecure deliveries are not offered; certificates are always checked")
    if len(secret) > SECRET_LIMIT:
        raise InputError(f"secret is longer than {SECRET_LIMIT} characters; give a shorter one")
    repository = LocalRepository.objects.select_for_update().get(pk=repository.pk)
    others = LocalHook.objects.filter(repository=repository).exclude(url=target.url)
    if others.count() >= MOST:
        raise Conflict(f"'{repository}' has {MOST} webhooks already; remove one first")
    made, new = LocalHook.objects.update_or_create(
        repository=repository,
        url=target.url,
        defaults={
            "events": sorted(set(events)),
            "secret": seal(secret) if secret else None,
            "active": active,
            "content_type": content_type,
        },
    )
    verb = "added" if new else "changed"
    record(BY, verb, made, url=redact(made.url), events=made.events, active=active)
    return made


@transaction.atomic
def remove(*, repository: LocalRepository, known_as: str) -> None:
    """Take a webhook away, and what is on its way to it; one that is gone is fine."""
    pk = int(known_as) if known_as.isascii() and known_as.isdecimal() and len(known_as) < 19 else 0
    found = LocalHook.objects.filter(repository=repository, pk=pk).first()
    if found is not None:
        record(BY, "removed", found, url=redact(found.url))
        found.delete()


def remember(event: Event) -> None:
    """Put an event on its way to the hooks of its repository, in the running transaction."""
    if event.repository_id is None:
        return
    hooks = LocalHook.objects.filter(repository_id=event.repository_id, active=True)
    wanted = [hook for hook in hooks if event.kind in hook.events or ALL in hook.events]
    for delivery in HookDelivery.objects.bulk_create(HookDelivery(hook=h, event=event) for h in wanted):
        SEND_HOOK.later(delivery.pk)
