"""A GitHub that lies, leads elsewhere, goes away or is changed under our hands: the run's state is true, nothing stays."""

import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scaffolder import workspace
from scaffolder.tasks import execute_run
from scm.fakes.github import FakeGitHub
from scm.fakes.gitlab import FakeGitLab
from scm.fakes.server import Reply
from scm.folders import MIB
from scm.github.host import GitHubHost
from scm.gitlab import GitLabHost
from scm.values import RepositoryName
from tests.conftest import Api
from tests.contracts.worlds import on_github, on_gitlab
from tests.scaffolder.conftest import TASKS, Workshop
from tests.scaffolder.github.conftest import NAME, Publisher, everything_kept
from tests.scm.hostile_archives import BOMBS, incompressible, packed, special

pytestmark = pytest.mark.django_db

CANARY = "ghp_" + "c4n4ry" * 6


@pytest.fixture
def source(hub: FakeGitHub) -> FakeGitHub:
    """acme/source, from which templates fetch."""
    hub.state.repository("acme/source", {"a": b"1", "docs/b": b"2"})
    return hub


@pytest.fixture
def stranger() -> Iterator[FakeGitLab]:
    """Another server, that would like to have a token."""
    with FakeGitLab() as fake:
        yield fake


def fetched(workshop: Workshop, hub: FakeGitHub, action: str = "fetch:plain", **given: Any) -> str:
    """A run that fetches acme/source."""
    step = {"id": "s", "action": action, "input": {"url": f"{hub.url}/acme/source/tree/main/", **given}}
    return workshop.run(workshop.offer("fetching", [step]), secrets={"token": CANARY})


def error(workshop: Workshop, run_id: str) -> str:
    message = str(workshop.completion(run_id)["error"]["message"])
    assert "internal error" not in message
    return message


def send_instead(hub: FakeGitHub, archive: bytes) -> None:
    hub.instead("GET", "/codeload/", lambda *_: Reply(body=archive))


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    **{name: (make, "") for name, make in BOMBS.items()},
    "many members": (lambda: packed(*((f"top/{n}", b"") for n in range(20_001))), "20001 files"),
    "a name that leaves": (lambda: packed(("top/../../outside", b"x")), "must stay inside"),
    "an absolute name": (lambda: packed(("top//etc/outside", b"x")), "must be relative"),
    "a NUL": (lambda: packed(special("t/a", tarfile.REGTYPE, path="t/a\0b")), "printable"),
    "a hard link": (lambda: packed(special("t/a", tarfile.LNKTYPE, "/etc/passwd")), "hard link"),
    "a device": (lambda: packed(special("t/a", tarfile.CHRTYPE)), "device"),
    "a link out": (lambda: packed(special("t/a", tarfile.SYMTYPE, "../../../x")), "outside of its folder"),
    "no archive": (lambda: b"<html>sign in</html>", "cannot be read"),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_an_archive_that_attacks_is_refused_whole(
    workshop: Workshop, source: FakeGitHub, attack: str
) -> None:
    make, words = HOSTILE[attack]
    send_instead(source, make())
    run_id = fetched(workshop, source)
    assert words in error(workshop, run_id)
    kept = workspace.folder_of(run_id)  # empty, for a retry
    assert [one for one in workspace.root().rglob("*") if one != kept] == []


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_a_large_archive_is_not_held(
    hub: FakeGitHub, stranger: FakeGitLab, tmp_path: Path, kind: str
) -> None:
    archive = incompressible(files=1000, size=40_000)
    assert len(archive) > 38 * MIB
    fake, host = (
        (hub, GitHubHost(on_github(hub))) if kind == "github" else (stranger, GitLabHost(on_gitlab(stranger)))
    )
    fake.state.organisation("acme", "ana")
    fake.state.repository("acme/source", {"a": b"1"})
    for path in ("/codeload/", "archive.tar.gz"):
        fake.instead("GET", path, lambda *_: Reply(body=archive))
    tracemalloc.start()
    try:
        host.export_tree(RepositoryName("acme", "source"), "main", "", tmp_path / "into")
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()
    assert sum(1 for _ in (tmp_path / "into").iterdir()) == 1000


@pytest.mark.parametrize(
    ("action", "path", "given"),
    [
        ("fetch:plain", "/tarball/", {}),
        ("fetch:template", "/tarball/", {"values": {}}),
        ("fetch:plain:file", "/contents/", {"targetPath": "a"}),
        ("fetch:template:file", "/contents/", {"targetPath": "a", "values": {}}),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_steps_token_is_never_sent_to_another_host(
    workshop: Workshop,
    source: FakeGitHub,
    stranger: FakeGitLab,
    action: str,
    path: str,
    given: Any,
    status: int,
) -> None:
    source.tokens[CANARY] = "everything"
    elsewhere = {"Location": f"{stranger.url}/api/v4/user"}
    source.instead("GET", path, lambda *_: Reply(status, headers=elsewhere))
    url = f"{source.url}/acme/source/{'blob' if 'file' in action else 'tree'}/main/a"
    run_id = fetched(workshop, source, action, **{**given, "url": url, "token": "${{ secrets.token }}"})
    error(workshop, run_id)
    assert any(CANARY in one.headers.get("authorization", "") for one in source.asked), (
        "it was not used at all"
    )
    for one in stranger.asked:
        assert CANARY not in f"{one.headers} {one.path} {one.query} {one.body!r}"
    assert CANARY not in everything_kept(run_id)


def test_an_archive_on_another_host_is_not_asked_for(workshop: Workshop, source: FakeGitHub) -> None:
    source.instead("GET", "/tarball/", lambda *_: Reply(302, headers={"Location": "http://evil.test/a"}))
    assert "'evil.test' for an archive; not followed" in error(workshop, fetched(workshop, source))


@pytest.mark.parametrize(
    "host", ["ext::sh -c id", "--upload-pack=id", "-oProxyCommand=id", "file:///etc", "github.test@evil.test"]
)
@pytest.mark.parametrize("action", ["publish:github", "publish:github:pull-request", "github:repo:push"])
def test_no_option_and_no_program_as_host(
    publisher: Publisher, hub: FakeGitHub, action: str, host: str
) -> None:
    given = {"repoUrl": f"{host}?owner=acme&repo=x"}
    if action.endswith("pull-request"):
        given |= {"branchName": "b", "title": "t", "description": "d"}
    run_id = publisher.run(action, **given)
    error(publisher.workshop, run_id)
    assert hub.state.repositories == {}
    assert hub.asked == []


def test_a_branch_that_somebody_pushed_meanwhile_is_kept(publisher: Publisher, hub: FakeGitHub) -> None:
    """Between our look and our push somebody has put a commit on the new repository's default branch."""
    hub.meanwhile("POST", "/git-receive-pack", lambda: hub.state.repositories[NAME].push({"theirs": b"1"}))
    run_id = publisher.run("publish:github")
    assert "branch 'main'" in error(publisher.workshop, run_id)
    found = hub.state.repositories[NAME]
    assert found.branches["main"] == {"theirs": b"1"}
    assert publisher.workshop.task(run_id)["status"] == "failed"


def test_a_host_that_was_away_gets_everything_once(
    publisher: Publisher, hub: FakeGitHub, api: Api, effects: Callable[[str], Any]
) -> None:
    """It goes away with the repository made and nothing pushed; all the retries within the run come to nothing."""
    hub.meanwhile("POST", "/git-receive-pack", lambda: setattr(hub, "down", True))
    run_id = publisher.run("publish:github", description="Takes payments")
    assert publisher.workshop.task(run_id)["status"] == "failed"
    assert effects(run_id)["repository"]["state"] == "made"
    again = api.post(f"{TASKS}/{run_id}/retry", {})
    assert again.status_code < 300, again.content
    execute_run(run_id)  # still away
    assert publisher.workshop.task(run_id)["status"] == "failed"
    hub.down = False
    api.post(f"{TASKS}/{run_id}/retry", {})
    execute_run(run_id)
    assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(run_id)
    assert list(hub.state.repositories) == [NAME]
    found = hub.state.repositories[NAME]
    assert (found.description, found.pushes) == ("Takes payments", 1)
    assert len(effects(run_id)) == 3
    publisher.undo(run_id)
    assert hub.state.repositories == {}
