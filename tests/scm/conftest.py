"""A local host in a folder of its own, tokens, and a person who works with the real git over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from core.api.subjects import System
from identity.actions import create_token
from scm.git import Credential, git
from scm.local import LocalHost
from scm.values import Author, RepositoryName

ANA = Author("Ana Ruiz", "ana@example.org")
NAME = RepositoryName("acme", "payments")

Token = Callable[[str], str]


@pytest.fixture
def host(tmp_path: Path, settings: Settings) -> LocalHost:
    settings.GREENROOM_DATA = tmp_path / "data"
    return LocalHost()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    (made / "README.md").write_text("# Payments\n")
    return made


@pytest.fixture
def token() -> Token:
    """The secret of a fresh token with a role."""
    return lambda role: create_token(name=f"test-{role}", by=System("test"), role=role)[1]


@dataclass
class Person:
    """Somebody at a shell, with a clone of one repository."""

    url: str
    secret: str
    clone: Path

    @property
    def credential(self) -> Credential:
        return Credential(self.url, "anybody", self.secret)

    def git(self, *arguments: str) -> str:
        text = git(
            *arguments,
            folder=self.clone / ".git",
            work_tree=self.clone,
            protocols="http",
            credential=self.credential,
        )
        return text.decode()

    def get(self) -> None:
        git("clone", "--quiet", "--", self.url, self.clone, protocols="http", credential=self.credential)

    def commit(self, path: str, content: bytes) -> str:
        (self.clone / path).parent.mkdir(parents=True, exist_ok=True)
        (self.clone / path).write_bytes(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", f"Change {path}")
        return self.git("rev-parse", "HEAD").strip()


@pytest.fixture
def repository(host: LocalHost, files: Path, transactional_db: None) -> LocalHost:
    """The host with one repository that has one commit on main."""
    host.create_repository(NAME, description="Pays", default_branch="main", private=True, made_by="test")
    host.push_tree(NAME, files, branch="main", message="Begin", author=ANA)
    return host


@pytest.fixture
def person(repository: LocalHost, live_server: LiveServer, token: Token, tmp_path: Path) -> Person:
    """A developer who has cloned the repository."""
    somebody = Person(f"{live_server.url}/git/acme/payments.git", token("developer"), tmp_path / "clone")
    somebody.get()
    return somebody
