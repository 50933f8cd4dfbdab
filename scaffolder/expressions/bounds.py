"""How much one rendering may do, and the meter that counts it."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from .errors import BoundsFault


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of one rendering. Work is counted, not timed, so the same template always ends the same way."""

    source: int = 10_000_000
    """Characters of the template."""
    output: int = 10_000_000
    """Characters of the result, and of any text made on the way."""
    items: int = 1_000_000
    """Elements of any list made on the way."""
    work: int = 1_000_000
    """Expressions evaluated and elements visited; about two seconds."""
    depth: int = 40
    """Macros that call macros, parentheses in parentheses, blocks in blocks."""


class Meter:
    """Counts down what a rendering has left; raises BoundsFault when there is no more."""

    __slots__ = ("bounds", "depth", "left", "written")

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.left = bounds.work
        self.written = 0
        self.depth = 0

    def spend(self, units: int = 1) -> None:
        """Take units of work; long results cost in proportion to their length."""
        self.left -= units
        if self.left < 0:
            raise BoundsFault(f"the template does more than {self.bounds.work} steps: loop over less")

    def text(self, length: float) -> None:
        """Refuse a text of this length before it is made, and charge for it."""
        if length > self.bounds.output:
            raise BoundsFault(
                f"the template makes a text of more than {self.bounds.output} characters: make less"
            )
        self.spend(int(length) >> 6)

    def items(self, length: float) -> None:
        """Refuse a list of this length before it is made, and charge for it."""
        if length > self.bounds.items:
            raise BoundsFault(
                f"the template makes a list of more than {self.bounds.items} elements: make less"
            )
        self.spend(int(length) >> 3)

    def write(self, length: int) -> None:
        """Count what goes into the result."""
        self.written += length
        if self.written > self.bounds.output:
            raise BoundsFault(f"the template writes more than {self.bounds.output} characters: write less")

    def enter(self) -> None:
        """One call deeper."""
        self.depth += 1
        if self.depth > self.bounds.depth:
            raise BoundsFault(
                f"the template calls itself more than {self.bounds.depth} levels deep: end the recursion"
            )

    def leave(self) -> None:
        """Back from a call."""
        self.depth -= 1


METER: Final[ContextVar[Meter]] = ContextVar("meter")
"""The meter of the rendering under way, for what has no meter handed to it."""
