"""The repository that a step on GitHub means, and who asks there: we, or the person whose token the step was given."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from core.errors import InputError
from scaffolder.errors import CannotUndo
from scaffolder.steps.places import REPO_URL, TOKEN, Place, foreseen, place_in, proof
from scaffolder.steps.port import Made
from scaffolder.steps.publishing import place_of
from scm.connections import GITHUB
from scm.registry import connection, publishing_host
from scm.values import RepositoryName

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


@dataclass(frozen=True, slots=True)
class Target:
    """A repository on a GitHub that we can ask."""

    hub: "GitHubHost"
    place: Place

    @property
    def name(self) -> RepositoryName:
        return self.place.name

    @property
    def access(self) -> "Access":
        return self.hub.access


def target(given: dict[str, Any]) -> Target:
    """The place in `repoUrl` on a GitHub that is configured, asked with the step's `token` where it has one."""
    place = place_in(given)
    hub = _hub(place.host)
    return Target(hub.acting_with(given["token"]) if given.get("token") else hub, place)


def target_of(made: Made) -> Target:
    """Where an effect is, asked as ourselves: nobody's token is kept. CannotUndo when the host is gone."""
    host, name = place_of(made)
    try:
        return Target(_hub(host.host), Place(host.host, name))
    except InputError as error:
        raise CannotUndo(f"{made.kind} {made.key} stays: {error.message}") from error


def entity_name(ref: str) -> str:
    """The name in an entity's reference, as which people and teams are known on GitHub: user:default/ana → ana."""
    return ref.rpartition("/")[2].rpartition(":")[2]


def _hub(host: str) -> "GitHubHost":
    found = publishing_host(host)
    known = connection(host)
    if known is None or known.type != GITHUB:
        raise InputError(f"repoUrl names {host!r}, which is not a GitHub: use the action of that host")
    return cast("GitHubHost", found)
