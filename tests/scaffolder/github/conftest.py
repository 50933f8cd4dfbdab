"""A fake GitHub that templates publish to, and a worker that can be killed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scaffolder import runner
from scaffolder.models import Effect, Run
from scaffolder.rollback.models import Rollback
from scaffolder.steps import ACTIONS
from scaffolder.steps.port import Made, UndoContext
from scaffolder.tasks import execute_run, roll_back
from scm import registry
from scm.budget import forget_budgets
from scm.fakes.github import FakeGitHub
from scm.fakes.github.facts import Facts
from scm.fakes.state import FakeTeam
from scm.github.host import GitHubHost
from tests.contracts.worlds import on_github
from tests.scaffolder.conftest import TASKS, Workshop
from tests.scaffolder.traps import Killed, run_out

NAME = "acme/payments"
REPO_URL = "github.test?owner=acme&repo=payments"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """A GitHub with the organisation acme, ana and bo in it, known to Greenroom as github.test."""
    forget_budgets()
    monkeypatch.setattr(runner, "PAUSE", 0.0)
    with FakeGitHub() as fake:
        fake.state.organisation("acme", "ana", "bo")
        fake.state.teams["acme"] = [FakeTeam("platform", "Platform", members=["ana"])]
        host = GitHubHost(on_github(fake))
        registry.register(host)
        yield fake
        registry.forget(host.host)


class Publisher:
    """Runs templates whose steps work on the fake GitHub, and takes back what they made."""

    def __init__(self, workshop: Workshop, hub: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.workshop, self.hub, self.monkeypatch = workshop, hub, monkeypatch
        self.count = 0

    def offer(self, *steps: dict[str, Any], files: dict[str, str] | None = None) -> str:
        """A template that fetches a skeleton and then does these steps."""
        self.count += 1
        fetch = {"id": "fetch", "action": "fetch:plain", "input": {"url": "./skeleton"}}
        content = files or {"README.md": "# Payments\n", "src/app.py": "print()\n"}
        skeleton = {f"skeleton/{path}": text for path, text in content.items()}
        steps_ = [{"id": f"s{number}", **step} for number, step in enumerate(steps)]
        last = f"steps.s{len(steps) - 1}.output"
        output = {key: "${{ " + f"{last}.{key}" + " }}" for key in self._outputs(steps[-1])}
        return self.workshop.offer(f"t{self.count}", [fetch, *steps_], skeleton, output=output)

    def run(self, action: str, files: dict[str, str] | None = None, **given: Any) -> str:
        """Carry out one action after a fetch."""
        return self.workshop.run(self.offer(self.step(action, **given), files=files))

    @staticmethod
    def step(action: str, **given: Any) -> dict[str, Any]:
        return {"action": action, "input": {"repoUrl": REPO_URL, **given}}

    def done(self, action: str, **given: Any) -> dict[str, Any]:
        """As `run`; the output of a run that ended well."""
        return self.workshop.output(self.run(action, **given))

    def error(self, run_id: str) -> str:
        return str(self.workshop.completion(run_id)["error"]["message"])

    def killed_at(self, point: str, ref: str, nth: int = 0) -> str:
        """Start a run, and kill the worker when it is about to write down its `nth` "intend" or "prove", or that the
        step after the fetch is complete; answers the run, whose lease has run out."""
        run_id = self.workshop.start(ref)
        self.kill_at(point, run_id, nth)
        return run_id

    def kill_at(self, point: str, run_id: str, nth: int = 0) -> None:
        """As `killed_at`, of a run that waits for a worker."""
        real = getattr(runner.Journal, point)
        seen: list[str] = []

        def dies(journal: Any, *args: Any, **more: Any) -> Any:
            if point == "complete" and args[1]["id"] == "fetch":
                return real(journal, *args, **more)
            seen.append(str(args[0]))
            if len(seen) > nth:
                raise Killed
            return real(journal, *args, **more)

        with self.monkeypatch.context() as patch:
            patch.setattr(runner.Journal, point, dies)
            with pytest.raises(Killed):
                execute_run(run_id)
        run_out(run_id)

    def killed_since_a_rollback(self, step: dict[str, Any], nth: int = 0) -> str:
        """A run that failed behind this step, was taken back and retried, and whose worker is killed when it is about
        to prove for the `nth` time what the step makes anew."""
        fails = {"action": "fs:rename", "input": {"files": [{"from": "nothing", "to": "x"}]}}
        run_id = self.workshop.run(self.offer(step, fails))
        assert self.workshop.api.post(f"/api/v1/scaffolder/runs/{run_id}/rollback", {}).status_code == 202
        roll_back(str(Rollback.objects.get(run_id=run_id).pk))
        assert self.workshop.api.post(f"{TASKS}/{run_id}/retry", {}).status_code == 201
        self.kill_at("prove", run_id, nth)
        return run_id

    def undo(self, run_id: str) -> list[str]:
        """Take back what a run made, newest first, as a rollback does; answers what was said."""
        said: list[str] = []
        for effect in Effect.objects.filter(run_id=run_id).order_by("-id"):
            undo = ACTIONS[effect.action].undo
            assert undo is not None
            made = Made(effect.kind, effect.key, effect.details, proved=effect.made_at is not None)
            undo(UndoContext(run_id, said.append), made)
        return said

    def facts(self, name: str = NAME) -> Facts:
        return self.hub.facts(name)

    @staticmethod
    def _outputs(step: dict[str, Any]) -> list[str]:
        action = ACTIONS[step["action"]]
        return list((action.output or {}).get("properties", {}))


@pytest.fixture
def publisher(workshop: Workshop, hub: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    return Publisher(workshop, hub, monkeypatch)


@pytest.fixture
def existing(hub: FakeGitHub) -> FakeGitHub:
    """acme/payments is there already, with a file."""
    hub.state.repository(NAME, {"README.md": b"# Theirs\n", "old.txt": b"old\n"})
    return hub


@pytest.fixture
def effects() -> Callable[[str], dict[str, dict[str, Any]]]:
    def look(run_id: str) -> dict[str, dict[str, Any]]:
        rows = Effect.objects.filter(run_id=run_id)
        return {row.kind: {"state": row.state, "key": row.key, **row.details} for row in rows}

    return look


def everything_kept(run_id: str) -> str:
    """All that is written of a run, in one text, to look for what must not be in it."""
    run = Run.objects.get(pk=run_id)
    parts = [run.spec, run.output, *(event.body for event in run.events.all())]
    parts += [(step.output, step.error) for step in run.steps.all()]
    parts += [(one.key, one.details, one.reason) for one in run.effects.all()]
    return repr(parts)
