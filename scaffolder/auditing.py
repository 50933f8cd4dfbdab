"""Who looked at what, for those who keep such records: deeds are rows of the audit trail, looks are lines of the log.

A row for each look would make each read a write. Names are those of the contract's audit events (SCAFFOLDER.md 8).
"""

import logging
from collections.abc import Mapping
from typing import Any

from core.audit import Actor

LONGEST = 256
"""Characters of a parameter's value that the audit trail keeps."""
CUT = "...<truncated>"

log = logging.getLogger("greenroom.audit")


def heard(by: Actor, event: str, **meta: Any) -> None:
    """Note in the log that somebody looked: at level debug, where Backstage's auditor has its events of severity low.

    A form that waits looks several times a second.
    """
    log.debug(event, extra={"actor": by.ref, "event_id": event, **meta})


def shortened(value: Any) -> Any:
    """Parameters as the audit trail keeps them: each text cut, lists and objects bounded with them."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[:LONGEST] + CUT
    if isinstance(value, Mapping):
        return {shortened(str(key)): shortened(item) for key, item in list(value.items())[:LONGEST]}
    if isinstance(value, list | tuple):
        return [shortened(item) for item in value[:LONGEST]]
    return value
