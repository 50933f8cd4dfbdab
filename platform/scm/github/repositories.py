"""GitHub's repositories: what they are, where people look at them, who has which."""

from collections.abc import Iterator
from typing import Any

from core.errors import NotFound
from scm.addresses import WebAddresses
from scm.connections import Connection
from scm.errors import RepositoryNotFound
from scm.github.access import Access
from scm.github.paths import of, path
from scm.github.refusals import OURS
from scm.marks import unmarked
from scm.values import Branch, ContentAddress, Repository, RepositoryName, Visibility


class Repositories:
    """One GitHub, asked with one credential; what it can do beside this is in the classes built on it."""

    def __init__(self, connection: Connection, whose: str = OURS) -> None:
        self.host = connection.name
        self.connection = connection
        self.addresses = WebAddresses(connection.url)
        self.access = Access(connection, whose)

    def get_repository(self, name: RepositoryName) -> Repository:
        try:
            found = self.access.get(name.owner, of(name))
        except NotFound as error:
            raise RepositoryNotFound(
                f"repository '{name}' is not on {self.host}, or {self.access.whose} may not see it"
            ) from error
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

    def _missing(self, name: RepositoryName, otherwise: str) -> NotFound:
        """GitHub says 404 for a missing thing and for a repository that it does not show us alike."""
        try:
            self.get_repository(name)
        except RepositoryNotFound as error:
            return error
        return NotFound(f"{otherwise} on {self.host}")

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
