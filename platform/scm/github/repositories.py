"""GitHub's repositories: what they are, their branches, who has which."""

from collections.abc import Iterator
from typing import Any

from core.errors import NotFound
from scm.connections import Connection
from scm.github.access import Access
from scm.github.paths import of, path
from scm.github.refusals import OURS
from scm.marks import unmarked
from scm.outside import OutsideHost
from scm.values import Branch, Repository, RepositoryName, Visibility


class Repositories(OutsideHost):
    """One GitHub, asked with one credential; what it can do beside this is in the classes built on it."""

    def __init__(self, connection: Connection, whose: str = OURS) -> None:
        super().__init__(connection, whose)
        self.access = Access(connection, whose)

    def get_repository(self, name: RepositoryName) -> Repository:
        try:
            found = self.access.get(name.owner, of(name))
        except NotFound as error:
            raise self._not_shown(name) from error
        return self._repository(found.data)

    def repositories(self, owner: str) -> Iterator[Repository]:
        """An organisation's, or those of a person's account."""
        sorting = {"type": "all", "sort": "full_name", "direction": "asc"}
        listed = self.access.pages(owner, path("orgs", owner, "repos"), sorting)
        try:
            first = next(listed, None)
        except NotFound:
            sorting["type"] = "owner"
            listed = self.access.pages(owner, path("users", owner, "repos"), sorting)
            first = next(listed, None)
        if first is not None:
            yield self._repository(first)
        for found in listed:
            yield self._repository(found)

    def branches(self, name: RepositoryName) -> list[Branch]:
        try:
            listed = list(self.access.pages(name.owner, of(name, "branches")))
        except NotFound as error:
            raise self._missing(name, f"'{name}' has no branches") from error
        return [Branch(one["name"], one["commit"]["sha"]) for one in listed]

    def _repository(self, data: dict[str, Any]) -> Repository:
        """GitHub's JSON of a repository as our value."""
        name = RepositoryName(data["owner"]["login"], data["name"])
        visibility = data.get("visibility") or ("private" if data["private"] else "public")
        description, made_by = unmarked(data.get("description") or "")
        return Repository(
            name=name,
            description=description,
            default_branch=data.get("default_branch") or "",
            private=bool(data["private"]),
            web_url=self.web_url(name),
            clone_url=self.clone_url(name),
            made_by=made_by,
            id=str(data["id"]),
            visibility=Visibility(visibility),
            archived=bool(data.get("archived")),
            fork=bool(data.get("fork")),
            topics=tuple(data.get("topics") or ()),
            pushed=data.get("pushed_at") or "",
        )
