"""The catalog's permissions by the names of Backstage's contract (CATALOG.md 14)."""

from dataclasses import dataclass
from typing import Any

RESOURCE = "catalog-entity"
"""The type of resource that conditions judge."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What a route may ask for. `conditional` ones may be given for a part of the entities only."""

    name: str
    action: str = ""
    conditional: bool = False

    def document(self) -> dict[str, Any]:
        """As the contract's metadata shows it."""
        attributes = {"action": self.action} if self.action else {}
        kind = {"type": "resource"} if self.conditional else {"type": "basic"}
        resource = {"resourceType": RESOURCE} if self.conditional else {}
        return {**kind, "name": self.name, "attributes": attributes, **resource}


READ, DELETE, REFRESH = "catalog.entity.read", "catalog.entity.delete", "catalog.entity.refresh"

PERMISSIONS = (
    Permission("catalog.entities.unprocessed.read", "read"),
    Permission("catalog.entities.unprocessed.delete", "delete"),
    Permission(READ, "read", conditional=True),
    Permission("catalog.entity.create", "create"),
    Permission(DELETE, "delete", conditional=True),
    Permission(REFRESH, "update", conditional=True),
    Permission("catalog.entity.validate"),
    Permission("catalog.location.read", "read"),
    Permission("catalog.location.create", "create"),
    Permission("catalog.location.delete", "delete"),
    Permission("catalog.location.analyze"),
    Permission("catalog.ingestion.read", "read"),
    Permission("catalog.ingestion.manage", "update"),
)
CONDITIONAL = frozenset(permission.name for permission in PERMISSIONS if permission.conditional)
