"""The repository that a step on a host outside means, by name; and what inputs and effects of such steps share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from core.errors import InputError, NotFound, NotImplementedHere
from scaffolder.errors import CannotUndo
from scaffolder.expressions.filters.backstage import parsed_repo_url
from scaffolder.language import repository_hosts
from scaffolder.steps.port import Foreseen, Made, StepContext, text
from scaffolder.steps.publishing import REPOSITORY, repository_key
from scm.connections import GITHUB, GITLAB
from scm.port import ActingAs, CodeHost
from scm.registry import connection, hosts, publishing_host
from scm.values import RepositoryName

REPO_URL = text("The repository, as host and parts: github.com?owner=acme&repo=payments", minLength=1)

TOKEN = text(
    "A person's token: the step then acts as that person. Default: what the host is configured with."
)
_KINDS = {GITHUB: "GitHub", GITLAB: "GitLab"}
_SOON = (0.5, 1.0, 2.0)
"""Seconds after which what was just pushed is looked for again: GitHub tells of it a moment later."""

Hub = TypeVar("Hub", bound=CodeHost)


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


def place_in(given: dict[str, Any]) -> Place:
    """The place in `repoUrl`. InputError when it is not on a host that we know, or has no owner or name."""
    address = parsed_repo_url(given["repoUrl"], repository_hosts())
    if not address["owner"] or not address["repo"]:
        raise InputError(f"repoUrl {given['repoUrl']!r} has no owner or no repo: give host?owner=…&repo=…")
    return Place(address["host"], RepositoryName(address["owner"], address["repo"]))


@dataclass(frozen=True, slots=True)
class HostedPlace(Generic[Hub]):
    """A repository on a host that we can ask: what a step works on."""

    hub: Hub
    place: Place

    @property
    def name(self) -> RepositoryName:
        return self.place.name


def acting_host(name: str, token: str | None = None, *, kind: str = "") -> CodeHost:
    """The host to write to, asked with a step's `token` where it has one.

    InputError when the host takes no token, or is not of the `kind` that alone will do.
    """
    host, known = publishing_host(name), connection(name)
    if kind and (known is None or known.type != kind):
        raise InputError(
            f"repoUrl names {name!r}, which is not a {_KINDS[kind]}: use the action of that host"
        )
    if not token:
        return host
    if not isinstance(host, ActingAs):
        raise InputError(f"repoUrl names {name!r}, which takes no person's token: leave token out")
    return host.acting_with(token)


def host_of(made: Made, kind: str) -> CodeHost:
    """The host of an effect, asked as ourselves: nobody's token is kept. CannotUndo when it is gone."""
    try:
        return acting_host(made.details["host"], kind=kind)
    except (InputError, NotFound, NotImplementedHere) as error:
        raise CannotUndo(f"{made.kind} {made.key} stays: {error.message}") from error


def place_made(made: Made) -> Place:
    """The repository that an effect is in."""
    return Place(made.details["host"], RepositoryName.parse(made.details["repository"]))


def when_it_shows(ctx: StepContext, work: Callable[[], None]) -> None:
    """Do what needs a branch that was just pushed: again after a moment while the host says that it is not there."""
    for pause in _SOON:
        try:
            work()
        except NotFound:
            ctx.pause(pause)
        else:
            return
    work()


def foreseen(kind: str, key: str, **output: Any) -> Foreseen:
    """One effect."""
    return Foreseen(((kind, key),), output)


def proof(made: Made, name: str) -> Any:
    """A detail that only the proof has; None when what is there was made by nobody yet, as far as we know."""
    return made.details.get(name) if made.proved else None
