"""The waves of a campaign: how large each is, and what the standing of its members means for the next; no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.errors import InputError
from scaffolder.upgrades.states import UpgradeState
from scm.values import CheckState

DEFAULT: tuple[int | str, ...] = (1, "10%", "100%")
MOST_WAVES = 50
SETTLING = timedelta(minutes=10)
"""How long a pull request without any check is waited for, on a host that has checks: they may not have begun."""


class Standing(StrEnum):
    """`WELL` lets the next wave begin, `BAD` pauses the campaign."""

    WAITING = "waiting"
    WELL = "well"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a member. `checks` None: its host has none to ask for."""

    state: str | None
    draft: bool = False
    checks: CheckState | None = None
    opened_at: datetime | None = None
    problem: str = ""
    accepted: bool = False


def sizes(waves: Sequence[int | str], total: int) -> list[int]:
    """The size of each wave among `total` repositories. A share is of all of them, rounded up; what no wave takes is
    one more at the end. InputError for what is neither a number nor a share.
    """
    if len(waves) > MOST_WAVES:
        raise InputError(f"waves has {len(waves)}, {MOST_WAVES} at the most")
    found, left = [], total
    for wave in waves:
        size = min(_size(wave, total), left)
        if size:
            found.append(size)
        left -= size
    return [*found, left] if left else found


def standing(seen: Seen, now: datetime) -> Standing:
    """Whether a member is well enough for the next wave: merged, nothing to change, or proposed with green checks."""
    if seen.accepted or seen.state in {UpgradeState.MERGED, UpgradeState.UNCHANGED}:
        return Standing.WELL
    if seen.problem or seen.state in {UpgradeState.FAILED, UpgradeState.CLOSED}:
        return Standing.BAD
    if seen.state != UpgradeState.OPEN or seen.draft:  # a draft has conflicts: somebody works on it
        return Standing.WAITING
    if seen.checks == CheckState.RED:
        return Standing.BAD
    if seen.checks == CheckState.NONE:
        settled = seen.opened_at is not None and now - seen.opened_at > SETTLING
        return Standing.WELL if settled else Standing.WAITING
    return Standing.WAITING if seen.checks == CheckState.PENDING else Standing.WELL


def _size(wave: int | str, total: int) -> int:
    if type(wave) is int and 0 < wave < 2**31:
        return wave
    if isinstance(wave, str) and wave.endswith("%"):
        share = wave.removesuffix("%")
        if share.isascii() and share.isdecimal() and len(share) <= 3 and 0 < int(share) <= 100:
            return -(-total * int(share) // 100)
    raise InputError(f"wave {str(wave)[:40]!r} is neither a number such as 5 nor a share such as '25%'")
