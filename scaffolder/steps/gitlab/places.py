"""The project or the instance that a step on GitLab means, and who asks there: we, or whose token the step was given."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from core.errors import InputError, NotFound
from scaffolder.expressions.filters.backstage import parsed_repo_url
from scaffolder.language import repository_hosts
from scaffolder.steps.places import HostedPlace, Place, acting_host, host_of, place_made
from scaffolder.steps.port import Made, StepContext, text
from scm.connections import GITLAB
from scm.gitlab.paths import of
from scm.values import RepositoryName

if TYPE_CHECKING:
    from scm.gitlab.access import Access
    from scm.gitlab.host import GitLabHost

T = TypeVar("T")
REPO_URL = text(
    "The project, as host and parts: gitlab.com?owner=acme/money&repo=payments. The owner is a group's full path.",
    minLength=1,
)
INSTANCE = text("The GitLab, by host: gitlab.com. Parts after a '?' are not looked at.", minLength=1)


class Target(HostedPlace["GitLabHost"]):
    """A project on a GitLab that we can ask."""

    __slots__ = ()

    @property
    def access(self) -> "Access":
        return self.hub.access


def place_named(given: dict[str, Any]) -> Place:
    """The place in `repoUrl`. InputError when it is not on a host that we know, or has no owner or name."""
    address = parsed_repo_url(given["repoUrl"], repository_hosts())
    project = address.get("project") or given.get("projectid") or ""
    if project and not (address["owner"] and address["repo"]):
        if "/" not in project:
            raise InputError(
                f"repoUrl has project={project!r}; give its full path, or owner and repo: owner=acme&repo=payments"
            )
        return Place(address["host"], RepositoryName.parse(project))
    return Place(address["host"], RepositoryName(address["owner"], address["repo"]))


def target(given: dict[str, Any]) -> Target:
    """The place in `repoUrl` on a GitLab that is configured, asked with the step's `token` where it has one."""
    place = place_named(given)
    return Target(_acting(place.host, given), place)


def target_of(made: Made) -> Target:
    """Where an effect is, asked as ourselves. CannotUndo when the host is gone."""
    return Target(hub_of(made), place_made(made))


def instance_named(given: dict[str, Any]) -> str:
    """The host in `repoUrl`, which may have nothing else."""
    return str(given["repoUrl"]).removeprefix("https://").partition("?")[0].strip("/")


def instance(given: dict[str, Any]) -> "GitLabHost":
    """The GitLab in `repoUrl`, asked with the step's `token` where it has one."""
    return _acting(instance_named(given), given)


def hub_of(made: Made) -> "GitLabHost":
    """The GitLab of an effect; CannotUndo when it is no longer configured."""
    return cast("GitLabHost", host_of(made, GITLAB))


def project_named(given: dict[str, Any]) -> str:
    """The project in `projectId`, as number or full path; without it the one in `repoUrl`."""
    wanted = given.get("projectId")
    if wanted is None:
        return str(place_named(given).name)
    if isinstance(wanted, float) and wanted.is_integer():
        wanted = int(wanted)
    return str(wanted)


def project_number(access: "Access", project: str) -> int:
    """GitLab's number of a project; NotFound names the way out."""
    try:
        return int(access.get(of(project))["id"])
    except NotFound as error:
        raise NotFound(
            f"projectId {project!r} is no project on {access.connection.name} that {access.whose} may see; "
            "give its number or its full path"
        ) from error


def found_before(ctx: StepContext, kind: str, key: str, what: str, look: Callable[[], T]) -> T:
    """What `look` found before the first attempt to make something, which was noted with it under `what`.

    A run that failed has no checkpoints any more; what it had made without being told so is nothing that was there before.
    """
    known = ctx.ledger.noted(kind, key) if ctx.ledger.proved(kind, key) is None else None
    return cast(T, known[what]) if known is not None and what in known else look()


def _acting(host: str, given: dict[str, Any]) -> "GitLabHost":
    return cast("GitLabHost", acting_host(host, given.get("token"), kind=GITLAB))
