"""The code hosts that the reading contract is held against, each with a way to put files on it."""

import base64
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from pytest_django.fixtures import Settings

from scm.connections import Connection
from scm.fakes.github import FakeGitHub
from scm.fakes.gitlab import FakeGitLab
from scm.fakes.server import FakeServer
from scm.github.host import GitHubHost
from scm.gitlab.host import GitLabHost
from scm.local import LocalHost
from scm.port import Reading
from scm.values import Author, RepositoryName
from tests import npm

Put = Callable[[dict[str, bytes], str], None]
"""Put files on a branch of the world's repository, which is made by the first call."""
ANA = Author("Ana Ruiz", "ana@example.org")
PEOPLE = {"ana": "Ana Ruiz", "bo": "Bo Lind", "carl": "Carl Roth"}
"""Who has an account on emulate: the reading worlds are ana's, the writing ones bo's, and carl may only read."""
EMULATE_LACKS = {
    "archives": "emulate answers GET /repos/…/tarball/… with 404",
    "an organisation's list": "emulate answers GET /orgs/…/repos with 404",
    "names without letter case": "emulate answers POST /user/repos for payments and then Payments with 201, twice",
    "absent branches": "emulate answers POST /repos/…/pulls for a branch that is not there with 201, and makes it",
    "pull requests that follow": "emulate answers GET /repos/…/pulls/N with the head of when it was opened, and merges that",
    "merge conflicts": "emulate answers PUT /repos/…/pulls/N/merge with 200 and the head's files, whatever the base has",
    "words for an unprotected branch": "emulate answers GET /repos/…/branches/…/protection with 'Not Found', where "
    "GitHub has 'Branch not protected'",
}
"""All that the contracts cannot ask of emulate 0.12.2, beside ETags (`tells_unchanged`), refusing pull requests that
would change nothing (`refuses_empty`), and refusing tokens, which `emulated.py` does."""


@dataclass(kw_only=True)
class Counterpart:
    """What every world has. `lacks` is what its host has not like the real one, and what it answers instead."""

    lacks: Mapping[str, str] = field(default_factory=dict)

    def needs(self, what: str) -> None:
        """Skip the test, which is about this, where the host lacks it."""
        if what in self.lacks:
            pytest.skip(f"{what}: {self.lacks[what]}")


@dataclass
class World(Counterpart):
    """A host with one repository."""

    host: Reading
    name: RepositoryName
    put: Put
    fake: FakeServer | None = None
    tells_unchanged: bool = True


@contextmanager
def local(request: pytest.FixtureRequest) -> Iterator[World]:
    settings: Settings = request.getfixturevalue("settings")
    folder: Path = request.getfixturevalue("tmp_path")
    settings.GREENROOM_DATA = folder / "data"
    host, name, work = LocalHost(), RepositoryName("acme", "payments"), folder / "work"

    def put(files: dict[str, bytes], branch: str = "main") -> None:
        host.create_repository(name, description="Pays", default_branch="main", private=True, made_by="test")
        for path, content in files.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_bytes(content)
            (work / path).chmod(0o755 if path.endswith(".sh") else 0o644)
        host.push_tree(name, work, branch=branch, message="Change", author=ANA)

    yield World(host, name, put)


def on_github(fake: FakeGitHub) -> Connection:
    """The connection to a fake GitHub."""
    return Connection("github", "github.test", fake.url, fake.api, token="ghp_fake")


def on_gitlab(fake: FakeGitLab) -> Connection:
    """The connection to a fake GitLab."""
    return Connection("gitlab", "gitlab.test", fake.url, fake.url, token="glpat-fake")


def _faked(fake: FakeGitHub | FakeGitLab, name: RepositoryName) -> Put:
    fake.state.organisation("acme", "ana", "bo")

    def put(files: dict[str, bytes], branch: str = "main") -> None:
        made = fake.state.named(str(name)) or fake.state.repository(str(name), description="Pays")
        made.push({**made.branches.get(branch, made.branches.get("main", {})), **files}, branch)

    return put


@contextmanager
def github(request: pytest.FixtureRequest) -> Iterator[World]:
    with FakeGitHub() as fake:
        name = RepositoryName("acme", "payments")
        yield World(GitHubHost(on_github(fake)), name, _faked(fake, name), fake)


@contextmanager
def gitlab(request: pytest.FixtureRequest) -> Iterator[World]:
    with FakeGitLab() as fake:
        name = RepositoryName("acme/money", "payments")
        yield World(GitLabHost(on_gitlab(fake)), name, _faked(fake, name), fake)


@contextmanager
def emulate(request: pytest.FixtureRequest) -> Iterator[World]:
    """GitHub by `emulate`, which nobody here wrote; one for each process of the run, a repository for each test."""
    server: Emulate = request.getfixturevalue("emulate_server")
    name = RepositoryName("ana", f"payments-{next(server.numbers)}")

    def put(files: dict[str, bytes], branch: str = "main") -> None:
        server.put(name, files, branch)

    host = GitHubHost(Connection("github", "github.test", server.url, server.url, token=server.tokens["ana"]))
    # emulate knows no ETags; what GitHub says with 304 is held against our own fake
    yield World(host, name, put, tells_unchanged=False, lacks=EMULATE_LACKS)


@dataclass
class Emulate:
    """A running emulate."""

    url: str
    tokens: dict[str, str] = field(default_factory=lambda: {who: f"emulated-{who}" for who in PEOPLE})
    """Login → token."""
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))
    made: set[str] = field(default_factory=set)

    def ask(self, method: str, path: str, *, by: str = "ana", **body: object) -> requests.Response:
        return requests.request(
            method,
            f"{self.url}{path}",
            json=body or None,
            timeout=10,
            headers={"Authorization": f"token {self.tokens.get(by, '')}"},
        )

    def put(self, name: RepositoryName, files: dict[str, bytes], branch: str) -> None:
        at = f"/repos/{name}"
        if str(name) not in self.made:
            self.made.add(str(name))
            made = self.ask(
                "POST", "/user/repos", name=name.name, description="Pays", private=True, auto_init=True
            )
            made.raise_for_status()
        branches = {one["name"]: one["commit"]["sha"] for one in self.ask("GET", f"{at}/branches").json()}
        if branch not in branches:
            self.ask(
                "POST", f"{at}/git/refs", ref=f"refs/heads/{branch}", sha=branches["main"]
            ).raise_for_status()
        for path, content in files.items():
            known = self.ask("GET", f"{at}/contents/{quote(path)}?ref={branch}")
            sha = {"sha": known.json()["sha"]} if known.ok else {}
            text = base64.b64encode(content).decode()
            self.ask(
                "PUT", f"{at}/contents/{quote(path)}", message="Change", content=text, branch=branch, **sha
            ).raise_for_status()


@contextmanager
def running_emulate(config: pytest.Config, folder: Path) -> Iterator[Emulate]:
    """emulate 0.12.2 on a free port, ended by its process id."""
    program = npm.package(config, "emulate", "0.12.2") / "dist" / "index.js"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Emulate(f"http://127.0.0.1:{port}")
    seed = folder / "seed.json"
    people = [
        {"login": login, "name": name, "email": f"{login}@example.com"} for login, name in PEOPLE.items()
    ]
    tokens = {token: {"login": who, "scopes": ["repo", "user"]} for who, token in server.tokens.items()}
    seed.write_text(json.dumps({"github": {"users": people}, "tokens": tokens}))
    command = [npm.node(22, 15), program, "start", "-p", str(port), "-s", "github"]
    with subprocess.Popen(
        [*command, "--base-url", server.url, "--seed", seed],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _await(server.url, process)
            yield server
        finally:
            process.terminate()


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(url, timeout=1)
        except requests.RequestException:
            time.sleep(0.05)  # a process of Node's that says nothing when it is ready
        else:
            return
    pytest.skip("emulate did not start")


WORLDS = (local, github, gitlab, emulate)
