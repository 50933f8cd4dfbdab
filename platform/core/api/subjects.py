"""Who asks: the subject of a request, with the scopes that it was given."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal


@dataclass(frozen=True)
class Subject:
    """A person or a service. `scopes` are permission names or patterns (`catalog.*`); `entity_ref` is the User
    entity that it acts for, when there is one."""

    kind: Literal["person", "service"]
    ref: str
    scopes: frozenset[str] = field(default_factory=frozenset)
    entity_ref: str | None = None
    is_authenticated: bool = True  # what Django REST framework asks of a user

    def may(self, permission: str) -> bool:
        """Whether some scope covers the permission. Nothing is allowed that no scope names."""
        return any(fnmatchcase(permission, scope) for scope in self.scopes)


@dataclass(frozen=True)
class System:
    """One of our own processes, as the actor of what it does by itself."""

    ref: str
