"""GitLab's projects as repositories: one, and those of a group."""

from collections.abc import Iterator
from typing import Any

from core.errors import NotFound
from scm.connections import Connection
from scm.gitlab.access import Access
from scm.gitlab.paths import group, of
from scm.gitlab.refusals import OURS
from scm.marks import unmarked
from scm.outside import OutsideHost
from scm.values import Repository, RepositoryName, Visibility

MARKED = "marked_for_deletion_on"


class Projects(OutsideHost):
    """What the rest stands on: a project's facts."""

    MARKER = "/-"

    def __init__(self, connection: Connection, whose: str = OURS) -> None:
        super().__init__(connection, whose)
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
