"""The git wrapper: nothing of the machine comes in, no secret goes out, nothing stays running."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from core.errors import InputError, TooLarge
from scm import git as wrapper
from scm.errors import GitFailed, GitMissing, GitTimedOut
from scm.git import Credential, checked_url, git


def test_the_machines_configuration_and_environment_stay_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Stranger\n[core]\n\thooksPath = /evil\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_SSH_COMMAND", "touch /tmp/never")
    listed = git("config", "--list").decode()
    assert "Stranger" not in listed
    assert "core.hookspath=/dev/null" in listed
    assert {"GIT_DIR", "GIT_SSH_COMMAND", "SECRET_KEY"}.isdisjoint(wrapper.environment())


def test_a_failure_is_ours_and_says_what_git_said(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match=r"git rev-parse ended with status 128: .*not a git repository"):
        git("rev-parse", "HEAD", folder=tmp_path)


def test_no_git_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wrapper.program.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitMissing, match="install git"):
        git("version")
    monkeypatch.undo()
    assert wrapper.version() >= wrapper.NEEDED


def test_only_named_protocols_are_spoken(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    for url in (f"ext::sh -c 'touch {marker}'", f"file://{tmp_path}", "ssh://localhost/x"):
        with pytest.raises(GitFailed, match=r"not allowed|transport"):
            git("clone", "--", url, tmp_path / "into", protocols="https")
    assert not marker.exists()


def test_a_value_that_looks_like_an_option_is_data(tmp_path: Path) -> None:
    with pytest.raises(GitFailed):
        git("clone", "--", "--upload-pack=touch x", tmp_path / "into", protocols="file")
    with pytest.raises(InputError, match="NUL"):
        git("rev-parse", "a\0b")


@pytest.mark.parametrize(
    "url",
    [
        "-oProxyCommand=x",
        "ext::sh",
        "file:///etc",
        "ssh://h/x",
        "http://",
        "https://a b/x",
        "https://h/\n",
        "",
        "//h/x",
        "http://[::1",
    ],
)
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="url"):
        checked_url(url)


def test_an_address_with_a_credential_is_refused_without_repeating_it() -> None:
    with pytest.raises(InputError) as caught:
        checked_url("https://ana:hunter2hunter2@example.org/x")
    assert "hunter2" not in str(caught.value)
    assert checked_url("https://example.org/a.git") == "https://example.org/a.git"


def test_a_credential_is_in_the_environment_alone() -> None:
    credential = Credential("http://127.0.0.1:1/", "token", "grn_canary_canary")
    assert "canary" not in repr(credential)
    seen = wrapper.environment(credential=credential, protocols="http")
    assert credential.header in seen.values()
    with pytest.raises(GitFailed) as caught:
        git("ls-remote", "--", "http://127.0.0.1:1/x.git", protocols="http", credential=credential)
    assert "canary" not in str(caught.value)
    assert credential.header.rpartition(" ")[2] not in str(caught.value)


@pytest.fixture
def lingering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `git` that starts a child of its own, notes its number and never ends."""
    program = tmp_path / "git"
    program.write_text(f"#!/bin/sh\nsleep 300 &\necho $! > {tmp_path}/child\nwait\n")
    program.chmod(0o755)
    monkeypatch.setattr(wrapper, "program", lambda: str(program))
    return tmp_path / "child"


def ended(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    stat = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(number)], capture_output=True, text=True, check=False
    )
    return stat.stdout.strip().startswith("Z") or stat.stdout.strip() == ""


def test_git_that_never_ends_is_stopped_with_its_children(lingering: Path) -> None:
    with pytest.raises(GitTimedOut, match=r"git fetch took longer than 0\.5 seconds"):
        git("fetch", timeout=0.5)
    number, deadline = int(lingering.read_text()), time.monotonic() + 5
    while not ended(number) and time.monotonic() < deadline:
        os.sched_yield()
    assert ended(number)


def test_output_without_end_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\nexec yes\n")
    program.chmod(0o755)
    monkeypatch.setattr(wrapper, "program", lambda: str(program))
    with pytest.raises(TooLarge, match="git log answered more than 1000000 bytes"):
        git("log", limit=1_000_000)


def test_much_input_and_much_output_at_once_do_not_block(tmp_path: Path) -> None:
    git("init", "--bare", "--template=", "--", tmp_path / "r")
    lines = b"HEAD\n" * 200_000
    assert git("cat-file", "--batch-check", folder=tmp_path / "r", stdin=lines).count(b"missing") == 200_000
