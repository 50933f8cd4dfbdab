"""Git joined to `emulate`: who is let in, and that both sides have the same objects, whoever made them."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from scm import remote
from scm.bare import BareRepository
from scm.errors import CredentialRefused, GitFailed, RepositoryNotFound
from scm.git import Credential, git
from tests.contracts.emulated import EmulatedGitHub
from tests.contracts.worlds import Emulate

AT = "/repos/bo/joined"


@pytest.fixture
def hub(emulate_server: Emulate) -> Iterator[EmulatedGitHub]:
    """With a repository bo/joined that is empty."""
    with EmulatedGitHub(emulate_server) as made:
        emulate_server.ask("POST", "/user/repos", by="bo", name="joined", private=True).raise_for_status()
        yield made
        emulate_server.ask("DELETE", AT, by="bo").raise_for_status()


@pytest.fixture
def work(tmp_path: Path) -> BareRepository:
    """A repository of ours, with a commit on main that has a file of every kind."""
    made = BareRepository.make(tmp_path / "work.git", "main")
    ids = [
        git("hash-object", "-w", "--stdin", folder=made.folder, stdin=content).decode().strip()
        for content in (b"\x00\xff\r\n", "Zoë\n".encode(), b"../outside")
    ]
    lines = [
        *(f"{mode} {ids[0]} 0\t{path}" for mode, path in (("100644", "a/b/bytes"), ("100755", "a.sh"))),
        *(f"100644 {ids[1]} 0\t{path}" for path in ("a.b", "a/ü", "z")),
        f"120000 {ids[2]} 0\tlink",
        f"160000 {'1' * 40} 0\tpart",
    ]
    git("update-index", "--index-info", folder=made.folder, stdin="\n".join(lines).encode())
    commit(made, "First\n\nSecond\n\n- third\n")
    return made


def commit(work: BareRepository, message: str) -> str:
    """What is in the index, on top of main, by somebody in another zone."""
    tree = git("write-tree", folder=work.folder).decode().strip()
    head = work.head("main")
    sha = git(
        *("commit-tree", "-F", "-", *(["-p", head] if head else []), tree),
        folder=work.folder,
        stdin=message.encode(),
        variables={"GIT_AUTHOR_NAME": "Zoë", "GIT_AUTHOR_DATE": "1700000000 -0730"},
    )
    git("update-ref", "refs/heads/main", sha.decode().strip(), folder=work.folder)
    return sha.decode().strip()


def reach(hub: EmulatedGitHub, who: str = "bo") -> remote.Remote:
    token = hub.emulate.tokens.get(who, "wrong")
    return remote.Remote(f"{hub.url}/bo/joined.git", Credential(hub.url, "x", token), "github.test")


def talk(hub: EmulatedGitHub, verb: str, *refs: str, work: BareRepository) -> None:
    way = reach(hub)
    git(
        *(verb, "--quiet", way.clone_url, *refs),
        folder=work.folder,
        protocols="http",
        credential=way.credential,
    )


def test_a_token_opens_what_it_may_see(hub: EmulatedGitHub) -> None:
    assert remote.heads(reach(hub)).shas == {}
    with pytest.raises(CredentialRefused, match="does not know our credential"):
        remote.heads(reach(hub, "nobody"))
    with pytest.raises(RepositoryNotFound):
        remote.heads(reach(hub, "ana"))


def test_what_git_made_is_the_same_in_emulate(hub: EmulatedGitHub, work: BareRepository) -> None:
    first = work.head("main")
    second = commit(work, "Second\n")
    talk(hub, "push", "main", "main:refs/heads/release/1.0", work=work)
    told = hub.emulate.ask("GET", f"{AT}/git/commits/{second}", by="bo").json()
    assert (told["sha"], [parent["sha"] for parent in told["parents"]]) == (second, [first])
    listed = hub.emulate.ask("GET", f"{AT}/git/trees/{second}?recursive=1", by="bo").json()["tree"]
    files = {(one["path"], one["mode"], one["sha"]) for one in listed if one["type"] != "tree"}
    assert files == {(one.path, one.mode, one.oid) for one in work.entries(second)}
    talk(hub, "push", ":release/1.0", f"+{first}:refs/heads/main", work=work)
    branches = hub.emulate.ask("GET", f"{AT}/branches", by="bo").json()
    assert [(one["name"], one["commit"]["sha"]) for one in branches] == [("main", first)]
    assert hub.mirrors.unequal == []


def test_what_emulate_made_is_the_same_in_git(hub: EmulatedGitHub, work: BareRepository) -> None:
    talk(hub, "push", "main", work=work)
    for path, content in (("new/bytes", b"\x00\xfe"), ("a/b/c", b"text")):
        body = {"message": "Change", "content": base64.b64encode(content).decode()}
        made = hub.emulate.ask("PUT", f"{AT}/contents/{path}", by="bo", **body)
        made.raise_for_status()
    sha = made.json()["commit"]["sha"]
    ref = {"ref": "refs/heads/other", "sha": work.head("main")}
    hub.emulate.ask("POST", f"{AT}/git/refs", by="bo", **ref).raise_for_status()
    talk(hub, "fetch", "refs/heads/*:refs/heads/theirs/*", work=work)
    assert (work.head("theirs/main"), work.head("theirs/other")) == (sha, work.head("main"))
    assert work.read_file(sha, "new/bytes") == b"\x00\xfe"
    git("fsck", "--strict", folder=work.folder)
    hub.emulate.ask("DELETE", f"{AT}/git/refs/heads/other", by="bo").raise_for_status()
    assert remote.heads(reach(hub), "other").shas == {"main": sha}


def test_what_emulate_cannot_have_is_refused_aloud(hub: EmulatedGitHub, work: BareRepository) -> None:
    with pytest.raises(GitFailed, match="only branches are carried"):
        talk(hub, "push", "main:refs/tags/v1", work=work)
    sha = commit(work, "No end of line")
    with pytest.raises(GitFailed, match=f"commit {sha} is"):
        talk(hub, "push", "main", work=work)
    assert len(hub.mirrors.unequal) == 1
    assert remote.heads(reach(hub), "main").shas == {}
