"""Start-up checks: configured locations can be read as such, and what the rules allow exists."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured

from catalog.discovery.configuration import configured as providers
from catalog.kinds import known_kinds
from catalog.problems import Refused
from catalog.refs import LocationRef


@register("catalog")
def configured_locations(**_: Any) -> list[CheckMessage]:
    """Each of GREENROOM_CATALOG_LOCATIONS is `url:…` or `file:…`, and a plain file is there."""
    found: list[CheckMessage] = []
    for text in settings.GREENROOM_CATALOG_LOCATIONS:
        try:
            location = LocationRef.parse(text)
        except Refused as refused:
            hint = "Write each location as url:https://… or file:/…"
            found.append(
                Error(f"GREENROOM_CATALOG_LOCATIONS: {refused.message}", hint=hint, id="catalog.E001")
            )
            continue
        if location.type not in {"url", "file"}:
            text = f"GREENROOM_CATALOG_LOCATIONS: {location} has the type {location.type!r}"
            found.append(Error(text, hint="There are 'url' and 'file'.", id="catalog.E002"))
        elif location.type == "file" and "*" not in location.target and not Path(location.target).exists():
            text = f"GREENROOM_CATALOG_LOCATIONS: there is no file {location.target}"
            found.append(Caution(text, hint="It is looked for again at each refresh.", id="catalog.W001"))
    return found


@register("catalog")
def discovered(**_: Any) -> list[CheckMessage]:
    """What is to be discovered is understood, and on hosts that can tell."""
    try:
        providers()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="docs/guides/discovery.md shows each key.", id="catalog.E003")]
    return []


@register("catalog")
def allowed_kinds(**_: Any) -> list[CheckMessage]:
    """Each of GREENROOM_CATALOG_RULES is a kind that we know."""
    kinds = known_kinds()
    known = {name.lower() for name in kinds}
    strangers = [name for name in settings.GREENROOM_CATALOG_RULES if name.lower() not in known]
    if not strangers:
        return []
    text = f"GREENROOM_CATALOG_RULES names unknown kinds: {', '.join(strangers)}"
    return [Caution(text, hint=f"Known are {', '.join(kinds)}.", id="catalog.W002")]
