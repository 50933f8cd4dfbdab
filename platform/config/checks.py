"""Start-up checks that must see the whole project."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks

from . import env


@checks.register()
def wheel_in_checkout(**_: Any) -> list[checks.CheckMessage]:
    """An installed wheel run from inside a checkout would load half of each."""
    if env.checkout() is None and (Path.cwd() / "platform" / "config").is_dir():
        return [
            checks.Error(
                "this is an installed Greenroom, started from inside a checkout of its source",
                hint="Start it from another folder, or use the checkout's own `make up`.",
                id="config.E001",
            )
        ]
    return []


@checks.register(deploy=True)
def plain_http(**_: Any) -> list[checks.CheckMessage]:
    if settings.GREENROOM_BASE_URL.startswith("http://"):
        return [
            checks.Warning(
                "GREENROOM_BASE_URL is plain HTTP: tokens and sessions travel readable",
                hint="Put a TLS proxy in front and name its https address in GREENROOM_BASE_URL.",
                id="config.W001",
            )
        ]
    return []
