"""Who may do what in a GitHub repository, and who looks at a pull request."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.errors import InputError, NotFound
from scm.github.paths import of, path
from scm.values import RepositoryName

if TYPE_CHECKING:
    from scm.github.access import Access

PERMISSIONS = ("pull", "triage", "push", "maintain", "admin")


def login(access: "Access", owner: str) -> str:
    """Who asks in that owner's repositories. CredentialRefused for an App, which is nobody."""
    return str(access.get(owner, "/user").data["login"])


def grant_person(access: "Access", name: RepositoryName, login: str, permission: str) -> None:
    """Let somebody in; who has no part in the organisation is invited. Again is free."""
    try:
        access.put(name.owner, of(name, "collaborators", login), {"permission": permission})
    except NotFound as error:
        raise NotFound(
            f"collaborators: there is no user {login!r} on {access.connection.name}, or {access.whose} may let nobody in"
        ) from error


def grant_team(access: "Access", name: RepositoryName, slug: str, permission: str) -> None:
    """Let a team of the repository's organisation in. Again is free."""
    place = path("orgs", name.owner, "teams", slug, "repos", name.owner, name.name)
    try:
        access.put(name.owner, place, {"permission": permission})
    except NotFound as error:
        raise NotFound(
            f"collaborators: there is no team {slug!r} in {name.owner!r}, or {access.whose} may not let it in"
        ) from error


def request_reviews(
    access: "Access", name: RepositoryName, number: int, people: Sequence[str], teams: Sequence[str]
) -> None:
    """Ask people and teams to look at a pull request. Again is free."""
    wanted = {"reviewers": list(people), "team_reviewers": list(teams)}
    access.post(name.owner, of(name, "pulls", number, "requested_reviewers"), wanted)


def assign(access: "Access", name: RepositoryName, number: int, people: Sequence[str]) -> None:
    """Give an issue or a pull request to people. Again is free."""
    access.post(name.owner, of(name, "issues", number, "assignees"), {"assignees": list(people)})


def person_id(access: "Access", owner: str, login: str) -> int:
    """GitHub's number of a person."""
    try:
        return int(access.get(owner, path("users", login)).data["id"])
    except NotFound as error:
        raise InputError(f"reviewers: there is no user {login!r} on {access.connection.name}") from error


def team_id(access: "Access", owner: str, slug: str) -> int:
    """GitHub's number of a team."""
    try:
        return int(access.get(owner, path("orgs", owner, "teams", slug)).data["id"])
    except NotFound as error:
        raise InputError(
            f"reviewers: there is no team {slug!r} in {owner!r} on {access.connection.name}"
        ) from error
