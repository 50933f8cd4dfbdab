"""What GitHub asks of a protected branch beyond our own rules."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Particulars:
    """Rules that only GitHub has. `bypass` and `restrictions` are as its API takes them, with users, teams and apps.

    `pull_requests` asks for a pull request even where nobody has to agree to it.
    """

    pull_requests: bool = False
    bypass: dict[str, Any] = field(default_factory=dict)
    restrictions: dict[str, Any] | None = None
    block_creations: bool = False
