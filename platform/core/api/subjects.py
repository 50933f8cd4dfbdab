"""Who asks: the subject of a request, with the scopes that it was given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal


@dataclass(frozen=True)
class Subject:
    """A person or a service. `scopes` are permission names or patterns (`catalog.*`); `entity_ref` is the User
    entity that it acts for, when there is one. `conditions` limit a permission, by its name, to what fulfils
    criteria, which the app of that permission reads."""

    kind: Literal["person", "service"]
    ref: str
    scopes: frozenset[str] = field(default_factory=frozenset)
    entity_ref: str | None = None
    conditions: Mapping[str, Any] = field(default_factory=dict, hash=False)
    is_authenticated: bool = True  # what Django REST framework asks of a user

    def may(self, permission: str) -> bool:
        """Whether some scope covers the permission. Nothing is allowed that no scope names."""
        return permission in self.scopes or any(fnmatchcase(permission, scope) for scope in self.scopes)

    def frozen(self) -> dict[str, Any]:
        """As JSON, for work that is done later on their behalf with what they might do now."""
        return {
            "kind": self.kind,
            "ref": self.ref,
            "scopes": sorted(self.scopes),
            "entity_ref": self.entity_ref,
            "conditions": dict(self.conditions),
        }

    @classmethod
    def thawed(cls, frozen: Mapping[str, Any]) -> "Subject":
        """Back from `frozen`."""
        return cls(**{**frozen, "scopes": frozenset(frozen["scopes"])})

    def is_limited(self, permission: str) -> bool:
        """Whether the permission, where it is given, holds for a part of the things only."""
        return permission in self.conditions


@dataclass(frozen=True)
class System:
    """One of our own processes, as the actor of what it does by itself."""

    ref: str
