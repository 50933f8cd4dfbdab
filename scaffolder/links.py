"""Which addresses a run may show as links: a portal puts them under its own name, so a click must not run a script."""

import re
from collections.abc import Mapping
from typing import Any

_SHOWN = {"http", "https", "mailto"}
_INVISIBLE = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SCHEME = re.compile(r"([^/?#:]*):")


def refusal(link: Mapping[str, Any]) -> str | None:
    """Why a link is not shown; None when it may be. Browsers leave out blanks and controls in a scheme, so we do."""
    url = link.get("url")
    scheme = refused_scheme(url) if isinstance(url, str) else None
    if scheme is None:
        return None
    return f"output link {str(link.get('title') or '')[:100]!r} is left out: a link begins with https://, not {scheme!r}"


def refused_scheme(url: str) -> str | None:
    """The scheme of an address, its beginning, when no link may have it."""
    found = _SCHEME.match(_INVISIBLE.sub("", url))
    return None if found is None or found[1].lower() in _SHOWN else found[1][:40]
