"""What only a GitHub repository is: seen inside an enterprise, watched, with properties and claims of its own."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scm.github.paths import of
from scm.values import RepositoryName, Visibility

if TYPE_CHECKING:
    from scm.github.access import Access


def set_visibility(access: "Access", name: RepositoryName, visibility: Visibility) -> None:
    """Private, public, or internal to the organisation's enterprise."""
    access.patch(name.owner, of(name), {"visibility": visibility.value})


def set_properties(
    access: "Access", name: RepositoryName, properties: Mapping[str, str | Sequence[str]]
) -> None:
    """Give values to the custom properties that the organisation has defined."""
    values = [
        {"property_name": key, "value": value if isinstance(value, str) else list(value)}
        for key, value in properties.items()
    ]
    access.patch(name.owner, of(name, "properties", "values"), {"properties": values})


def set_oidc_claims(access: "Access", name: RepositoryName, *, default: bool, claims: Sequence[str]) -> None:
    """Which claims stand in the subject of the OpenID Connect tokens that workflows get."""
    wanted: dict[str, Any] = {"use_default": default}
    wanted |= {} if default else {"include_claim_keys": list(claims)}
    access.put(name.owner, of(name, "actions", "oidc", "customization", "sub"), wanted)


def set_workflow_access(access: "Access", name: RepositoryName, level: str) -> None:
    """Who outside of the repository may use its workflows: none, organization or user."""
    access.put(name.owner, of(name, "actions", "permissions", "access"), {"access_level": level})


def subscribe(access: "Access", name: RepositoryName) -> None:
    """Watch the repository as the credential's person."""
    access.put(name.owner, of(name, "subscription"), {"subscribed": True, "ignored": False})
