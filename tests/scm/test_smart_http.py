"""Clone, push and read over HTTP with the real git, and everything that must not get through."""

import base64
import gzip
import hashlib
import logging
import os
import subprocess
from pathlib import Path

import pytest
import requests
from django.test import Client
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from core import children
from scm import storage
from scm.errors import GitFailed
from scm.git import Credential, environment, git, program
from scm.local import LocalHost
from scm.models import Event, LocalRepository
from scm.values import RepositoryName
from tests.scm.conftest import ANA, NAME, Person, Token

pytestmark = pytest.mark.django_db(transaction=True)


def test_clone_change_push_and_fetch(person: Person, repository: LocalHost, tmp_path: Path) -> None:
    assert (person.clone / "README.md").read_text() == "# Payments\n"
    sha = person.commit("src/app.py", b"print()\n" * 500)
    person.git("push", "--quiet", "origin", "main")
    assert repository.read_file(NAME, "main", "src/app.py") == b"print()\n" * 500
    event = Event.objects.latest("id")
    assert (event.kind, event.payload["after"], event.payload["by"]) == (
        "push",
        sha,
        "service:test-developer",
    )
    other = Person(person.url, person.secret, tmp_path / "other")
    other.get()
    assert other.git("rev-parse", "HEAD").strip() == sha
    person.commit("b", b"b")
    person.git("push", "--quiet", "origin", "main", "HEAD:refs/heads/feature", "HEAD:refs/tags/v1")
    other.git("fetch", "--quiet", "--tags", "origin")
    assert other.git("tag").split() == ["v1"]


def test_the_older_protocol_and_a_shallow_clone_work(person: Person, tmp_path: Path) -> None:
    for number, option in enumerate(("protocol.version=0", "protocol.version=1", "protocol.version=2")):
        person.commit(f"file{number}", b"x")
        person.git("-c", option, "push", "--quiet", "origin", "main")
        clone = tmp_path / f"clone{number}"
        git(
            "-c",
            option,
            "clone",
            "--quiet",
            "--depth=1",
            "--",
            person.url,
            clone,
            protocols="http",
            credential=person.credential,
        )
        assert (clone / f"file{number}").exists()


def test_a_push_takes_the_open_pull_request_along(person: Person, repository: LocalHost) -> None:
    person.git("switch", "--quiet", "-c", "feature")
    person.commit("feature", b"1")
    person.git("push", "--quiet", "origin", "feature")
    repository.open_pull_request(
        NAME, title="t", body="", source_branch="feature", target_branch="main", author="a"
    )
    sha = person.commit("feature", b"2")
    person.git("push", "--quiet", "origin", "feature")
    assert repository.pull_request(NAME, 1).head_sha == sha
    person.git("push", "--quiet", "origin", "feature:main")
    assert repository.pull_request(NAME, 1).state == "merged"


@pytest.mark.parametrize("secret", ["", "wrong", "grn_aaaaaaaaaa_" + "a" * 43])
def test_a_wrong_token_is_refused(person: Person, tmp_path: Path, secret: str) -> None:
    with pytest.raises(GitFailed, match=r"401|could not read|Authentication failed"):
        Person(person.url, secret, tmp_path / "stranger").get()
    assert not (tmp_path / "stranger").exists()


def test_without_a_token_the_answer_names_the_realm(person: Person) -> None:
    for path in ("", "/info/refs?service=git-upload-pack", "/blob/main/README.md"):
        answer = requests.get(person.url + path, timeout=5)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith('Basic realm="Greenroom"')
    for header in (
        "Basic !!!",
        "Basic",
        "Digest x",
        "Bearer wrong",
        "Basic " + base64.b64encode(b"\xff").decode(),
    ):
        assert requests.get(person.url, headers={"Authorization": header}, timeout=5).status_code == 401


def test_a_viewer_fetches_and_does_not_push(
    person: Person, repository: LocalHost, token: Token, tmp_path: Path
) -> None:
    viewer = Person(person.url, token("viewer"), tmp_path / "viewer")
    viewer.get()
    before = repository.branches(NAME)
    viewer.commit("a", b"a")
    with pytest.raises(GitFailed, match="403"):
        viewer.git("push", "origin", "main")
    answer = requests.post(
        f"{person.url}/git-receive-pack", data=b"0000", auth=("x", viewer.secret), timeout=5
    )
    assert (answer.status_code, "scm.repository.write" in answer.text) == (403, True)
    assert repository.branches(NAME) == before


def test_the_default_branch_is_neither_rewound_nor_deleted(person: Person, repository: LocalHost) -> None:
    first = person.git("rev-parse", "HEAD").strip()
    second = person.commit("a", b"a")
    person.git("push", "--quiet", "origin", "main", "main:feature")
    for refused in ((f"+{first}:refs/heads/main",), (":main",), (":main", "main:other")):
        with pytest.raises(GitFailed):
            person.git("push", "--force", "origin", *refused)
    assert {branch.name: branch.sha for branch in repository.branches(NAME)}["main"] == second
    person.git("push", "--quiet", "--force", "origin", f"+{first}:refs/heads/feature")
    assert {branch.name: branch.sha for branch in repository.branches(NAME)}["feature"] == first
    person.git("push", "--quiet", "origin", ":feature")
    assert "feature" not in {branch.name for branch in repository.branches(NAME)}


@pytest.mark.parametrize(
    "ref", ["refs/pull/1/head", "refs/replace/" + "a" * 40, "refs/notes/commits", "refs/x"]
)
def test_only_branches_and_tags_can_be_pushed(person: Person, ref: str) -> None:
    with pytest.raises(GitFailed):
        person.git("push", "origin", f"HEAD:{ref}")
    assert ref not in git("for-each-ref", folder=storage.folder_of(NAME)).decode()


def test_no_hook_runs_on_a_push(person: Person, tmp_path: Path) -> None:
    hooks = storage.folder_of(NAME) / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in (
        "pre-receive",
        "update",
        "post-receive",
        "post-update",
        "reference-transaction",
        "proc-receive",
    ):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / name).chmod(0o755)
    person.commit("hooks/post-receive", f"#!/bin/sh\ntouch {tmp_path}/ran\n".encode())
    person.git("push", "--quiet", "origin", "main")
    assert not (tmp_path / "ran").exists()


def test_a_repository_with_a_hostile_tree_is_refused(person: Person, repository: LocalHost) -> None:
    before = repository.branches(NAME)
    folder = person.clone / ".git"
    blob = git("hash-object", "-w", "--stdin", folder=folder, stdin=b"x").decode().strip()
    line = b"100644 ..\0" + bytes.fromhex(blob)
    tree = (
        git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", folder=folder, stdin=line)
        .decode()
        .strip()
    )
    sha = git("commit-tree", "-m", "x", "-p", "HEAD", tree, folder=folder).decode().strip()
    with pytest.raises(GitFailed, match=r"fsck|rejected|unpack"):
        person.git("push", "origin", f"{sha}:refs/heads/main")
    assert repository.branches(NAME) == before


def test_a_push_over_the_limit_is_refused_and_leaves_nothing(
    person: Person, repository: LocalHost, settings: Settings
) -> None:
    settings.GREENROOM_GIT_PUSH_LIMIT = 20_000
    before = repository.branches(NAME)
    person.commit("big", os.urandom(100_000))
    with pytest.raises(GitFailed, match=r"413|larger"):
        person.git("push", "origin", "main")
    assert repository.branches(NAME) == before


def test_a_zipped_body_counts_by_what_it_becomes(person: Person) -> None:
    bomb = gzip.compress(b"0" * 40_000_000)
    answer = requests.post(
        f"{person.url}/git-upload-pack",
        data=bomb,
        headers={"Content-Encoding": "gzip"},
        auth=("x", person.secret),
        timeout=20,
    )
    assert (answer.status_code, "larger" in answer.text) == (413, True)
    for body, encoding in ((b"no gzip", "gzip"), (bomb[:100], "gzip"), (b"x", "br")):
        answer = requests.post(
            f"{person.url}/git-upload-pack",
            data=body,
            headers={"Content-Encoding": encoding},
            auth=("x", person.secret),
            timeout=20,
        )
        assert answer.status_code == 400


@pytest.mark.parametrize("body", [b"", b"zzzz", b"0003", b"ffff" + b"x" * 10, b"0009x", b"00"])
def test_a_body_that_is_no_push_is_refused(person: Person, body: bytes) -> None:
    answer = requests.post(f"{person.url}/git-receive-pack", data=body, auth=("x", person.secret), timeout=5)
    assert (answer.status_code, "not a git push" in answer.text) == (400, True)


def push_of(person: Person, old: str, new: str) -> tuple[bytes, bytes]:
    """What git sends to move main from `old` to `new`: the command, and the pack behind it."""
    pack = git(
        "pack-objects", "--stdout", "--revs", folder=person.clone / ".git", stdin=f"{new}\n^{old}\n".encode()
    )
    command = f"{old} {new} refs/heads/main\0 report-status\n".encode()
    return f"{len(command) + 4:04x}".encode() + command + b"0000", pack


def test_a_push_that_breaks_off_leaves_the_repository_as_it_was(
    person: Person, repository: LocalHost
) -> None:
    before = repository.branches(NAME)
    sha = person.commit("a", os.urandom(10_000))
    head, pack = push_of(person, before[0].sha, sha)
    body = head + pack[: len(pack) // 2]
    answer = requests.post(f"{person.url}/git-receive-pack", data=body, auth=("x", person.secret), timeout=10)
    assert b"ng refs/heads/main" in answer.content or answer.status_code >= 400
    assert repository.branches(NAME) == before
    git("fsck", "--strict", folder=storage.folder_of(NAME))
    person.git("push", "--quiet", "origin", "main")
    assert repository.branches(NAME)[0].sha == sha


def test_a_receiver_that_is_killed_leaves_the_repository_as_it_was(
    person: Person, repository: LocalHost
) -> None:
    before = repository.branches(NAME)
    sha = person.commit("a", os.urandom(3_000_000))
    head, pack = push_of(person, before[0].sha, sha)
    receiver = children.start(
        [program(), "receive-pack", "--stateless-rpc", str(storage.folder_of(NAME))],
        environment(),
        stdin=subprocess.PIPE,
    )
    assert receiver.stdin is not None
    receiver.stdin.write(head + pack[:-1000])
    receiver.stdin.flush()
    children.stop(receiver)
    assert repository.branches(NAME) == before
    git("fsck", "--strict", folder=storage.folder_of(NAME))
    person.git("-c", "http.postBuffer=8m", "push", "--quiet", "origin", "main")
    assert repository.branches(NAME)[0].sha == sha


@pytest.mark.parametrize(
    "path",
    [
        "/git/acme/payments.git/info/refs",
        "/git/acme/payments.git/info/refs?service=git-upload-archive",
        "/git/acme/payments.git/info/refs?service=--help",
        "/git/acme/payments.git/HEAD",
        "/git/acme/payments.git/objects/info/packs",
        "/git/acme/payments.git/config",
        "/git/acme/absent",
        "/git/acme/absent.git/info/refs?service=git-upload-pack",
    ],
)
def test_what_is_not_served_is_not_found(person: Person, live_server: LiveServer, path: str) -> None:
    assert requests.get(live_server.url + path, auth=("x", person.secret), timeout=5).status_code == 404


@pytest.mark.parametrize(
    "name",
    ["..", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc", "-oProxyCommand=x", "a%00b", "a%0ab", "a%5cb", "%252e%252e"],
)
def test_a_hostile_name_in_the_path_gets_nowhere(
    repository: LocalHost, client: Client, token: Token, name: str
) -> None:
    headers = {"Authorization": f"Bearer {token('admin')}"}
    for path in (
        f"/git/acme/{name}/info/refs?service=git-upload-pack",
        f"/git/{name}/payments",
        f"/git/acme/payments/blob/main/{name}",
    ):
        assert client.get(path, headers=headers).status_code in {400, 404}


def test_files_and_folders_are_shown_and_never_run(
    person: Person, repository: LocalHost, live_server: LiveServer
) -> None:
    person.git("switch", "--quiet", "-c", "feature/x")
    person.commit("docs/page.html", b"<script>alert(1)</script>")
    person.commit("docs/logo.png", b"\x89PNG\0\0")
    person.git("push", "--quiet", "origin", "feature/x")
    base = f"{live_server.url}/git/acme/payments"

    def get(path: str) -> requests.Response:
        return requests.get(base + path, auth=("x", person.secret), timeout=5)

    page = get("/blob/feature/x/docs/page.html")
    assert (page.text, page.headers["Content-Type"]) == (
        "<script>alert(1)</script>",
        "text/plain; charset=utf-8",
    )
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in page.headers["Content-Security-Policy"]
    picture = get("/blob/feature%2Fx/docs/logo.png")
    assert (picture.headers["Content-Type"], picture.headers["Content-Disposition"]) == (
        "application/octet-stream",
        "attachment",
    )
    assert get("/tree/feature/x").json()["entries"] == ["README.md", "docs/"]
    assert get("/blob/main/docs/page.html").status_code == 404
    assert get("/blob/absent/x").status_code == 404
    facts = get("").json()
    assert (facts["name"], facts["defaultBranch"], sorted(facts["branches"])) == (
        "acme/payments",
        "main",
        ["feature/x", "main"],
    )
    bearer = requests.get(
        f"{base}/blob/main/README.md", headers={"Authorization": f"Bearer {person.secret}"}, timeout=5
    )
    assert bearer.text == "# Payments\n"
    assert requests.post(base, auth=("x", person.secret), timeout=5).status_code == 405


def test_the_token_is_in_no_argument_and_no_log(
    person: Person,
    repository: LocalHost,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen = tmp_path / "arguments"
    real = git("--exec-path").decode().strip()
    spy = tmp_path / "git"
    spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {seen}\nexec {real}/git "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setattr("scm.git.program", lambda: str(spy))
    caplog.set_level(logging.DEBUG)
    person.commit("a", b"a")
    person.git("push", "--quiet", "origin", "main")
    with pytest.raises(GitFailed) as caught:
        person.git("push", "origin", "absent")
    text = seen.read_text() + caplog.text + str(caught.value) + (person.clone / ".git" / "config").read_text()
    assert "receive-pack" in text
    assert person.secret not in text
    assert base64.b64encode(f"anybody:{person.secret}".encode()).decode() not in text


def test_a_large_repository_streams(person: Person, repository: LocalHost, tmp_path: Path) -> None:
    content = os.urandom(900_000)
    for number in range(8):
        person.commit(f"file{number}", hashlib.sha256(bytes([number])).digest() + content[number:])
        person.git("push", "--quiet", "origin", "main")
    other = Person(person.url, person.secret, tmp_path / "other")
    other.get()
    assert (other.clone / "file7").read_bytes() == (person.clone / "file7").read_bytes()


def test_a_credential_is_not_sent_to_another_address(
    person: Person, repository: LocalHost, tmp_path: Path
) -> None:
    elsewhere = Credential("http://127.0.0.1:1/", "x", person.secret)
    with pytest.raises(GitFailed):
        git("clone", "--", person.url, tmp_path / "no", protocols="http", credential=elsewhere)


def test_names_are_found_in_any_letters(person: Person, live_server: LiveServer) -> None:
    assert (
        requests.get(f"{live_server.url}/git/ACME/Payments", auth=("x", person.secret), timeout=5).status_code
        == 200
    )


def test_two_repositories_do_not_meet(
    person: Person, repository: LocalHost, files: Path, live_server: LiveServer
) -> None:
    other = RepositoryName("acme", "payments2")
    repository.create_repository(other, description="", default_branch="main", private=True, made_by="test")
    (files / "secret").write_text("x")
    sha = repository.push_tree(other, files, branch="main", message="m", author=ANA)
    assert LocalRepository.objects.count() == 2
    with pytest.raises(GitFailed):
        person.git("fetch", "origin", sha)
