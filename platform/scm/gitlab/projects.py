"""GitLab's projects as repositories: one, those of a group, where people look at them."""

from collections.abc import Iterator
from typing import Any

from core.errors import NotFound
from scm.addresses import WebAddresses
from scm.connections import Connection
from scm.errors import RepositoryNotFound
from scm.gitlab.access import Access
from scm.gitlab.paths import group, of
from scm.gitlab.refusals import OURS
from scm.marks import unmarked
from scm.values import ContentAddress, Repository, RepositoryName, Visibility

MARKED = "marked_for_deletion_on"


class Projects:
    """What the rest stands on: a project's facts and addresses."""

    def __init__(self, connection: Connection, whose: str = OURS) -> None:
        self.host = connection.name
        self.connection = connection
        self.addresses = WebAddresses(connection.url, "/-")
        self.access = Access(connection, whose)

    def get_repository(self, name: RepositoryName) -> Repository:
        """A project that waits for its deletion is not there any more."""
        try:
            found = self.access.get(of(name))
        except NotFound as error:
            raise self._not_shown(name) from error
        if found.get(MARKED):
            raise self._not_shown(name)
        return self._repository(found)

    def repositories(self, owner: str) -> Iterator[Repository]:
        """The projects of a group and of all groups below it; those only shared with it are left out."""
        listed = self.access.pages(
            group(owner, "projects"),
            include_subgroups="true",
            with_shared="false",
            order_by="id",
            sort="asc",
        )
        return (self._repository(one) for one in listed if not one.get(MARKED))

    def web_url(self, name: RepositoryName) -> str:
        return self.addresses.repository(name)

    def clone_url(self, name: RepositoryName) -> str:
        return self.addresses.clone(name)

    def contents_url(self, name: RepositoryName, branch: str, path: str = "") -> str:
        return self.addresses.contents(name, branch, path)

    def folder_url(self, name: RepositoryName, ref: str, path: str) -> str:
        return self.addresses.folder(name, ref, path)

    def edit_url(self, name: RepositoryName, branch: str, path: str) -> str:
        return self.addresses.edit(name, branch, path)

    def resolve(self, url: str) -> ContentAddress | None:
        return self.addresses.resolve(url)

    def _not_shown(self, name: RepositoryName) -> RepositoryNotFound:
        return RepositoryNotFound(
            f"repository '{name}' is not on {self.host}, or {self.access.whose} may not see it"
        )

    def _missing(self, name: RepositoryName, otherwise: str) -> NotFound:
        """GitLab says 404 for a missing thing and for a project that it does not show us alike."""
        try:
            self.get_repository(name)
        except RepositoryNotFound as error:
            return error
        return NotFound(f"{otherwise} on {self.host}")

    def _repository(self, data: dict[str, Any]) -> Repository:
        name = RepositoryName.parse(data["path_with_namespace"])
        visibility = Visibility(data.get("visibility") or Visibility.PRIVATE)
        description, made_by = unmarked(data.get("description") or "")
        return Repository(
            name=name,
            description=description,
            default_branch=data.get("default_branch") or "",
            private=visibility is not Visibility.PUBLIC,
            web_url=self.web_url(name),
            clone_url=self.clone_url(name),
            made_by=made_by,
            id=str(data["id"]),
            visibility=visibility,
            archived=bool(data.get("archived")),
            fork=data.get("forked_from_project") is not None,
            topics=tuple(data.get("topics") or ()),
            pushed=data.get("last_activity_at") or "",
        )
