"""A GitHub in memory: who is let in, what is counted, and everything that its parts answer.

Answers have the form of docs.github.com/rest. It stands in for what no emulator in reach has; the same contracts, of
reading and of writing, are held against `emulate` too, and GitHub's own description checks what it answers, so that
this is not only our opinion.
"""

import time
from typing import Any
from urllib.parse import unquote

from scm.fakes.git import GitDoor, refused
from scm.fakes.github import documents
from scm.fakes.github.accounts import Accounts
from scm.fakes.github.automation import Automation
from scm.fakes.github.checks import Checks
from scm.fakes.github.contents import Contents
from scm.fakes.github.facts import Facts
from scm.fakes.github.forks import Forks
from scm.fakes.github.issues import Issues
from scm.fakes.github.protection import Protection
from scm.fakes.github.pull_requests import PullRequests
from scm.fakes.github.replies import DOCUMENTATION, forbidden
from scm.fakes.github.repositories import Repositories
from scm.fakes.github.vault import Vault
from scm.fakes.server import Asked, FakeServer, Handler, Reply
from scm.fakes.state import FakeRepository, State

API = "/api/v3"
_REPOSITORY = rf"{API}/repos/([^/]+)/([^/]+)"
_PARTS = (Accounts, Repositories, Contents, PullRequests, Issues, Protection, Vault, Automation, Checks)


class FakeGitHub(FakeServer):
    """`url` is its web address, `api` that of its API; `tokens` are let in, nobody else.

    Whoever has a token is `people_of[token]`, or `me`. `hidden` are names of repositories that tokens do not see.
    """

    def __init__(self) -> None:
        super().__init__()
        self.state = State()
        self.tokens = {"ghp_fake": "everything"}
        self.me = "greenroom-bot"
        self.people_of: dict[str, str] = {}
        self.hidden: dict[str, set[str]] = {}
        self.guests: set[str] = set()
        """Tokens that push to nothing but what is their own person's."""
        self.keepers: set[str] = set()
        """Tokens that may do everything but delete a repository."""
        self.known_properties: set[str] = set()
        """Custom properties that every organisation here has defined."""
        self.moved: dict[str, int] = {}
        """Former name → number of a repository that was renamed."""
        self.apps: dict[str, str] = {}
        """App id → PEM of its public key."""
        self.installations: dict[int, str] = {}
        self.limit, self.used = 5000, 0
        self.truncate_above = 100_000
        self._facts: dict[int, Facts] = {}
        self.forks = Forks(self)
        for part in _PARTS:
            part(self)
        GitDoor(self, self.state, self._git_refusal)

    @property
    def api(self) -> str:
        return f"{self.url}{API}"

    def within(self, method: str, path: str, handler: Handler) -> None:
        """Answer requests for something in a repository: `handler(asked, repository, facts, *groups)`."""

        def found(asked: Asked, owner: str, name: str, *groups: str) -> Reply:
            one = self.found(asked, owner, name)
            number = self.moved.get(f"{owner}/{name}")
            if one is None and number is not None and method == "GET" and not path:
                return Reply(301, headers={"Location": f"{self.api}/repositories/{number}"})
            if one is None:
                return Reply(
                    404, {"message": "Not Found", "documentation_url": DOCUMENTATION, "status": "404"}
                )
            return handler(asked, one, self.facts(one), *(group and unquote(group) for group in groups))

        self.route(method, _REPOSITORY + path, found)

    def facts(self, one: FakeRepository | str) -> Facts:
        """What is remembered of a repository; by name too, for tests."""
        found = self.state.named(one) if isinstance(one, str) else one
        if found is None:
            raise KeyError(f"there is no repository {one}")
        return self._facts.setdefault(found.id, Facts())

    def found(self, asked: Asked, owner: str, name: str) -> FakeRepository | None:
        full_name = f"{unquote(owner)}/{unquote(name)}"
        hidden = self.hidden.get(secret_of(asked), ())
        one = None if full_name in hidden else self.state.named(full_name)
        if one is not None:
            self.forks.look(one)
        return one

    def may_push(self, secret: str, one: FakeRepository) -> bool:
        """Whether a token pushes to a repository."""
        return secret not in self.guests or one.owner == self.people_of.get(secret, self.me)

    def whose(self, asked: Asked) -> str:
        """Who asks."""
        return self.people_of.get(secret_of(asked), self.me)

    def person(self, login: str) -> dict[str, Any]:
        return documents.person(self.url, self.api, login, organisation=login in self.state.teams)

    def document(self, one: FakeRepository) -> dict[str, Any]:
        return documents.repository(self.url, self.api, one, self.facts(one), self.person(one.owner))

    def before(self, asked: Asked) -> Reply | None:
        if asked.path.startswith("/codeload/"):
            given = "authorization" in asked.headers
            return Reply(400, {"message": "a token at the archives' host"}) if given else None
        secret = secret_of(asked)
        if secret not in self.tokens and not Accounts.is_app(self, secret):
            data = {"message": "Bad credentials", "documentation_url": DOCUMENTATION, "status": "401"}
            return Reply(401, data)
        if secret in self.readers and asked.method != "GET":
            return forbidden("Resource not accessible by personal access token")
        return None

    def after(self, asked: Asked, reply: Reply) -> None:
        if reply.status != 304:
            self.used += 1
        left = max(self.limit - self.used, 0)
        told = {"Limit": self.limit, "Remaining": left, "Reset": int(time.time()) + 600, "Resource": "core"}
        for name, value in told.items():
            reply.headers.setdefault(f"X-RateLimit-{name}", str(value))

    def _git_refusal(self, secret: str, found: FakeRepository | None, writing: bool) -> Reply | None:
        if secret not in self.tokens:
            return refused(401, "Invalid username or token. Password authentication is not supported.")
        if found is None or found.full_name in self.hidden.get(secret, ()):
            return refused(404, "Repository not found.")
        if writing and (secret in self.readers or found.archived or not self.may_push(secret, found)):
            return refused(403, "Write access to repository not granted.")
        return None


def secret_of(asked: Asked) -> str:
    return asked.headers.get("authorization", "").partition(" ")[2]
