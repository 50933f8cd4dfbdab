"""Actions of the admin that ask first: what would be read again, what would go, listed as far as one can look."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from catalog import actions
from catalog.admin.listing import FARTHEST
from catalog.models import Entity, Location

MOST_CHOSEN = 100
"""Rows that one action takes."""
MOST_LISTED = 100
"""Entities that a confirmation lists."""

_WOULD_COME_BACK = {
    Location.Origin.CONFIG.value: "is named in GREENROOM_CATALOG_LOCATIONS: take it out there",
    Location.Origin.DISCOVERED.value: "was discovered, and would be again: leave its repository out there",
}


@dataclass
class Proposal:
    """What an action would do, for the page that asks. `refused` says for a row why it is left out."""

    action: str
    title: str
    button: str
    locations: Sequence[Location] = ()
    entities: Sequence[str] = ()
    entity_count: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def counted(self) -> str:
        """How many entities, as far as they were counted."""
        return f"more than {FARTHEST:,}" if self.entity_count > FARTHEST else f"{self.entity_count:,}"

    @property
    def possible(self) -> bool:
        """Whether anything is left to be done."""
        return bool(self.locations or self.entities)


def too_many(page: ModelAdmin, request: HttpRequest, chosen: QuerySet[Any]) -> bool:
    """Whether more rows were chosen than one action takes; then that is said."""
    if chosen.order_by().values("pk")[: MOST_CHOSEN + 1].count() <= MOST_CHOSEN:
        return False
    page.message_user(request, f"Choose {MOST_CHOSEN} at the most; nothing was done.", messages.ERROR)
    return True


def asked(
    page: ModelAdmin, request: HttpRequest, chosen: QuerySet[Any], proposal: Proposal
) -> TemplateResponse:
    """The page that asks; its form comes back to the same action with `confirmed`."""
    context = {
        **page.admin_site.each_context(request),
        "title": proposal.title,
        "opts": page.opts,
        "proposal": proposal,
        "chosen": [str(pk) for pk in chosen.values_list("pk", flat=True)],
        "checkbox": ACTION_CHECKBOX_NAME,
        "media": page.media,
    }
    return TemplateResponse(request, "admin/catalog/confirm.html", context)


def confirmed(request: HttpRequest) -> bool:
    """Whether the page that asks was answered."""
    return request.POST.get("confirmed") == "yes"


def refreshing(locations: Sequence[Location]) -> Proposal:
    """What refreshing these would do."""
    return Proposal("refresh", "Have these read again?", "Read them now", locations=locations)


def unregistering(locations: Sequence[Location], orphans: Sequence[Entity] = ()) -> Proposal:
    """What unregistering these would do. Only registered locations go: others would come back by themselves."""
    going = [location for location in locations if location.origin == Location.Origin.API]
    held = Entity.objects.filter(location__in=going)
    entities = [
        *(each.ref for each in orphans),
        *held.order_by("location", "file").values_list("ref", flat=True)[:MOST_LISTED],
    ]
    return Proposal(
        "unregister",
        "Unregister, and remove what was read from there?",
        "Remove them",
        locations=going,
        entities=entities[:MOST_LISTED],
        entity_count=len(orphans) + held.order_by().values("pk")[: FARTHEST + 1].count(),
        refused=[
            f"{location} {_WOULD_COME_BACK[location.origin]}"
            for location in locations
            if location not in going
        ],
    )


def refresh(page: ModelAdmin, request: HttpRequest, locations: Sequence[Location]) -> None:
    """Have them read at once."""
    by: Any = request.user  # signed in, so a Person
    for location in locations:
        actions.refresh_location(location, by)
    _told(page, request, f"{_several(len(locations), 'location')} will be read at once.")


def unregister(
    page: ModelAdmin, request: HttpRequest, proposal: Proposal, orphans: Sequence[Entity] = ()
) -> None:
    """Remove the locations and what they hold, and the orphans."""
    by: Any = request.user  # signed in, so a Person
    for location in proposal.locations:
        actions.unregister(location, by=by)
    for orphan in orphans:
        actions.delete_entity(str(orphan.pk), by=by)
    gone = [_several(len(proposal.locations), "location")] if proposal.locations else []
    gone += [_several(len(orphans), "orphan")] if orphans else []
    _told(page, request, f"{' and '.join(gone) or 'Nothing'} unregistered.")


def _told(page: ModelAdmin, request: HttpRequest, text: str) -> None:
    page.message_user(request, text, messages.SUCCESS)


def _several(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
