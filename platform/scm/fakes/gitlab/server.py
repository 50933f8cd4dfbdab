"""A GitLab in memory: who is let in, and everything that its parts answer, in the form of docs.gitlab.com/api."""

from typing import Any
from urllib.parse import unquote

from scm.fakes.git import GitDoor, refused
from scm.fakes.gitlab.contents import Contents
from scm.fakes.gitlab.facts import Facts
from scm.fakes.gitlab.groups import Groups
from scm.fakes.gitlab.issues import Issues
from scm.fakes.gitlab.merge_requests import MergeRequests
from scm.fakes.gitlab.projects import Projects
from scm.fakes.gitlab.protection import Protection
from scm.fakes.gitlab.replies import forbidden, missing
from scm.fakes.gitlab.vault import Vault
from scm.fakes.server import Asked, FakeServer, Handler, Reply
from scm.fakes.state import FakePerson, FakeRepository, State

_PARTS = (Projects, Contents, MergeRequests, Protection, Issues, Vault)


class FakeGitLab(FakeServer):
    """`url` is its address; `tokens` are let in, and others are told so. Groups are the state's organisations;
    their teams are the subgroups, named by full path. Whoever has a token is `people_of[token]`, or `me`.
    """

    api_path = "/api/v4"

    def __init__(self) -> None:
        super().__init__()
        self.state = State()
        self.tokens = {"glpat-fake"}
        self.me = "greenroom-bot"
        self.people_of: dict[str, str] = {}
        self.keepers: set[str] = set()
        """Tokens that may do everything but delete a project (Maintainers)."""
        self.keeps_deleted = False
        """Whether a project that is marked for deletion is kept for its time, whoever asks."""
        self.refuses_top_groups = False
        self.has_approvals = True
        """Whether the edition has rules on approvals (Premium)."""
        self._facts: dict[int, Facts] = {}
        self.groups = Groups(self)
        for part in _PARTS:
            part(self)
        GitDoor(self, self.state, self._git_refusal)

    def within(self, method: str, path: str, handler: Handler) -> None:
        """Answer requests for something in a project: `handler(asked, repository, facts, *groups)`."""

        def found(asked: Asked, project: str, *groups: str) -> Reply:
            one = self._found(project)
            if one is None:
                return missing("Project")
            return handler(asked, one, self.facts(one), *(group and unquote(group) for group in groups))

        self.route(method, rf"{self.api_path}/projects/([^/]+){path}", found)

    def facts(self, one: FakeRepository | str) -> Facts:
        """What is remembered of a project; by full path too, for tests."""
        found = self.state.named(one) if isinstance(one, str) else one
        if found is None:
            raise KeyError(f"there is no project {one}")
        return self._facts.setdefault(found.id, Facts())

    def whose(self, asked: Asked) -> str:
        """Who asks."""
        return self.people_of.get(asked.headers.get("private-token", ""), self.me)

    @property
    def numbers(self) -> dict[str, int]:
        """Login → number of everybody, the owner of the tokens too."""
        return {login: number for number, login in enumerate((*sorted(self.state.people), self.me), start=1)}

    def person(self, login: str) -> dict[str, Any]:
        one = self.state.people.get(login) or FakePerson(login, login)
        return {
            "id": self.numbers[login],
            "username": login,
            "name": one.name,
            "state": "active" if one.active else "blocked",
            "avatar_url": None,
            "web_url": f"{self.url}/{login}",
            "public_email": "",
            "created_at": "2026-01-01T00:00:00.000Z",
            **({"email": one.email} if one.email else {}),
        }

    def document(self, one: FakeRepository) -> dict[str, Any]:
        marked = self.facts(one).marked_for_deletion
        return {
            "id": one.id,
            "path": one.name,
            "name": one.name,
            "path_with_namespace": one.full_name,
            "description": one.description or None,
            "visibility": one.visibility,
            "archived": one.archived,
            "topics": one.topics,
            "default_branch": one.default_branch if one.pushes else None,
            "last_activity_at": one.pushed_at,
            "web_url": f"{self.url}/{one.full_name}",
            **({"forked_from_project": {"id": 0}} if one.fork else {}),
            **({"marked_for_deletion_on": marked} if marked else {}),
        }

    def before(self, asked: Asked) -> Reply | None:
        secret = asked.headers.get("private-token")
        if secret not in self.tokens:
            return Reply(401, {"message": "401 Unauthorized"})
        return forbidden() if secret in self.readers and asked.method not in {"GET", "HEAD"} else None

    def after(self, asked: Asked, reply: Reply) -> None:
        reply.headers |= {"RateLimit-Limit": "2000", "RateLimit-Remaining": "1999"}

    def read(self, part: str) -> str:
        """A part of a path as it was meant."""
        return unquote(part)

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
