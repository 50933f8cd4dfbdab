"""A fake GitLab that templates publish to, and a worker that can be killed."""

from collections.abc import Iterator
from typing import Any

import pytest

from scaffolder import runner
from scm import registry
from scm.budget import forget_budgets
from scm.fakes.gitlab import FakeGitLab
from scm.fakes.gitlab.facts import Facts
from scm.fakes.state import FakeTeam
from scm.gitlab.host import GitLabHost
from tests.contracts.worlds import on_gitlab
from tests.scaffolder.conftest import Workshop
from tests.scaffolder.github.conftest import Publisher

NAME = "acme/money/payments"
REPO_URL = "gitlab.test?owner=acme%2Fmoney&repo=payments"


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitLab]:
    """A GitLab with the group acme/money, ana and bo, known to Greenroom as gitlab.test."""
    forget_budgets()
    monkeypatch.setattr(runner, "PAUSE", 0.0)
    with FakeGitLab() as fake:
        fake.state.organisation("acme", "ana", "bo")
        fake.state.teams["acme"] = [FakeTeam("acme/money", "Money", "acme")]
        host = GitLabHost(on_gitlab(fake))
        registry.register(host)
        yield fake
        registry.forget(host.host)


class LabPublisher(Publisher):
    """Runs templates whose steps work on the fake GitLab, and takes back what they made."""

    def __init__(self, workshop: Workshop, lab: FakeGitLab, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(workshop, lab, monkeypatch)  # type: ignore[arg-type]
        self.lab = lab

    @staticmethod
    def step(action: str, **given: Any) -> dict[str, Any]:
        return {"action": action, "input": {"repoUrl": REPO_URL, **given}}

    def facts(self, name: str = NAME) -> Facts:  # type: ignore[override]
        return self.lab.facts(name)

    def projects(self) -> list[str]:
        """The host's own list of what is there."""
        return sorted(self.lab.state.repositories)


@pytest.fixture
def publisher(workshop: Workshop, lab: FakeGitLab, monkeypatch: pytest.MonkeyPatch) -> LabPublisher:
    return LabPublisher(workshop, lab, monkeypatch)


@pytest.fixture
def existing(lab: FakeGitLab) -> FakeGitLab:
    """acme/money/payments is there already, with two files."""
    lab.state.repository(NAME, {"README.md": b"# Theirs\n", "old.txt": b"old\n"})
    return lab
