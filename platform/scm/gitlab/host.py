"""GitLab read through the port: projects, files, branches, groups."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.errors import ExternalError, NotFound
from scm.addresses import WebAddresses
from scm.archives import export_archive
from scm.connections import Connection
from scm.errors import RepositoryNotFound
from scm.gitlab.access import Access
from scm.names import checked_path, checked_ref
from scm.values import (
    Branch,
    ContentAddress,
    FileContent,
    Member,
    Organisation,
    Repository,
    RepositoryName,
    Team,
    Visibility,
)

BLOB_ID = "X-Gitlab-Blob-Id"


class GitLabHost:
    """Reading, Listing and Directory of one GitLab."""

    def __init__(self, connection: Connection) -> None:
        self.host = connection.name
        self.connection = connection
        self.addresses = WebAddresses(connection.url, "/-")
        self.access = Access(connection)

    def get_repository(self, name: RepositoryName) -> Repository:
        try:
            return self._repository(self.access.get(_of(name)))
        except NotFound as error:
            raise RepositoryNotFound(
                f"repository '{name}' is not on {self.host}, or our token may not see it"
            ) from error

    def repositories(self, owner: str) -> Iterator[Repository]:
        """The projects of a group and of all groups below it; those only shared with it are left out."""
        listed = self.access.pages(
            f"{_group(owner)}/projects",
            include_subgroups="true",
            with_shared="false",
            order_by="id",
            sort="asc",
        )
        return map(self._repository, listed)

    def organisation(self, owner: str) -> Organisation:
        """A group and its descendants as teams. GitLab shows addresses of people to administrators only."""
        root = self.access.get(_group(owner), with_projects="false")
        groups = [root, *self.access.pages(f"{_group(owner)}/descendant_groups")]
        people: dict[str, Member] = {}
        teams = []
        for group in groups:
            members = [
                one
                for one in self.access.pages(f"/groups/{group['id']}/members")
                if one.get("state", "active") == "active"
            ]
            people |= {one["username"]: _member(one) for one in members}
            teams.append(_team(group, tuple(one["username"] for one in members), top=group is root))
        return Organisation(tuple(teams), tuple(people.values()))

    def read_file(self, name: RepositoryName, ref: str, path: str) -> bytes:
        found = self.fetch_file(name, ref, path)
        if found is None:
            raise ExternalError(
                f"{self.host} says that {path!r} is unchanged, though nobody asked; try again"
            )
        return found.content

    def fetch_file(self, name: RepositoryName, ref: str, path: str, *, etag: str = "") -> FileContent | None:
        """The tag is the blob's id, which GitLab tells in the headers of a HEAD too."""
        place, ref = checked_path("path", path), checked_ref("ref", ref)
        wanted = f"{_of(name)}/repository/files/{quote(place, safe='')}"
        try:
            if etag and self.access.headers(wanted, ref=ref).get(BLOB_ID) == etag:
                return None
            content, headers = self.access.content(f"{wanted}/raw", ref=ref)
        except NotFound as error:
            raise self._missing(name, f"path {path!r} is not there at {ref!r} in '{name}'") from error
        return FileContent(content, headers.get(BLOB_ID, ""))

    def list_files(self, name: RepositoryName, ref: str) -> list[str]:
        listed = self.access.pages(
            f"{_of(name)}/repository/tree", ref=checked_ref("ref", ref), recursive="true", pagination="keyset"
        )
        try:
            return sorted((entry["path"] for entry in listed if entry["type"] == "blob"), key=str.encode)
        except NotFound as error:
            raise self._missing(name, f"ref {ref!r} is not a branch, tag or commit of '{name}'") from error

    def export_tree(self, name: RepositoryName, ref: str, path: str, into: Path) -> None:
        place, ref = checked_path("path", path, empty=True), checked_ref("ref", ref)
        try:
            archive, _ = self.access.content(f"{_of(name)}/repository/archive.tar.gz", sha=ref)
        except NotFound as error:
            raise self._missing(name, f"ref {ref!r} is not there in '{name}'") from error
        export_archive(archive, place, into, what=f"path {path!r} is not a folder at {ref!r} in '{name}'")

    def branches(self, name: RepositoryName) -> list[Branch]:
        try:
            listed = list(self.access.pages(f"{_of(name)}/repository/branches"))
        except NotFound as error:
            raise self._missing(name, f"'{name}' has no branches") from error
        return [Branch(one["name"], one["commit"]["id"]) for one in listed]

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
        """GitLab says 404 for a missing file and for a project that it does not show us alike."""
        try:
            self.get_repository(name)
        except RepositoryNotFound as error:
            return error
        return NotFound(f"{otherwise} on {self.host}")

    def _repository(self, data: dict[str, Any]) -> Repository:
        name = RepositoryName.parse(data["path_with_namespace"])
        visibility = Visibility(data.get("visibility") or Visibility.PRIVATE)
        return Repository(
            name=name,
            description=data.get("description") or "",
            default_branch=data.get("default_branch") or "",
            private=visibility is not Visibility.PUBLIC,
            web_url=self.web_url(name),
            clone_url=self.clone_url(name),
            id=str(data["id"]),
            visibility=visibility,
            archived=bool(data.get("archived")),
            fork=data.get("forked_from_project") is not None,
            topics=tuple(data.get("topics") or ()),
            pushed=data.get("last_activity_at") or "",
        )


def _member(data: dict[str, Any]) -> Member:
    return Member(
        login=data["username"],
        name=data.get("name") or "",
        email=data.get("email") or data.get("public_email") or "",
        picture=data.get("avatar_url") or "",
        web_url=data.get("web_url") or "",
    )


def _team(data: dict[str, Any], members: tuple[str, ...], *, top: bool) -> Team:
    path = data["full_path"]
    return Team(
        path=path,
        slug=data["path"],
        name=data.get("name") or data["path"],
        description=data.get("description") or "",
        parent="" if top else path.rpartition("/")[0],
        web_url=data.get("web_url") or "",
        members=members,
    )


def _of(name: RepositoryName) -> str:
    return f"/projects/{quote(str(name), safe='')}"


def _group(path: str) -> str:
    return f"/groups/{quote(path, safe='')}"
