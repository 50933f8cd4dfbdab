"""A GitLab in memory: the reading side of API v4 in the form of docs.gitlab.com/api, with its own refusals."""

from typing import Any
from urllib.parse import unquote

from scm.fakes.git import GitDoor, refused
from scm.fakes.server import Asked, FakeServer, Reply, paged
from scm.fakes.state import FakeRepository, FakeTeam, State, sha

API = "/api/v4"
_PROJECT = rf"{API}/projects/([^/]+)"
_GROUP = rf"{API}/groups/([^/]+)"
_NO_PROJECT = {"message": "404 Project Not Found"}


class FakeGitLab(FakeServer):
    """`url` is its address; `tokens` are let in, and others are told so. Groups are the state's organisations;
    their teams are the subgroups, named by full path."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State()
        self.tokens = {"glpat-fake"}
        for pattern, handler in (
            (_PROJECT, self._project),
            (rf"{_PROJECT}/repository/files/([^/]+)(/raw)?", self._file),
            (rf"{_PROJECT}/repository/tree", self._tree),
            (rf"{_PROJECT}/repository/branches", self._branches),
            (rf"{_PROJECT}/repository/archive\.tar\.gz", self._archive),
            (_GROUP, self._group),
            (rf"{_GROUP}/projects", self._projects),
            (rf"{_GROUP}/descendant_groups", self._descendants),
            (rf"{_GROUP}/members", self._members),
        ):
            self.route("GET", pattern, handler)
        GitDoor(self, self.state, self._git_refusal)

    def before(self, asked: Asked) -> Reply | None:
        return (
            None
            if asked.headers.get("private-token") in self.tokens
            else Reply(401, {"message": "401 Unauthorized"})
        )

    def after(self, asked: Asked, reply: Reply) -> None:
        reply.headers |= {"RateLimit-Limit": "2000", "RateLimit-Remaining": "1999"}

    def _git_refusal(self, secret: str, found: FakeRepository | None, writing: bool) -> Reply | None:
        if secret not in self.tokens:
            return refused(401, "HTTP Basic: Access denied. If a password was provided, use a token instead.")
        if found is None:
            return refused(404, "The project you were looking for could not be found.")
        if writing and (secret in self.readers or found.archived):
            return refused(403, "You are not allowed to push code to this project.")
        return None

    def _found(self, project: str) -> FakeRepository | None:
        wanted = unquote(project)
        if wanted.isdecimal():
            return next((one for one in self.state.repositories.values() if one.id == int(wanted)), None)
        return self.state.named(wanted)

    def _document(self, one: FakeRepository) -> dict[str, Any]:
        return {
            "id": one.id,
            "path": one.name,
            "name": one.name,
            "path_with_namespace": one.full_name,
            "description": one.description or None,
            "visibility": one.visibility,
            "archived": one.archived,
            "topics": one.topics,
            "default_branch": one.default_branch if one.branches else None,
            "last_activity_at": one.pushed_at,
            "web_url": f"{self.url}/{one.full_name}",
            **({"forked_from_project": {"id": 0}} if one.fork else {}),
        }

    def _project(self, asked: Asked, project: str) -> Reply:
        found = self._found(project)
        return Reply(data=self._document(found)) if found else Reply(404, _NO_PROJECT)

    def _file(self, asked: Asked, project: str, path: str, raw: str | None) -> Reply:
        found = self._found(project)
        if found is None:
            return Reply(404, _NO_PROJECT)
        files = found.files_at(asked.query.get("ref", "HEAD"))
        if files is None:
            return Reply(404, {"message": "404 Commit Not Found"})
        path = unquote(path)
        if path not in files:
            return Reply(404, {"message": "404 File Not Found"})
        headers = {"X-Gitlab-Blob-Id": sha(files[path]), "X-Gitlab-Size": str(len(files[path]))}
        return Reply(body=files[path], headers=headers)

    def _tree(self, asked: Asked, project: str) -> Reply:
        found = self._found(project)
        if found is None:
            return Reply(404, _NO_PROJECT)
        files = found.files_at(asked.query.get("ref", "HEAD"))
        if files is None:
            return Reply(404, {"message": "404 Tree Not Found"})
        folders = {"/".join(path.split("/")[:n]) for path in files for n in range(1, path.count("/") + 1)}
        listed = [{"type": "tree", "path": path, "mode": "040000"} for path in sorted(folders)]
        listed += [{"type": "blob", "path": path, "mode": "100644"} for path in sorted(files)]
        return paged(asked, listed, self.url)

    def _branches(self, asked: Asked, project: str) -> Reply:
        found = self._found(project)
        if found is None:
            return Reply(404, _NO_PROJECT)
        listed = [{"name": one, "commit": {"id": found.commit(one)}} for one in sorted(found.branches)]
        return paged(asked, listed, self.url)

    def _archive(self, asked: Asked, project: str) -> Reply:
        found = self._found(project)
        archive = found.archive(asked.query.get("sha", "HEAD")) if found else None
        return Reply(body=archive) if archive else Reply(404, {"message": "404 File Not Found"})

    def _groups(self) -> dict[int, tuple[str, FakeTeam | None]]:
        """Number → full path, with the subgroup's own facts below the top."""
        paths: list[tuple[str, FakeTeam | None]] = []
        for root, teams in sorted(self.state.teams.items()):
            paths += [(root, None), *((team.slug, team) for team in teams)]
        return dict(enumerate(paths, start=101))

    def _of(self, group: str) -> tuple[int, str, FakeTeam | None] | None:
        wanted = unquote(group)
        for number, (path, team) in self._groups().items():
            if wanted in {str(number), path}:
                return number, path, team
        return None

    def _shown(self, number: int, path: str, team: FakeTeam | None) -> dict[str, Any]:
        name = path.rpartition("/")[2]
        return {
            "id": number,
            "path": name,
            "full_path": path,
            "name": team.name if team else name.title(),
            "description": team.description if team else "",
            "web_url": f"{self.url}/groups/{path}",
        }

    def _group(self, asked: Asked, group: str) -> Reply:
        found = self._of(group)
        return Reply(data=self._shown(*found)) if found else Reply(404, {"message": "404 Group Not Found"})

    def _projects(self, asked: Asked, group: str) -> Reply:
        found = self._of(group)
        if found is None:
            return Reply(404, {"message": "404 Group Not Found"})
        listed = sorted(self.state.below(found[1]), key=lambda one: one.id)
        if asked.query.get("include_subgroups") != "true":
            listed = [one for one in listed if one.owner == found[1]]
        return paged(asked, [self._document(one) for one in listed], self.url)

    def _descendants(self, asked: Asked, group: str) -> Reply:
        found = self._of(group)
        if found is None:
            return Reply(404, {"message": "404 Group Not Found"})
        listed = [
            self._shown(number, path, team)
            for number, (path, team) in self._groups().items()
            if path.startswith(f"{found[1]}/")
        ]
        return paged(asked, listed, self.url)

    def _members(self, asked: Asked, group: str) -> Reply:
        found = self._of(group)
        if found is None:
            return Reply(404, {"message": "404 Group Not Found"})
        team = found[2]
        taken = {login for one in self.state.teams[found[1].split("/")[0]] for login in one.members}
        logins = team.members if team else sorted(self.state.people.keys() - taken)
        return paged(asked, [self._person(login) for login in logins], self.url)

    def _person(self, login: str) -> dict[str, Any]:
        one = self.state.people[login]
        return {
            "id": sorted(self.state.people).index(login) + 1,
            "username": login,
            "name": one.name,
            "state": "active" if one.active else "blocked",
            "avatar_url": None,
            "web_url": f"{self.url}/{login}",
            **({"email": one.email} if one.email else {}),
        }
