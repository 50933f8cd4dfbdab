"""GitHub read through the port: repositories, files, branches, organisations."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.errors import ExternalError, NotFound
from scm.addresses import WebAddresses
from scm.archives import export_archive
from scm.connections import Connection
from scm.errors import RepositoryNotFound
from scm.github.access import Access
from scm.github.directory import read_organisation
from scm.names import checked_path, checked_ref
from scm.values import (
    Branch,
    ContentAddress,
    FileContent,
    Organisation,
    Repository,
    RepositoryName,
    Visibility,
)

_FILE = "100644", "100755", "120000"


class GitHubHost:
    """Reading, Listing and Directory of one GitHub."""

    def __init__(self, connection: Connection) -> None:
        self.host = connection.name
        self.connection = connection
        self.addresses = WebAddresses(connection.url)
        self.access = Access(connection)

    def get_repository(self, name: RepositoryName) -> Repository:
        try:
            found = self.access.get(name.owner, _of(name))
        except NotFound as error:
            raise RepositoryNotFound(
                f"repository '{name}' is not on {self.host}, or our credential may not see it"
            ) from error
        return self._repository(found.data)

    def repositories(self, owner: str) -> Iterator[Repository]:
        """An organisation's, or those of a person's account."""
        sorting = {"type": "all", "sort": "full_name", "direction": "asc"}
        listed = self.access.pages(owner, f"/orgs/{quote(owner, safe='')}/repos", sorting)
        try:
            first = next(listed, None)
        except NotFound:
            sorting["type"] = "owner"
            listed = self.access.pages(owner, f"/users/{quote(owner, safe='')}/repos", sorting)
            first = next(listed, None)
        if first is not None:
            yield self._repository(first)
        for found in listed:
            yield self._repository(found)

    def organisation(self, owner: str) -> Organisation:
        return read_organisation(self.access, owner)

    def read_file(self, name: RepositoryName, ref: str, path: str) -> bytes:
        found = self.fetch_file(name, ref, path)
        if found is None:
            raise ExternalError(
                f"{self.host} says that {path!r} is unchanged, though nobody asked; try again"
            )
        return found.content

    def fetch_file(self, name: RepositoryName, ref: str, path: str, *, etag: str = "") -> FileContent | None:
        """A 304 costs nothing of the credential's budget."""
        place, ref = checked_path("path", path), checked_ref("ref", ref)
        wanted = f"{_of(name)}/contents/{quote(place)}"
        headers = {"Accept": "application/vnd.github+json", **({"If-None-Match": etag} if etag else {})}
        try:
            answer = self.access.get(name.owner, wanted, {"ref": ref}, headers)
        except NotFound as error:
            raise self._missing(name, f"path {path!r} is not there at {ref!r} in '{name}'") from error
        if answer.status == 304:
            return None
        data = answer.data
        if not isinstance(data, dict) or data.get("type") not in {"file", "symlink"}:
            raise NotFound(f"path {path!r} is not a file at {ref!r} in '{name}'")
        if data.get("encoding") != "base64":  # over 1 MB the content is left out, and the blob has it
            data = self.access.get(name.owner, f"{_of(name)}/git/blobs/{data['sha']}").data
        return FileContent(base64.b64decode(data["content"]), answer.headers.get("etag", ""))

    def list_files(self, name: RepositoryName, ref: str) -> list[str]:
        return sorted(self._files(name, checked_ref("ref", ref), "", whole=True), key=str.encode)

    def export_tree(self, name: RepositoryName, ref: str, path: str, into: Path) -> None:
        place, ref = checked_path("path", path, empty=True), checked_ref("ref", ref)
        try:
            archive = self.access.archive(name.owner, f"{_of(name)}/tarball/{quote(ref, safe='')}")
        except NotFound as error:
            raise self._missing(name, f"ref {ref!r} is not there in '{name}'") from error
        export_archive(archive, place, into, what=f"path {path!r} is not a folder at {ref!r} in '{name}'")

    def branches(self, name: RepositoryName) -> list[Branch]:
        try:
            listed = list(self.access.pages(name.owner, f"{_of(name)}/branches"))
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

    def _files(self, name: RepositoryName, tree: str, below: str, *, whole: bool) -> Iterator[str]:
        """Files of a tree. GitHub cuts large ones off and says so: then it is asked folder by folder."""
        asked = {"recursive": "1"} if whole else {}
        try:
            found = self.access.get(name.owner, f"{_of(name)}/git/trees/{quote(tree, safe='')}", asked).data
        except NotFound as error:
            raise self._missing(name, f"ref {tree!r} is not a branch, tag or commit of '{name}'") from error
        except ExternalError as error:
            if "empty" not in error.message:
                raise
            raise NotFound(f"ref {tree!r} is not there: '{name}' is empty") from error
        if found.get("truncated") and not whole:
            raise ExternalError(f"{self.host} does not tell all files of {below!r} in '{name}'")
        if found.get("truncated"):
            yield from self._files(name, tree, below, whole=False)
            return
        for entry in found["tree"]:
            path = f"{below}{entry['path']}"
            if entry["type"] == "blob" and entry["mode"] in _FILE:
                yield path
            elif entry["type"] == "tree" and not whole:
                yield from self._files(name, entry["sha"], f"{path}/", whole=True)

    def _missing(self, name: RepositoryName, otherwise: str) -> NotFound:
        """GitHub says 404 for a missing file and for a repository that it does not show us alike."""
        try:
            self.get_repository(name)
        except RepositoryNotFound as error:
            return error
        return NotFound(f"{otherwise} on {self.host}")

    def _repository(self, data: dict[str, Any]) -> Repository:
        name = RepositoryName(data["owner"]["login"], data["name"])
        visibility = data.get("visibility") or ("private" if data["private"] else "public")
        return Repository(
            name=name,
            description=data.get("description") or "",
            default_branch=data.get("default_branch") or "",
            private=bool(data["private"]),
            web_url=self.web_url(name),
            clone_url=self.clone_url(name),
            id=str(data["id"]),
            visibility=Visibility(visibility),
            archived=bool(data.get("archived")),
            fork=bool(data.get("fork")),
            topics=tuple(data.get("topics") or ()),
            pushed=data.get("pushed_at") or "",
        )


def _of(name: RepositoryName) -> str:
    return f"/repos/{quote(name.owner, safe='')}/{quote(name.name, safe='')}"
