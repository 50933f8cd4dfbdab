"""The repository that a step on GitHub means, and who asks there: we, or the person whose token the step was given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from core.errors import InputError
from scaffolder.errors import CannotUndo
from scaffolder.expressions.filters.backstage import parsed_repo_url
from scaffolder.language import repository_hosts
from scaffolder.steps.port import Foreseen, Made, StepContext, text
from scaffolder.steps.publishing import REPOSITORY, place_of, repository_key
from scm.connections import GITHUB
from scm.registry import connection, hosts, publishing_host
from scm.values import RepositoryName

if TYPE_CHECKING:
    from scm.github.access import Access
    from scm.github.host import GitHubHost

REPO_URL = text("The repository, as host and parts: github.com?owner=acme&repo=payments", minLength=1)
TOKEN = text(
    "A person's token: the step then acts as that person. Default: what the host is configured with."
)


@dataclass(frozen=True, slots=True)
class Place:
    """A repository by the name of its host; nobody is asked whether it is there."""

    host: str
    name: RepositoryName

    def key(self, thing: str) -> str:
        """What the ledger calls something in the repository."""
        return f"{repository_key(self.host, self.name)}:{thing}"

    def intend(self, ctx: StepContext, kind: str, key: str, **details: Any) -> None:
        """Note that something is about to be made here, with what finding it again takes."""
        ctx.ledger.intend(kind, key, host=self.host, repository=str(self.name), **details)

    def begin(
        self, ctx: StepContext, kind: str, key: str, look: Callable[[], dict[str, Any]]
    ) -> Mapping[str, Any]:
        """Note that something is about to be made, with what was found there; what an attempt before found stays true."""
        known = ctx.ledger.noted(kind, key)
        if known is None:
            known = look()
            self.intend(ctx, kind, key, **known)
        return known

    def is_ours(self, ctx: StepContext) -> bool:
        """Whether this run made the repository, so that whatever is in it goes with it."""
        return ctx.ledger.proved(REPOSITORY, repository_key(self.host, self.name)) is not None

    @property
    def web_url(self) -> str:
        """Where people look at it; a guess while the host is not configured."""
        known = hosts().get(self.host)
        return known.web_url(self.name) if known else f"https://{self.host}/{self.name}"


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


def place_named(given: dict[str, Any]) -> Place:
    """The place in `repoUrl`. InputError when it is not on a host that we know, or has no owner or name."""
    address = parsed_repo_url(given["repoUrl"], repository_hosts())
    return Place(address["host"], RepositoryName(address["owner"], address["repo"]))


def target(given: dict[str, Any]) -> Target:
    """The place in `repoUrl` on a GitHub that is configured, asked with the step's `token` where it has one."""
    place = place_named(given)
    hub = _hub(place.host)
    return Target(hub.acting_with(given["token"]) if given.get("token") else hub, place)


def target_of(made: Made) -> Target:
    """Where an effect is, asked as ourselves: nobody's token is kept. CannotUndo when the host is gone."""
    host, name = place_of(made)
    try:
        return Target(_hub(host.host), Place(host.host, name))
    except InputError as error:
        raise CannotUndo(f"{made.kind} {made.key} stays: {error.message}") from error


def foreseen(kind: str, key: str, **output: Any) -> Foreseen:
    """One effect."""
    return Foreseen(((kind, key),), output)


def proof(made: Made, name: str) -> Any:
    """A detail that only the proof has; None when what is there was made by nobody yet, as far as we know."""
    return made.details.get(name) if made.proved else None


def entity_name(ref: str) -> str:
    """The name in an entity's reference, as which people and teams are known on GitHub: user:default/ana → ana."""
    return ref.rpartition("/")[2].rpartition(":")[2]


def _hub(host: str) -> "GitHubHost":
    found = publishing_host(host)
    known = connection(host)
    if known is None or known.type != GITHUB:
        raise InputError(f"repoUrl names {host!r}, which is not a GitHub: use the action of that host")
    return cast("GitHubHost", found)
