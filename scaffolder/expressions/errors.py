"""What can be wrong with a template: its text, what it does while rendering, or how much it wants."""

from core.errors import InputError


class ExpressionError(InputError):
    """A template is wrong at a known place.

    The message begins with `Template error at line 1, column 5:` as the contract's engine says it, then
    names the part that is wrong. The way out is to mend the template at that place.
    """

    code = "expression"

    def __init__(self, reason: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(f"Template error at line {line}, column {column}: {reason}")
        self.reason = reason
        self.line = line
        self.column = column


class BoundsExceeded(ExpressionError):
    """A template wants more work, text or depth than it may have; the message names the bound.

    Unlike another ExpressionError it is never turned into the raw text of a value: a run that hits a bound
    fails.
    """

    code = "expression_bounds"


class Fault(Exception):
    """A reason without a place; the node that was at work adds the place. `at` overrides it."""

    def __init__(self, reason: str, at: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


class BoundsFault(Fault):
    """A Fault that ends as BoundsExceeded."""


def placed(fault: Fault, source: str, fallback: int = 0) -> ExpressionError:
    """The error that a person sees: the fault with line and column, both from 1."""
    at = fallback if fault.at is None else fault.at
    line = source.count("\n", 0, at) + 1
    column = at - (source.rfind("\n", 0, at) + 1) + 1
    kind = BoundsExceeded if isinstance(fault, BoundsFault) else ExpressionError
    return kind(fault.reason, line=line, column=column)
