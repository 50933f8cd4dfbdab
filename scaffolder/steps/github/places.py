"""The repository that a step on GitHub means, and who asks there: we, or the person whose token the step was given."""

from typing import TYPE_CHECKING, Any, cast

from scaffolder.steps.places import (
    REPO_URL,
    TOKEN,
    HostedPlace,
    Place,
    acting_host,
    foreseen,
    host_of,
    place_in,
    place_made,
    proof,
)
from scaffolder.steps.port import Made
from scm.connections import GITHUB

if TYPE_CHECKING:
    from scm.github.access import Access
    from scm.github.host import GitHubHost

__all__ = [
    "REPO_URL",
    "TOKEN",
    "Place",
    "Target",
    "entity_name",
    "foreseen",
    "place_in",
    "proof",
    "target",
    "target_of",
]


class Target(HostedPlace["GitHubHost"]):
    """A repository on a GitHub that we can ask."""

    __slots__ = ()

    @property
    def access(self) -> "Access":
        return self.hub.access


def target(given: dict[str, Any]) -> Target:
    """The place in `repoUrl` on a GitHub that is configured, asked with the step's `token` where it has one."""
    place = place_in(given)
    return Target(cast("GitHubHost", acting_host(place.host, given.get("token"), kind=GITHUB)), place)


def target_of(made: Made) -> Target:
    """Where an effect is, asked as ourselves. CannotUndo when the host is gone."""
    return Target(cast("GitHubHost", host_of(made, GITHUB)), place_made(made))


def entity_name(ref: str) -> str:
    """The name in an entity's reference, as which people and teams are known on GitHub: user:default/ana → ana."""
    return ref.rpartition("/")[2].rpartition(":")[2]
