"""GitHub's files: one by one, all of a ref, and as an archive."""

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from core.errors import Conflict, ExternalError, NotFound
from scm.archives import archive_for, export_archive
from scm.github.paths import of
from scm.github.repositories import Repositories
from scm.names import checked_path, checked_ref
from scm.values import FileContent, RepositoryName

_FILE = "100644", "100755", "120000"


class Files(Repositories):
    """Reading what repositories hold."""

    def fetch_file(self, name: RepositoryName, ref: str, path: str, *, etag: str = "") -> FileContent | None:
        """A 304 costs nothing of the credential's budget."""
        place, ref = checked_path("path", path), checked_ref("ref", ref)
        wanted = f"{of(name)}/contents/{quote(place)}"
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
            data = self.access.get(name.owner, f"{of(name)}/git/blobs/{data['sha']}").data
        return FileContent(base64.b64decode(data["content"]), answer.headers.get("etag", ""))

    def list_files(self, name: RepositoryName, ref: str) -> list[str]:
        return sorted(self._files(name, checked_ref("ref", ref), "", whole=True), key=str.encode)

    def export_tree(self, name: RepositoryName, ref: str, path: str, into: Path) -> None:
        place, ref = checked_path("path", path, empty=True), checked_ref("ref", ref)
        with archive_for(into) as archive:
            try:
                self.access.archive(name.owner, f"{of(name)}/tarball/{quote(ref, safe='')}", archive)
            except NotFound as error:
                raise self._missing(name, f"ref {ref!r} is not there in '{name}'") from error
            export_archive(archive, place, into, what=f"path {path!r} is not a folder at {ref!r} in '{name}'")

    def _files(self, name: RepositoryName, tree: str, below: str, *, whole: bool) -> Iterator[str]:
        """Files of a tree. GitHub cuts large ones off and says so: then it is asked folder by folder."""
        asked = {"recursive": "1"} if whole else {}
        try:
            found = self.access.get(name.owner, f"{of(name)}/git/trees/{quote(tree, safe='')}", asked).data
        except NotFound as error:
            raise self._missing(name, f"ref {tree!r} is not a branch, tag or commit of '{name}'") from error
        except Conflict as error:
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
