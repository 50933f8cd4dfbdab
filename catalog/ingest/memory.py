"""What a location remembers of each file that it read, so that the next reading passes over what is the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from catalog.refs import LocationRef


@dataclass(frozen=True, slots=True)
class Lead:
    """A Location entity in a file: what it names, and whether it may be missing."""

    ref: str
    optional: bool
    targets: tuple[tuple[str, LocationRef], ...]

    def document(self) -> list[Any]:
        """As JSON data."""
        return [self.ref, self.optional, [[kind, one.type, one.target] for kind, one in self.targets]]

    @classmethod
    def read(cls, document: list[Any]) -> Self:
        """The reverse of `document()`."""
        ref, optional, targets = document
        return cls(ref, optional, tuple((kind, LocationRef(*place)) for kind, *place in targets))


@dataclass(slots=True)
class Memory:
    """A file as it was read: its checksum, the tag of its server, and what reading it led to.

    `needs` are files that its placeholders name. `open` marks a file that is looked at again even when it is the
    same, since something in it was not taken.
    """

    sum: str
    etag: str = ""
    parent_ref: str = ""
    leads: list[Lead] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    open: bool = False

    def document(self) -> dict[str, Any]:
        """As JSON data, without what is empty."""
        told = {
            "sum": self.sum,
            "etag": self.etag,
            "parent": self.parent_ref,
            "leads": [lead.document() for lead in self.leads],
            "needs": self.needs,
            "open": self.open,
        }
        return {name: value for name, value in told.items() if value}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """The reverse of `document()`."""
        return cls(
            document["sum"],
            document.get("etag", ""),
            document.get("parent", ""),
            [Lead.read(lead) for lead in document.get("leads", ())],
            list(document.get("needs", ())),
            document.get("open", False),
        )
