"""What writing to GitHub sends, how often, and as whom."""

import base64
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from core.errors import RateLimited, Unavailable
from scm.budget import forget_budgets
from scm.connections import App, Connection
from scm.errors import CredentialRefused, Unacceptable
from scm.fakes.github import FakeGitHub
from scm.github.host import GitHubHost
from scm.marks import marked, unmarked
from scm.values import Author, RepositoryName, RepositorySettings
from tests.contracts.worlds import on_github

NAME = RepositoryName("acme", "payments")
ANA = Author("Ana Ruiz", "ana@example.org")


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    forget_budgets()
    with FakeGitHub() as fake:
        fake.state.organisation("acme", "ana")
        yield fake


def create(host: GitHubHost) -> None:
    host.create_repository(NAME, description="Pays", default_branch="main", private=True, made_by="run:1")


def posts(hub: FakeGitHub) -> int:
    return len([one for one in hub.asked if (one.method, one.path) == ("POST", "/api/v3/orgs/acme/repos")])


def test_an_app_writes_as_its_installation(hub: FakeGitHub, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    hub.apps["77"], hub.installations[7] = public.decode(), "acme"
    host = GitHubHost(Connection("github", "github.test", hub.url, hub.api, app=App("77", private)))
    create(host)
    (tmp_path / "a").write_text("1")
    host.push_tree(NAME, tmp_path, branch="main", message="Begin", author=ANA)
    pushes = [one for one in hub.asked if one.path.endswith("git-receive-pack")]
    secret = base64.b64decode(pushes[-1].headers["authorization"].partition(" ")[2]).decode()
    assert secret.startswith("x-access-token:ghs_7_")
    assert not any(secret.partition(":")[2] in one.path for one in hub.asked)
    with pytest.raises(CredentialRefused, match="our GitHub App is not installed for 'other'"):
        host.create_repository(
            RepositoryName("other", "x"), description="", default_branch="main", private=True, made_by="run:1"
        )


def test_what_makes_something_is_sent_once(hub: FakeGitHub) -> None:
    host = GitHubHost(on_github(hub))
    hub.fail("/orgs/acme/repos", 502)
    with pytest.raises(Unavailable, match="answered 502"):
        create(host)
    assert posts(hub) == 1
    hub.fail("/orgs/acme/repos", 403, headers={"Retry-After": "30"}, message="secondary rate limit")
    with pytest.raises(RateLimited) as caught:
        create(host)
    assert caught.value.retry_after == pytest.approx(30, abs=1)
    with pytest.raises(RateLimited):  # nothing is sent while we are asked to wait
        create(host)
    assert posts(hub) == 2


def test_nobody_without_a_credential_pushes(hub: FakeGitHub, tmp_path: Path) -> None:
    hub.state.repository(str(NAME), {"a": b"1"}, visibility="public")
    hub.tokens[""] = "strangers"
    host = GitHubHost(Connection("github", "github.test", hub.url, hub.api))
    (tmp_path / "a").write_text("2")
    with pytest.raises(CredentialRefused, match="no token and no App configured"):
        host.push_tree(NAME, tmp_path, branch="main", message="x", author=ANA)


def test_what_is_sent_is_in_no_log(hub: FakeGitHub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    host = GitHubHost(on_github(hub))
    create(host)
    host.add_hook(NAME, "https://ci.example.com", events=["push"], secret="h00k-canary")
    assert "canary" not in caplog.text
    assert "ghp_fake" not in caplog.text


def test_refusals_name_the_field_in_github_s_words(hub: FakeGitHub) -> None:
    host = GitHubHost(on_github(hub))
    create(host)
    with pytest.raises(Unacceptable, match="Topics must start with"):
        host.configure_repository(NAME, RepositorySettings(topics=("two words",)))
    theirs = host.acting_with("ghp_wrong")
    with pytest.raises(CredentialRefused, match="does not accept the token that the step was given"):
        theirs.get_repository(NAME)


@pytest.mark.parametrize("description", ["", "Pays", "x" * 400, "[greenroom run:0]"])
def test_a_mark_is_read_back(description: str) -> None:
    text = marked(description, "run:1", limit=350)
    assert len(text) <= 350
    shown, made_by = unmarked(text)
    assert made_by == "run:1"
    assert description.startswith(shown)
    assert unmarked("nothing [greenroom] here") == ("nothing [greenroom] here", "")
