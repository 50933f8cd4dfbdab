"""Why an entity or a location was not taken, in the words and the shape that Backstage uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from core.errors import InputError


def storable(text: str) -> str:
    """The text without what PostgreSQL and JSON cannot hold: NUL characters and half surrogate pairs."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class Problem:
    """One serialised error: its name, its text, and what caused it.

    The shape `{"name", "message", "cause"?}` is what the contract shows in `status.items[].error` and
    in the answer of `POST /validate-entity` (CATALOG.md 1.1 and 4).
    """

    name: str
    message: str
    cause: "Problem | None" = None

    @classmethod
    def caused(cls, name: str, text: str, cause: "Problem") -> "Problem":
        """A problem that wraps another; its message carries the inner one as Backstage writes it."""
        return cls(name, f"{text}; caused by {cause}", cause)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Problem":
        """The reverse of `document()`."""
        cause = document.get("cause")
        return cls(document["name"], document["message"], cls.read(cause) if cause else None)

    def document(self) -> dict[str, Any]:
        """The problem as JSON data."""
        shown: dict[str, Any] = {"name": self.name, "message": storable(self.message)}
        if self.cause is not None:
            shown["cause"] = self.cause.document()
        return shown

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


class Refused(InputError):
    """An entity or location was looked at and not taken. Way out: mend what `problem` names, then refresh."""

    code = "entity_refused"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem

    @classmethod
    def because(cls, name: str, message: str) -> Self:
        """Refuse for a reason that has no cause of its own."""
        return cls(Problem(name, message))
