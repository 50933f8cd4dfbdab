"""What people and configuration do to providers: follow the settings, run now, accept losses."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from catalog.discovery import store
from catalog.discovery.configuration import Wanted, configured
from catalog.discovery.models import Provider
from catalog.jobs import RUN_PROVIDER
from core.audit import Actor, record
from scm.models import Event

SPREAD = timedelta(seconds=10)
"""Between the first runs of providers that were configured together."""


@transaction.atomic
def sync_providers(by: Actor) -> None:
    """Make the providers what the configuration says. What a removed one found becomes orphans, with grace."""
    wanted = configured()
    there = {provider.pk: provider for provider in Provider.objects.select_for_update()}
    for number, (key, one) in enumerate(sorted(wanted.items())):
        said = _facts(one)
        provider = there.get(key)
        if provider is None:
            made = Provider.objects.create(pk=key, next_run_at=timezone.now() + SPREAD * number, **said)
            record(by, "configured", made)
        elif any(getattr(provider, name) != value for name, value in said.items()):
            Provider.objects.filter(pk=key).update(**said, next_run_at=timezone.now())
            record(by, "reconfigured", provider, before=provider.configuration, after=said["configuration"])
    for key in sorted(there.keys() - wanted.keys()):
        store.let_go(there[key])
        record(by, "no longer configured", there[key])
        there[key].delete()


def _facts(one: Wanted) -> dict[str, object]:
    return {"finds": one.find, "host": one.host, "owner": one.owner, "configuration": dict(one.said)}


@transaction.atomic
def run_now(provider: Provider, by: Actor) -> None:
    """Run a provider at once, also when it is running now."""
    ask([provider.pk])
    record(by, "run", provider)


@transaction.atomic
def accept_losses(provider: Provider, by: Actor) -> None:
    """Let the next run remove all that is missing, however much it is; that run comes at once."""
    Provider.objects.filter(pk=provider.pk).update(accept_losses=True)
    ask([provider.pk])
    record(by, "accepted losses", provider, problem=provider.problem)


def ask(provider_ids: list[str]) -> None:
    """Have providers run at once: something was told of what they look through."""
    now = timezone.now()
    Provider.objects.filter(pk__in=provider_ids).update(requested_at=now, next_run_at=now)
    for key in provider_ids:
        RUN_PROVIDER.later(key)


def follow_event(event_id: str) -> None:
    """A code host told of repositories or people that came, went or changed: look through that organisation."""
    finds = {
        Event.Kind.REPOSITORY: Provider.Finds.REPOSITORIES,
        Event.Kind.ORGANISATION: Provider.Finds.PEOPLE,
    }
    event = Event.objects.filter(pk=event_id, kind__in=finds).first()
    if event is None:
        return
    names = (event.name, event.payload.get("former"), f"{event.payload.get('owner') or ''}/")
    owners = [name.rpartition("/")[0].lower() for name in names if name]
    providers = Provider.objects.filter(host=event.host, finds=finds[Event.Kind(event.kind)])
    ask(
        [
            provider.pk
            for provider in providers
            if any(f"{owner}/".startswith(f"{provider.owner.lower()}/") for owner in owners)
        ]
    )
