"""A GitHub in memory: the reading side of its REST API, GraphQL for people and teams, Apps, ETags and limits.

Answers have the form of docs.github.com/rest. It stands in for what no emulator in reach has; the same contract suite
runs against `emulate` too, so that this is not only our own opinion of GitHub.
"""

import base64
import time
from typing import Any
from urllib.parse import unquote

import jwt

from scm.fakes.git import GitDoor, refused
from scm.fakes.server import Asked, FakeServer, Reply, paged
from scm.fakes.state import FakeRepository, State, sha

API = "/api/v3"
_LARGE = 1024 * 1024
_REPOSITORY = rf"{API}/repos/([^/]+)/([^/]+)"


class FakeGitHub(FakeServer):
    """`url` is its web address, `api` that of its API; `tokens` are let in, nobody else."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State()
        self.tokens = {"ghp_fake": "everything"}
        self.apps: dict[str, str] = {}
        """App id → PEM of its public key."""
        self.installations: dict[int, str] = {}
        self.limit, self.used = 5000, 0
        self.truncate_above = 100_000
        for pattern, handler in (
            (rf"{API}/orgs/([^/]+)/repos", self._listed),
            (_REPOSITORY, self._repository),
            (rf"{_REPOSITORY}/contents/(.+)", self._contents),
            (rf"{_REPOSITORY}/git/blobs/(\w+)", self._blob),
            (rf"{_REPOSITORY}/git/trees/([^/]+)", self._tree),
            (rf"{_REPOSITORY}/branches", self._branches),
            (rf"{_REPOSITORY}/tarball/([^/]+)", self._tarball),
            (r"/codeload/([^/]+)/([^/]+)/(.+)", self._codeload),
            (rf"{API}/app/installations", self._installed),
        ):
            self.route("GET", pattern, handler)
        self.route("POST", rf"{API}/app/installations/(\d+)/access_tokens", self._token)
        self.route("POST", "/api/graphql", self._graphql)
        GitDoor(self, self.state, self._git_refusal)

    @property
    def api(self) -> str:
        return f"{self.url}{API}"

    def before(self, asked: Asked) -> Reply | None:
        if asked.path.startswith("/codeload/"):
            return (
                Reply(400, {"message": "a token at the archives' host"})
                if "authorization" in asked.headers
                else None
            )
        secret = asked.headers.get("authorization", "").partition(" ")[2]
        if secret in self.tokens or self._app(secret):
            return None
        return Reply(401, {"message": "Bad credentials", "status": "401"})

    def after(self, asked: Asked, reply: Reply) -> None:
        if reply.status != 304:
            self.used += 1
        left = max(self.limit - self.used, 0)
        told = {"Limit": self.limit, "Remaining": left, "Reset": int(time.time()) + 600, "Resource": "core"}
        for name, value in told.items():
            reply.headers.setdefault(f"X-RateLimit-{name}", str(value))

    def _app(self, secret: str) -> bool:
        for app_id, key in self.apps.items():
            try:
                jwt.decode(secret, key, algorithms=["RS256"], issuer=app_id)
            except jwt.PyJWTError:
                continue
            return True
        return False

    def _git_refusal(self, secret: str, found: FakeRepository | None, writing: bool) -> Reply | None:
        if secret not in self.tokens:
            return refused(401, "Invalid username or token. Password authentication is not supported.")
        if found is None:
            return refused(404, "Repository not found.")
        if writing and (secret in self.readers or found.archived):
            return refused(403, "Write access to repository not granted.")
        return None

    def _found(self, owner: str, name: str) -> FakeRepository | None:
        return self.state.named(f"{unquote(owner)}/{unquote(name)}")

    def _document(self, one: FakeRepository) -> dict[str, Any]:
        return {
            "id": one.id,
            "name": one.name,
            "full_name": one.full_name,
            "owner": {"login": one.owner, "type": "Organization"},
            "private": one.visibility != "public",
            "visibility": one.visibility,
            "html_url": f"{self.url}/{one.full_name}",
            "description": one.description or None,
            "fork": one.fork,
            "archived": one.archived,
            "topics": one.topics,
            "default_branch": one.default_branch,
            "pushed_at": one.pushed_at,
        }

    def _listed(self, asked: Asked, owner: str) -> Reply:
        if unquote(owner) not in self.state.teams:
            return Reply(404, {"message": "Not Found"})
        found = sorted(self.state.below(unquote(owner)), key=lambda one: one.full_name)
        return paged(asked, [self._document(one) for one in found], self.url)

    def _repository(self, asked: Asked, owner: str, name: str) -> Reply:
        found = self._found(owner, name)
        return Reply(data=self._document(found)) if found else Reply(404, {"message": "Not Found"})

    def _contents(self, asked: Asked, owner: str, name: str, path: str) -> Reply:
        found = self._found(owner, name)
        files = found.files_at(asked.query.get("ref", "HEAD")) if found else None
        if files is None:
            return Reply(404, {"message": "Not Found"})
        path = unquote(path)
        inside = [one for one in files if one.startswith(f"{path}/")]
        if inside:
            return Reply(data=[{"type": "file", "path": one, "sha": sha(files[one])} for one in inside])
        if path not in files:
            return Reply(404, {"message": "Not Found"})
        content, tag = files[path], f'W/"{sha(files[path])}"'
        if asked.headers.get("if-none-match") == tag:
            return Reply(304, headers={"ETag": tag})
        large = len(content) > _LARGE
        document = {
            "type": "file",
            "path": path,
            "sha": sha(content),
            "size": len(content),
            "encoding": "none" if large else "base64",
            "content": "" if large else base64.encodebytes(content).decode(),
        }
        return Reply(data=document, headers={"ETag": tag})

    def _blob(self, asked: Asked, owner: str, name: str, oid: str) -> Reply:
        found = self._found(owner, name)
        for files in found.branches.values() if found else ():
            for content in files.values():
                if sha(content) == oid:
                    return Reply(data={"encoding": "base64", "content": base64.b64encode(content).decode()})
        return Reply(404, {"message": "Not Found"})

    def _tree(self, asked: Asked, owner: str, name: str, ref: str) -> Reply:
        found, ref = self._found(owner, name), unquote(ref)
        if found is None:
            return Reply(404, {"message": "Not Found"})
        if not found.branches:
            return Reply(409, {"message": "Git Repository is empty."})
        folder = ""
        files = found.files_at(ref)
        if files is None:
            files, folder = self._folder(found, ref)
        if files is None:
            return Reply(404, {"message": "Not Found"})
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
        most = self.truncate_above
        return Reply(data={"tree": listed[:most], "truncated": len(listed) > most})

    def _folder(self, found: FakeRepository, oid: str) -> tuple[dict[str, bytes] | None, str]:
        for files in found.branches.values():
            for path in files:
                for end in range(1, path.count("/") + 1):
                    folder = "/".join(path.split("/")[:end]) + "/"
                    if _folder_id(folder) == oid:
                        return files, folder
        return None, ""

    def _branches(self, asked: Asked, owner: str, name: str) -> Reply:
        found = self._found(owner, name)
        if found is None:
            return Reply(404, {"message": "Not Found"})
        listed = [{"name": one, "commit": {"sha": found.commit(one)}} for one in sorted(found.branches)]
        return paged(asked, listed, self.url)

    def _tarball(self, asked: Asked, owner: str, name: str, ref: str) -> Reply:
        found = self._found(owner, name)
        if found is None or found.files_at(unquote(ref)) is None:
            return Reply(404, {"message": "Not Found"})
        return Reply(302, headers={"Location": f"{self.url}/codeload/{owner}/{name}/{ref}"})

    def _codeload(self, asked: Asked, owner: str, name: str, ref: str) -> Reply:
        found = self._found(owner, name)
        return Reply(body=(found.archive(unquote(ref)) if found else None) or b"")

    def _installed(self, asked: Asked) -> Reply:
        listed = [{"id": one, "account": {"login": login}} for one, login in self.installations.items()]
        return paged(asked, listed, self.url)

    def _token(self, asked: Asked, installation: str) -> Reply:
        if int(installation) not in self.installations:
            return Reply(404, {"message": "Not Found"})
        made = f"ghs_{installation}_{len(self.tokens)}"
        self.tokens[made] = self.installations[int(installation)]
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        return Reply(
            201, {"token": made, "expires_at": expires, "permissions": {}, "repository_selection": "all"}
        )

    def _graphql(self, asked: Asked) -> Reply:
        """The three questions of `scm.github.directory`, told apart by their operation's name."""
        said = asked.json()
        query, given = said["query"], said["variables"]
        owner = given["login"]
        if owner not in self.state.teams:
            message = f"Could not resolve to an Organization with the login of '{owner}'."
            return Reply(
                data={"data": {"organization": None}, "errors": [{"type": "NOT_FOUND", "message": message}]}
            )
        if query.startswith("query Members"):
            people = [self._person(login) for login in sorted(self.state.people)]
            return _organisation({"page": _nodes(people, given.get("after"), 100)})
        if query.startswith("query Teams"):
            teams = [self._team(owner, one) for one in self.state.teams[owner]]
            return _organisation({"page": _nodes(teams, given.get("after"), 50)})
        team = next(one for one in self.state.teams[owner] if one.slug == given["slug"])
        logins = [{"login": login} for login in team.members]
        return _organisation({"team": {"page": _nodes(logins, given.get("after"), 100)}})

    def _person(self, login: str) -> dict[str, Any]:
        one = self.state.people[login]
        urls = {"avatarUrl": f"{self.url}/avatars/{login}", "url": f"{self.url}/{login}"}
        return {"login": login, "name": one.name or None, "email": one.email, **urls}

    def _team(self, owner: str, one: Any) -> dict[str, Any]:
        return {
            "slug": one.slug,
            "name": one.name,
            "description": one.description or None,
            "url": f"{self.url}/orgs/{owner}/teams/{one.slug}",
            "parentTeam": {"slug": one.parent} if one.parent else None,
            "members": _nodes([{"login": login} for login in one.members], None, 100),
        }


def _blob_entry(path: str, content: bytes) -> dict[str, Any]:
    return {"path": path, "mode": "100644", "type": "blob", "sha": sha(content), "size": len(content)}


def _folder_id(folder: str) -> str:
    return sha(folder.encode(), "tree")


def _organisation(data: dict[str, Any]) -> Reply:
    return Reply(data={"data": {"organization": data}})


def _nodes(items: list[Any], after: str | None, size: int) -> dict[str, Any]:
    start = int(after or 0)
    end = start + size
    return {"pageInfo": {"hasNextPage": end < len(items), "endCursor": str(end)}, "nodes": items[start:end]}
