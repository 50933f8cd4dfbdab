"""A fake GitHub and a fake GitLab that Greenroom is connected to, and a file that says what to discover there."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_django.fixtures import Settings

from catalog.discovery.actions import sync_providers
from catalog.discovery.models import Provider
from catalog.discovery.run import run
from core.api.subjects import System
from scm import registry
from scm.budget import forget_budgets
from scm.fakes.github import FakeGitHub
from scm.fakes.gitlab import FakeGitLab
from scm.github.host import GitHubHost
from scm.gitlab.host import GitLabHost
from tests.contracts.worlds import on_github, on_gitlab

TESTS = System("system:tests")

Configure = Callable[..., None]
Discover = Callable[[str], Provider]


@pytest.fixture(autouse=True)
def fresh_budgets() -> None:
    forget_budgets()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    monkeypatch.setattr("scm.transport._FIRST_PAUSE", 0.001)
    with FakeGitHub() as fake:
        fake.state.organisation("acme", "ana", "bo")
        registry.register(GitHubHost(on_github(fake)))
        yield fake
        registry.forget("github.test")


@pytest.fixture
def lab() -> Iterator[FakeGitLab]:
    with FakeGitLab() as fake:
        fake.state.organisation("acme", "ana", "bo")
        registry.register(GitLabHost(on_gitlab(fake)))
        yield fake
        registry.forget("gitlab.test")


@pytest.fixture
def configure(db: None, tmp_path: Path, settings: Settings) -> Configure:
    """Say what to discover: `configure({"id": "acme", …}, …)`."""

    def say(*providers: dict[str, Any]) -> None:
        file = tmp_path / "code-hosts.yaml"
        file.write_text(yaml.safe_dump({"discovery": list(providers)}))
        settings.GREENROOM_CODE_HOSTS = str(file)
        sync_providers(by=TESTS)

    return say


@pytest.fixture
def discover() -> Discover:
    """Run a provider now, as a worker would; answer its row."""

    def now(key: str) -> Provider:
        run(key)
        return Provider.objects.get(pk=key)

    return now
