"""What a fake GitHub tells of files: contents, blobs, trees, branches, archives."""

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from scm.fakes.github.facts import Facts
from scm.fakes.github.replies import conflicting, missing
from scm.fakes.objects import sha
from scm.fakes.server import Asked, Reply, paged
from scm.fakes.state import FakeRepository
from scm.git import git

if TYPE_CHECKING:
    from scm.fakes.github.server import FakeGitHub

_LARGE = 1024 * 1024


class Contents:
    """The reading side of repositories."""

    def __init__(self, fake: "FakeGitHub") -> None:
        self.fake = fake
        fake.within("GET", "/contents/(.+)", self._contents)
        fake.within("GET", r"/git/blobs/(\w+)", self._blob)
        fake.within("GET", "/git/trees/([^/]+)", self._tree)
        fake.within("GET", "/branches", self._branches)
        fake.within("GET", "/branches/([^/]+)", self._branch)
        fake.within("GET", "/commits/([0-9a-f]{40})", self._commit)
        fake.within("GET", "/tarball/([^/]+)", self._tarball)
        fake.route("GET", r"/codeload/([^/]+)/([^/]+)/(.+)", self._codeload)

    def _contents(self, asked: Asked, found: FakeRepository, _facts: Facts, path: str) -> Reply:
        files = found.files_at(asked.query.get("ref", "HEAD"))
        if files is None:
            return missing()
        inside = [one for one in files if one.startswith(f"{path}/")]
        if inside:
            return Reply(data=[self._entry(found, one, files[one]) for one in inside])
        if path not in files:
            return missing()
        content, tag = files[path], f'W/"{sha(files[path])}"'
        if asked.headers.get("if-none-match") == tag:
            return Reply(304, headers={"ETag": tag})
        large = len(content) > _LARGE
        document = self._entry(found, path, content) | {
            "encoding": "none" if large else "base64",
            "content": "" if large else base64.encodebytes(content).decode(),
        }
        return Reply(data=document, headers={"ETag": tag})

    def _entry(self, found: FakeRepository, path: str, content: bytes) -> dict[str, Any]:
        at, web = f"{self.fake.api}/repos/{found.full_name}", f"{self.fake.url}/{found.full_name}"
        own, blob, page = f"{at}/contents/{path}", f"{at}/git/blobs/{sha(content)}", f"{web}/blob/main/{path}"
        return {
            "type": "file",
            "name": path.rpartition("/")[2],
            "path": path,
            "sha": sha(content),
            "size": len(content),
            "url": own,
            "git_url": blob,
            "html_url": page,
            "download_url": None,
            "_links": {"self": own, "git": blob, "html": page},
        }

    def _blob(self, asked: Asked, found: FakeRepository, _facts: Facts, oid: str) -> Reply:
        for files in found.branches.values():
            for content in files.values():
                if sha(content) == oid:
                    coded = base64.b64encode(content).decode()
                    own = f"{self.fake.api}/repos/{found.full_name}/git/blobs/{oid}"
                    more = {"sha": oid, "size": len(content), "url": own, "node_id": f"B_{oid}"}
                    return Reply(data={"encoding": "base64", "content": coded, **more})
        return missing()

    def _tree(self, asked: Asked, found: FakeRepository, _facts: Facts, ref: str) -> Reply:
        if not found.heads:
            return conflicting("Git Repository is empty.")
        folder = ""
        files = found.files_at(ref)
        if files is None:
            files, folder = self._folder(found, ref)
        if files is None:
            return missing()
        below = {path[len(folder) :]: content for path, content in files.items() if path.startswith(folder)}
        whole = "recursive" in asked.query
        listed = [
            _blob_entry(path, content) for path, content in sorted(below.items()) if whole or "/" not in path
        ]
        if not whole:
            folders = sorted({path.split("/")[0] for path in below if "/" in path})
            listed += [
                {"path": one, "mode": "040000", "type": "tree", "sha": _folder_id(f"{folder}{one}/")}
                for one in folders
            ]
        most = self.fake.truncate_above
        own = f"{self.fake.api}/repos/{found.full_name}/git/trees/{ref}"
        return Reply(
            data={
                "sha": found.commit_at(ref) or ref,
                "url": own,
                "tree": listed[:most],
                "truncated": len(listed) > most,
            }
        )

    def _folder(self, found: FakeRepository, oid: str) -> tuple[dict[str, bytes] | None, str]:
        for files in found.branches.values():
            for path in files:
                for end in range(1, path.count("/") + 1):
                    folder = "/".join(path.split("/")[:end]) + "/"
                    if _folder_id(folder) == oid:
                        return files, folder
        return None, ""

    def _branches(self, asked: Asked, found: FakeRepository, facts: Facts) -> Reply:
        listed = [self._head(found, facts, name, commit) for name, commit in sorted(found.heads.items())]
        return paged(asked, listed, self.fake.url)

    def _branch(self, asked: Asked, found: FakeRepository, facts: Facts, name: str) -> Reply:
        commit = found.heads.get(name)
        if commit is None:
            return missing("Branch not found")
        return Reply(data=self._head(found, facts, name, commit))

    def _head(self, found: FakeRepository, facts: Facts, name: str, commit: str) -> dict[str, Any]:
        own = f"{self.fake.api}/repos/{found.full_name}/commits/{commit}"
        return {"name": name, "commit": {"sha": commit, "url": own}, "protected": name in facts.protection}

    def _commit(self, asked: Asked, found: FakeRepository, _facts: Facts, sha_: str) -> Reply:
        if found.commit_at(sha_) is None:
            return missing(f"No commit found for SHA: {sha_}")
        form = "%T%n%P%n%an%n%ae%n%aI%n%cn%n%ce%n%cI%n%B"
        said = git("show", "--no-patch", f"--format={form}", sha_, folder=found.bare.folder).decode()
        tree, parents, *people, message = said.split("\n", 8)
        at = f"{self.fake.api}/repos/{found.full_name}"
        roles = {
            role: dict(zip(("name", "email", "date"), people[start : start + 3], strict=True))
            for role, start in (("author", 0), ("committer", 3))
        }
        return Reply(
            data={
                "sha": sha_,
                "node_id": f"C_{sha_}",
                "url": f"{at}/commits/{sha_}",
                "html_url": f"{self.fake.url}/{found.full_name}/commit/{sha_}",
                "comments_url": f"{at}/commits/{sha_}/comments",
                "author": None,
                "committer": None,
                "commit": {
                    **roles,
                    "message": message.rstrip("\n"),
                    "tree": {"sha": tree, "url": f"{at}/git/trees/{tree}"},
                    "url": f"{at}/git/commits/{sha_}",
                    "comment_count": 0,
                },
                "parents": [
                    {"sha": one, "url": f"{at}/commits/{one}", "html_url": f"{self.fake.url}/{one}"}
                    for one in parents.split()
                ],
            }
        )

    def _tarball(self, asked: Asked, found: FakeRepository, _facts: Facts, ref: str) -> Reply:
        if found.files_at(ref) is None:
            return missing()
        return Reply(302, headers={"Location": f"{self.fake.url}/codeload/{found.full_name}/{ref}"})

    def _codeload(self, asked: Asked, owner: str, name: str, ref: str) -> Reply:
        found = self.fake.state.named(f"{unquote(owner)}/{unquote(name)}")
        return Reply(body=(found.archive(unquote(ref)) if found else None) or b"")


def _blob_entry(path: str, content: bytes) -> dict[str, Any]:
    return {"path": path, "mode": "100644", "type": "blob", "sha": sha(content), "size": len(content)}


def _folder_id(folder: str) -> str:
    return sha(folder.encode(), "tree")
