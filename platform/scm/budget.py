"""How many requests a credential has left at its host, and who may spend them.

Hosts tell in every answer what is left (GitHub `X-RateLimit-*`, GitLab `RateLimit-*`) and, when they have had enough,
how long to wait (`Retry-After`). We believe them: nothing is sent while a host asks us to wait, and work that nobody
watches stops early, so that people and events still find something left.

What was learned lives in this process: each answer carries the whole truth, so another process needs one answer to know.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum

from core.errors import RateLimited

SECONDARY_PAUSE = 60.0
"""What GitHub asks for after a secondary limit that names no time."""
LONGEST_PAUSE = 3600.0
_SECONDARY = ("secondary rate limit", "abuse detection")


class Lane(Enum):
    """For whom a request is made. The value is the share of the limit that it leaves to the lanes before it."""

    PEOPLE = 0.0
    EVENTS = 0.1
    TIMETABLE = 0.3


_lane: ContextVar[Lane] = ContextVar("scm_lane", default=Lane.PEOPLE)


@contextmanager
def lane(chosen: Lane) -> Iterator[None]:
    """Make the requests of the body on that lane; outside of any body they are made for people."""
    before = _lane.set(chosen)
    try:
        yield
    finally:
        _lane.reset(before)


@dataclass(slots=True)
class Budget:
    """What one credential has left at one host."""

    host: str
    limit: int = 0
    left: int = 0
    resets_at: float = 0.0
    """Unix time; before it `left` holds."""
    paused_until: float = 0.0

    def admit(self) -> None:
        """RateLimited when the host asked us to wait, or when the rest is kept for others than this lane."""
        now = time.time()
        if now < self.paused_until:
            wait = self.paused_until - now
            raise RateLimited(f"{self.host} asks us to wait {wait:.0f} more seconds", retry_after=wait)
        if now >= self.resets_at or not self.limit:
            return
        kept = int(self.limit * _lane.get().value)
        if self.left <= kept:
            wait = min(self.resets_at - now, LONGEST_PAUSE)
            rest = f"{self.left} of {self.limit} requests are left"
            raise RateLimited(
                f"{self.host}: {rest}, and they are kept for more urgent work for {wait:.0f} seconds",
                retry_after=wait,
            )

    def learn(self, status: int, headers: Mapping[str, str], text: str) -> RateLimited | None:
        """Take note of an answer; the error to raise when it is the host's way of saying "not now"."""
        limit, left, reset = (_told(headers, name) for name in ("limit", "remaining", "reset"))
        if limit is not None and left is not None and headers.get("x-ratelimit-resource", "core") == "core":
            self.limit, self.left, self.resets_at = int(limit), int(left), reset or 0.0
        wait = self._asked_to_wait(status, headers, text)
        if wait is None:
            return None
        wait = min(max(wait, 1.0), LONGEST_PAUSE)
        self.paused_until = max(self.paused_until, time.time() + wait)
        return RateLimited(f"{self.host} asks us to wait {wait:.0f} seconds", retry_after=wait)

    def _asked_to_wait(self, status: int, headers: Mapping[str, str], text: str) -> float | None:
        if status not in {403, 429}:
            return None
        asked = _number(headers.get("retry-after"))
        if asked is not None:
            return asked
        if _told(headers, "remaining") == 0:
            return max(self.resets_at - time.time(), 1.0)
        limited = status == 429 or any(words in text[:2000].lower() for words in _SECONDARY)
        return SECONDARY_PAUSE if limited else None


_budgets: dict[tuple[str, str], Budget] = {}
_guard = threading.Lock()
_MOST = 500


def budget_of(host: str, credential: str) -> Budget:
    """The budget of a credential, named by a digest, never by itself."""
    with _guard:
        if len(_budgets) > _MOST:  # installation tokens last an hour, and their budgets are not missed
            _budgets.clear()
        return _budgets.setdefault((host, credential), Budget(host))


def forget_budgets() -> None:
    """Begin anew, as a fresh process does."""
    with _guard:
        _budgets.clear()


def _told(headers: Mapping[str, str], what: str) -> float | None:
    found = headers.get(f"x-ratelimit-{what}")
    return _number(found if found is not None else headers.get(f"ratelimit-{what}"))


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
