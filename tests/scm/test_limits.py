"""What happens when a code host is slow, away, over its limits, or answers in bad faith; and that no secret leaks."""

import logging
import time
from collections.abc import Iterator

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from core.errors import ExternalError, NotFound, RateLimited, Unavailable
from scm.budget import Lane, forget_budgets, lane
from scm.connections import App, Connection
from scm.errors import CredentialRefused
from scm.fakes.github import FakeGitHub
from scm.fakes.gitlab import FakeGitLab
from scm.fakes.server import Reply
from scm.github.host import GitHubHost
from scm.gitlab.host import GitLabHost
from scm.values import RepositoryName
from tests.contracts.worlds import on_github, on_gitlab

NAME = RepositoryName("acme", "payments")


@pytest.fixture(autouse=True)
def fresh_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_budgets()
    monkeypatch.setattr("scm.transport._FIRST_PAUSE", 0.001)


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    with FakeGitHub() as fake:
        fake.state.organisation("acme", "ana")
        fake.state.repository("acme/payments", {"a": b"1"})
        yield fake


@pytest.fixture
def lab() -> Iterator[FakeGitLab]:
    with FakeGitLab() as fake:
        fake.state.organisation("acme", "ana")
        fake.state.repository("acme/payments", {"a": b"1"})
        yield fake


def test_what_passes_is_tried_again_and_then_told(hub: FakeGitHub, lab: FakeGitLab) -> None:
    for fake, host in ((hub, GitHubHost(on_github(hub))), (lab, GitLabHost(on_gitlab(lab)))):
        fake.fail("payments", 502, times=2)
        assert host.get_repository(NAME).name == NAME
        fake.fail("payments", 503, times=3)
        with pytest.raises(Unavailable, match="answered 503"):
            host.get_repository(NAME)
        fake.fail("payments", 500, times=1)
        with pytest.raises(ExternalError, match="answered 500"):
            host.get_repository(NAME)


def test_a_host_that_is_gone_is_unavailable() -> None:
    for host in (
        GitHubHost(Connection("github", "github.test", "http://127.0.0.1:1", "http://127.0.0.1:1", "t")),
        GitLabHost(Connection("gitlab", "gitlab.test", "http://127.0.0.1:1", "http://127.0.0.1:1", "t")),
    ):
        with pytest.raises(Unavailable, match="does not answer"):
            host.get_repository(NAME)


def test_a_list_that_breaks_off_is_never_a_short_list(hub: FakeGitHub, lab: FakeGitLab) -> None:
    for fake, host in ((hub, GitHubHost(on_github(hub))), (lab, GitLabHost(on_gitlab(lab)))):
        for number in range(150):
            fake.state.repository(f"acme/r{number}")
        listed = host.repositories("acme")
        for _ in range(100):
            next(listed)
        fake.fail("acme", 500)
        with pytest.raises(ExternalError):
            list(listed)


def test_a_request_to_wait_is_kept_without_asking_again(hub: FakeGitHub, lab: FakeGitLab) -> None:
    for fake, host in ((hub, GitHubHost(on_github(hub))), (lab, GitLabHost(on_gitlab(lab)))):
        fake.fail("payments", 429, headers={"Retry-After": "30"})
        with pytest.raises(RateLimited) as caught:
            host.get_repository(NAME)
        assert caught.value.retry_after == pytest.approx(30, abs=2)
        asked = len(fake.asked)
        with pytest.raises(RateLimited, match="asks us to wait"):
            host.get_repository(NAME)
        assert len(fake.asked) == asked


@pytest.mark.parametrize(
    ("headers", "message", "waits"),
    [
        ({}, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.", 60),
        ({"Retry-After": "7"}, "You have exceeded a secondary rate limit.", 7),
        (
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "5000"},
            "API rate limit exceeded for user ID 1.",
            600,
        ),
    ],
)
def test_github_s_ways_to_say_not_now(
    hub: FakeGitHub, headers: dict[str, str], message: str, waits: int
) -> None:
    if "X-RateLimit-Remaining" in headers:
        headers["X-RateLimit-Reset"] = str(int(time.time()) + waits)
    hub.fail("payments", 403, headers=headers, message=message)
    with pytest.raises(RateLimited) as caught:
        GitHubHost(on_github(hub)).get_repository(NAME)
    assert caught.value.retry_after == pytest.approx(waits, abs=2)


def test_work_in_the_background_leaves_a_share_for_people(hub: FakeGitHub) -> None:
    host = GitHubHost(on_github(hub))
    hub.limit, hub.used = 100, 69
    host.get_repository(NAME)
    asked = len(hub.asked)
    with lane(Lane.TIMETABLE), pytest.raises(RateLimited, match="kept for more urgent work"):
        host.get_repository(NAME)
    assert len(hub.asked) == asked
    with lane(Lane.EVENTS):
        host.get_repository(NAME)
    hub.used = 95
    host.get_repository(NAME)
    with lane(Lane.EVENTS), pytest.raises(RateLimited):
        host.get_repository(NAME)
    host.get_repository(NAME)


def test_an_unchanged_file_costs_nothing(hub: FakeGitHub) -> None:
    host = GitHubHost(on_github(hub))
    first = host.fetch_file(NAME, "HEAD", "a")
    assert first is not None
    used = hub.used
    assert host.fetch_file(NAME, "HEAD", "a", etag=first.etag) is None
    assert hub.used == used


def test_a_refused_credential_is_no_missing_repository(hub: FakeGitHub, lab: FakeGitLab) -> None:
    hub.tokens.clear()
    lab.tokens.clear()
    for host in (GitHubHost(on_github(hub)), GitLabHost(on_gitlab(lab))):
        with pytest.raises(CredentialRefused, match="renew it"):
            host.get_repository(NAME)
    hub.tokens["ghp_fake"] = "x"
    hub.fail("payments", 403, message="Resource not accessible by personal access token")
    with pytest.raises(CredentialRefused, match="give it the right"):
        GitHubHost(on_github(hub)).get_repository(NAME)


def test_a_tree_that_github_cuts_off_is_read_folder_by_folder(hub: FakeGitHub) -> None:
    files = {f"d{number % 3}/e{number % 2}/f{number}": b"x" for number in range(30)} | {"top": b"y"}
    hub.state.repository("acme/large", files)
    hub.truncate_above = 12
    host = GitHubHost(on_github(hub))
    assert host.list_files(RepositoryName("acme", "large"), "main") == sorted(files)
    hub.truncate_above = 4
    with pytest.raises(ExternalError, match="does not tell all files"):
        host.list_files(RepositoryName("acme", "large"), "main")


def test_an_empty_repository_has_no_files_and_no_branches(hub: FakeGitHub, lab: FakeGitLab) -> None:
    for fake, host in ((hub, GitHubHost(on_github(hub))), (lab, GitLabHost(on_gitlab(lab)))):
        fake.state.repository("acme/empty")
        empty = RepositoryName("acme", "empty")
        assert host.branches(empty) == []
        with pytest.raises(NotFound):
            host.list_files(empty, "HEAD")


def test_a_token_follows_no_redirect_to_another_server(hub: FakeGitHub, lab: FakeGitLab) -> None:
    with FakeGitLab() as stranger:
        to = {"Location": f"{stranger.url}/api/v4/projects/acme%2Fpayments"}
        for fake, host in ((hub, GitHubHost(on_github(hub))), (lab, GitLabHost(on_gitlab(lab)))):
            fake.fail("payments", 301, headers=to)
            # both fakes lie on 127.0.0.1: only the port tells them apart
            with pytest.raises((ExternalError, NotFound)):
                host.get_repository(NAME)
            fake.route("GET", ".*tarball.*|.*archive.*", lambda *_: Reply(302, headers=to))
        assert stranger.asked == [] or "private-token" not in stranger.asked[0].headers
        assert all("authorization" not in one.headers for one in stranger.asked)


def test_a_renamed_repository_is_found_under_its_new_name(hub: FakeGitHub) -> None:
    hub.fail("payments", 301, headers={"Location": f"{hub.api}/repos/acme/money"})
    hub.state.repository("acme/money")
    assert GitHubHost(on_github(hub)).get_repository(NAME).name == RepositoryName("acme", "money")


def test_an_app_works_with_a_token_for_each_organisation(hub: FakeGitHub) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    hub.apps["77"], hub.installations = public.decode(), {1: "acme", 2: "Other"}
    hub.tokens.clear()
    host = GitHubHost(Connection("github", "github.test", hub.url, hub.api, app=App("77", private)))
    assert host.read_file(NAME, "HEAD", "a") == b"1"
    assert host.read_file(NAME, "HEAD", "a") == b"1"
    assert sum("access_tokens" in one.path for one in hub.asked) == 1
    with pytest.raises(CredentialRefused, match="install it there"):
        host.get_repository(RepositoryName("third", "x"))
    broken = Connection("github", "github.test", hub.url, hub.api, app=App("77", "no key"))
    with pytest.raises(CredentialRefused, match="private key") as caught:
        GitHubHost(broken).get_repository(NAME)
    assert "no key" not in str(caught.value)
    assert jwt.__version__


def test_no_credential_in_a_log_a_text_or_an_error(
    hub: FakeGitHub, lab: FakeGitLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for fake, host, connection in (
        (hub, GitHubHost(on_github(hub)), on_github(hub)),
        (lab, GitLabHost(on_gitlab(lab)), on_gitlab(lab)),
    ):
        host.get_repository(NAME)
        fake.tokens.clear()
        with pytest.raises(CredentialRefused) as caught:
            host.get_repository(NAME)
        shown = f"{caught.value!r} {caught.value.__cause__!r} {connection!r} {caplog.text}"
        assert connection.token not in shown
        assert all(connection.token not in one.path + str(one.query) for one in fake.asked)
