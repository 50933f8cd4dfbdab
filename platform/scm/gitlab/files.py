"""GitLab's files, trees and branches."""

from pathlib import Path

from core.errors import NotFound
from scm.archives import archive_for, export_archive
from scm.gitlab.paths import of
from scm.gitlab.projects import Projects
from scm.names import checked_branch, checked_path, checked_ref
from scm.values import Branch, FileContent, RepositoryName

BLOB_ID = "X-Gitlab-Blob-Id"


class Files(Projects):
    """What a project holds, at a branch, tag or commit."""

    def fetch_file(self, name: RepositoryName, ref: str, path: str, *, etag: str = "") -> FileContent | None:
        """The tag is the blob's id, which GitLab tells in the headers of a HEAD too."""
        place, ref = checked_path("path", path), checked_ref("ref", ref)
        wanted = of(name, "repository", "files", place)
        try:
            if etag and self.access.headers(wanted, ref=ref).get(BLOB_ID) == etag:
                return None
            content, headers = self.access.content(f"{wanted}/raw", ref=ref)
        except NotFound as error:
            raise self._missing(name, f"path {path!r} is not there at {ref!r} in '{name}'") from error
        return FileContent(content, headers.get(BLOB_ID, ""))

    def list_files(self, name: RepositoryName, ref: str) -> list[str]:
        listed = self.access.pages(
            of(name, "repository", "tree"), ref=checked_ref("ref", ref), recursive="true", pagination="keyset"
        )
        try:
            return sorted((entry["path"] for entry in listed if entry["type"] == "blob"), key=str.encode)
        except NotFound as error:
            raise self._missing(name, f"ref {ref!r} is not a branch, tag or commit of '{name}'") from error

    def export_tree(self, name: RepositoryName, ref: str, path: str, into: Path) -> None:
        place, ref = checked_path("path", path, empty=True), checked_ref("ref", ref)
        with archive_for(into) as archive:
            try:
                self.access.archive(of(name, "repository", "archive.tar.gz"), archive, sha=ref)
            except NotFound as error:
                raise self._missing(name, f"ref {ref!r} is not there in '{name}'") from error
            export_archive(archive, place, into, what=f"path {path!r} is not a folder at {ref!r} in '{name}'")

    def branches(self, name: RepositoryName) -> list[Branch]:
        try:
            listed = list(self.access.pages(of(name, "repository", "branches")))
        except NotFound as error:
            raise self._missing(name, f"'{name}' has no branches") from error
        return [Branch(one["name"], one["commit"]["id"]) for one in listed]

    def has_branch(self, name: RepositoryName, branch: str) -> bool:
        """Whether there is such a branch; False for a project that is not shown to us too."""
        try:
            self.access.get(of(name, "repository", "branches", branch))
        except NotFound:
            return False
        return True

    def have_branch(self, name: RepositoryName, branch: str, ref: str) -> None:
        """Make a branch at a ref, unless it is there."""
        checked_branch("branch", branch)
        if not self.has_branch(name, branch):
            self.access.post(of(name, "repository", "branches"), {"branch": branch, "ref": ref})
