"""Moments in the query: RFC 3339, with an offset, so that nobody has to guess whose noon it was."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.api.params import Text
from core.errors import InputError

# https://www.rfc-editor.org/rfc/rfc3339#section-5.6; a plus that was not escaped arrives as a space
_FORM = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?([Zz]|[+ -]\d{2}:\d{2})", re.ASCII
)


@dataclass(frozen=True)
class Moment(Text):
    """A moment, in UTC. Digits behind the microsecond are cut off."""

    def parse(self, name: str, values: list[str]) -> Any:
        found = _FORM.fullmatch(values[-1])
        if found:
            day, clock, fraction, offset = found.groups()
            digits = (fraction or ".0")[1:7].ljust(6, "0")
            try:
                text = f"{day}T{clock}.{digits}{offset.replace(' ', '+').replace('z', 'Z')}"
                return datetime.fromisoformat(text).astimezone(UTC)
            except (ValueError, OverflowError):
                pass  # the form is right, the date is none: refused below like every other text
        raise InputError(
            f"query parameter '{name}' is {values[-1][:100]!r}: expected a moment with its offset, such as "
            "2026-11-23T12:00:00Z (RFC 3339)"
        )
