"""The code hosts that the writing contract is held against: each with a name that is free, and somebody else at work."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from pytest_django.fixtures import Settings

import scm.actions
from core.api.subjects import System
from scm import storage
from scm.connections import Connection
from scm.fakes.github import FakeGitHub
from scm.fakes.gitlab import FakeGitLab
from scm.fakes.objects import write_head
from scm.fakes.server import FakeServer
from scm.fakes.state import FakeTeam
from scm.git import git
from scm.github.host import GitHubHost
from scm.gitlab.host import GitLabHost
from scm.local import LocalHost
from scm.models import LocalRepository
from scm.port import CodeHost
from scm.values import Author, RepositoryName
from tests.contracts.emulated import EmulatedGitHub
from tests.contracts.worlds import EMULATE_LACKS, Counterpart, Emulate, on_github, on_gitlab

ANA = Author("Ana Ruiz", "ana@example.org")


@dataclass
class WritingWorld(Counterpart):
    """A host to write to.

    `name` is a repository that is not there yet, in an owner that is. `point` moves a branch as somebody else with the
    right to does, also back; `meanwhile` lets something happen in the middle of the next push. `fake` makes faults, and
    `creating` is in the path of the request that makes a repository. `events` are two of the host's names of events.
    """

    host: CodeHost
    name: RepositoryName
    point: Callable[[str, str], None]
    meanwhile: Callable[[Callable[[], object]], None]
    events: tuple[str, str]
    reading_only: Callable[[], AbstractContextManager[CodeHost]] | None = None
    """The same host, for somebody who may read the repository and not write."""
    fake: FakeServer | None = None
    creating: str = ""
    names_conflicts: bool = False
    """Whether a merge that is refused names the files."""
    refuses_empty: bool = True
    """Whether a pull request that would change nothing is refused."""
    pauses_hooks: bool = True
    """Whether a webhook may be there and be switched off."""
    tells_approvals: bool = True
    """Whether the host's edition has rules on how many have to agree."""

    def create(self, made_by: str = "run:1", **more: object) -> str:
        """Make the repository; answer its id."""
        asked = {"description": "Pays", "default_branch": "main", "private": True, **more}
        return self.host.create_repository(self.name, made_by=made_by, **asked).id  # type: ignore[arg-type]

    def push(self, folder: Path, branch: str = "main", *, onto: str = "") -> str:
        return self.host.push_tree(self.name, folder, branch=branch, message="Change", author=ANA, onto=onto)

    def change(
        self, folder: Path, branch: str = "main", *, into: str = "", delete: Sequence[str] = ()
    ) -> str:
        return self.host.push_changes(
            self.name, folder, branch=branch, message="Change", author=ANA, into=into, delete=delete
        )

    def heads(self) -> dict[str, str]:
        return {branch.name: branch.sha for branch in self.host.branches(self.name)}


MakeWorld = Callable[[pytest.FixtureRequest], AbstractContextManager[WritingWorld]]


@contextmanager
def local(request: pytest.FixtureRequest) -> Iterator[WritingWorld]:
    settings: Settings = request.getfixturevalue("settings")
    folder: Path = request.getfixturevalue("tmp_path")
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    settings.GREENROOM_DATA = folder / "data"
    name = RepositoryName("acme", "payments")

    def point(branch: str, sha: str) -> None:
        git("update-ref", f"refs/heads/{branch}", sha, folder=storage.bare(name).folder)
        scm.actions.tell_changes(LocalRepository.objects.get(owner="acme"), by=System("somebody"))

    def meanwhile(happens: Callable[[], object]) -> None:
        real = scm.actions.expect_change

        def expect(repository: LocalRepository) -> None:
            patch.setattr(scm.actions, "expect_change", real)
            happens()
            real(repository)

        patch.setattr(scm.actions, "expect_change", expect)

    yield WritingWorld(
        LocalHost(), name, point, meanwhile, events=("push", "pull_request"), names_conflicts=True
    )


def on_fake(
    fake: FakeGitHub | FakeGitLab,
    host: CodeHost,
    name: RepositoryName,
    *,
    events: tuple[str, str],
    creating: str,
    **more: bool,
) -> WritingWorld:
    """The world of a fake, with its owner: what a GitHub's and a GitLab's world are made of."""
    fake.state.organisation(name.owner.partition("/")[0], "ana", "bo")

    def point(branch: str, sha: str) -> None:
        found = fake.state.named(str(name))
        assert found is not None
        before = found.heads
        write_head(found.bare.folder, branch, sha)
        found.follow(before)

    def meanwhile(happens: Callable[[], object]) -> None:
        fake.meanwhile("POST", "/git-receive-pack", happens)

    @contextmanager
    def reading_only() -> Iterator[CodeHost]:
        fake.readers = set(fake.tokens)
        yield host
        fake.readers = set()

    return WritingWorld(
        host, name, point, meanwhile, events, reading_only, fake=fake, creating=creating, **more
    )  # type: ignore[arg-type]


@contextmanager
def github(request: pytest.FixtureRequest) -> Iterator[WritingWorld]:
    with FakeGitHub() as fake:
        host, name = GitHubHost(on_github(fake)), RepositoryName("acme", "payments")
        yield on_fake(fake, host, name, events=("push", "pull_request"), creating="/orgs/acme/repos")


@contextmanager
def gitlab(request: pytest.FixtureRequest) -> Iterator[WritingWorld]:
    with FakeGitLab() as fake:
        fake.state.organisation("acme", "ana", "bo")
        fake.state.teams["acme"] = [FakeTeam("acme/money", "Money", "acme")]
        host, name = GitLabHost(on_gitlab(fake)), RepositoryName("acme/money", "payments")
        events = ("push_events", "merge_requests_events")
        yield on_fake(
            fake,
            host,
            name,
            events=events,
            creating="/api/v4/projects",
            refuses_empty=False,
            pauses_hooks=False,
        )


@contextmanager
def emulated(request: pytest.FixtureRequest) -> Iterator[WritingWorld]:
    """GitHub by `emulate`, which nobody here wrote, and git by git itself."""
    server: Emulate = request.getfixturevalue("emulate_server")
    name = RepositoryName("bo", "payments")
    with EmulatedGitHub(server) as hub:
        host = GitHubHost(Connection("github", "github.test", hub.url, hub.url, token=server.tokens["bo"]))

        def ask(method: str, path: str, **body: object) -> requests.Response:
            return server.ask(method, f"/repos/{name}{path}", by="bo", **body)

        def point(branch: str, sha: str) -> None:
            ref = f"refs/heads/{branch}"
            if not ask("PATCH", f"/git/{ref}", sha=sha, force=True).ok:
                ask("POST", "/git/refs", ref=ref, sha=sha).raise_for_status()

        def meanwhile(happens: Callable[[], object]) -> None:
            hub.meanwhile("POST", "/git-receive-pack", happens)

        @contextmanager
        def reading_only() -> Iterator[CodeHost]:
            ask("PUT", "/collaborators/carl", permission="pull").raise_for_status()
            yield host.acting_with(server.tokens["carl"])

        try:
            yield WritingWorld(
                host,
                name,
                point,
                meanwhile,
                ("push", "pull_request"),
                reading_only,
                fake=hub,
                creating="/user/repos",
                refuses_empty=False,
                lacks=EMULATE_LACKS,
            )
        finally:
            for left in server.ask("GET", "/users/bo/repos", by="bo").json():
                server.ask("DELETE", f"/repos/{left['full_name']}", by="bo").raise_for_status()
    assert not hub.mirrors.unequal


WRITING: tuple[MakeWorld, ...] = (local, github, gitlab, emulated)
"""A host that is to be written to is added here."""
