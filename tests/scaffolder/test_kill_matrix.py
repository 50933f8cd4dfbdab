"""The worker dies at every moment of the main job: before and after each write, each call to the host, each child process.

Moments are counted, not listed: the run is killed at the first, then at the second, and so on until it ends unharmed. Each
time somebody goes on, or takes back what there is. The host's own listing tells what there is then: all of it once, or nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import pytest

from catalog.models import Entity
from core import children
from core.errors import NotFound
from scaffolder import runner
from scaffolder.fencing import Fence
from scaffolder.models import Effect, Run
from scaffolder.rollback import runner as rollback_runner
from scaffolder.rollback.actions import roll_back as ask_for_rollback
from scaffolder.rollback.models import Rollback
from scaffolder.tasks import execute_run, roll_back
from scm import storage
from scm.fakes.github import FakeGitHub
from scm.local import LocalHost
from scm.port import CodeHost, History, Listing, Publishing, Reading
from scm.registry import publishing_host
from scm.values import RepositoryName
from tests.scaffolder.conftest import BY, TASKS, Workshop
from tests.scaffolder.github.conftest import hub  # noqa: F401 - a fixture
from tests.scaffolder.test_recovery import Killed, run_out
from tests.scaffolder.test_runs import SERVICE, SKELETON

pytestmark = pytest.mark.django_db

MOST_MOMENTS = 300
"""More would mean that the run never ends."""


class Reaper:
    """Counts moments, and kills whoever works at the one it is set to."""

    def __init__(self) -> None:
        self.at = 0
        self.seen = 0
        self.where = ""
        self._within = False

    def moment(self, where: str) -> None:
        """One more moment; the end of the worker when it is the one."""
        self.seen += 1
        if self.seen == self.at:
            self.where = where
            raise Killed

    def watched(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """The same call with a moment before and one after it."""

        @wraps(real)
        def call(*args: Any, **more: Any) -> Any:
            self.moment(f"before {name}")
            answer = real(*args, **more)
            self.moment(f"after {name}")
            return answer

        return call

    @contextmanager
    def set_to(self, at: int, host: CodeHost, patch: pytest.MonkeyPatch) -> Iterator[None]:
        """Let the body's worker die at its `at`-th moment."""
        self.at, self.seen, self.where = at, 0, ""
        calls = {name for port in (Reading, Publishing) for name in vars(port) if not name.startswith("_")}
        with patch.context() as traps:
            for name in sorted(calls - {"host"}):
                traps.setattr(type(host), name, self.watched(name, getattr(type(host), name)))
            traps.setattr(Fence, "write", self.watched("a write", Fence.write))
            traps.setattr(children, "run", self.watched("a child", children.run))
            yield


@dataclass
class HostWorld:
    """A code host on which the main job is done."""

    host: CodeHost
    action: str
    on_disk: bool = False

    def there(self, name: str) -> bool:
        """Whether the host lists acme's repository of that name, or has anything of it on its disk."""
        assert isinstance(self.host, Listing)
        try:
            listed = [str(one.name) for one in self.host.repositories("acme")]
        except NotFound:
            listed = []
        assert listed.count(f"acme/{name}") < 2
        on_disk = self.on_disk and storage.folder_of(RepositoryName("acme", name)).exists()
        return f"acme/{name}" in listed or on_disk

    def commits(self, name: str) -> int:
        assert isinstance(self.host, History)
        return len(list(self.host.commits(RepositoryName("acme", name), "main")))


def on_local(_request: pytest.FixtureRequest) -> HostWorld:
    assert isinstance(publishing_host("local"), LocalHost)
    return HostWorld(publishing_host("local"), "publish:local", on_disk=True)


def on_fake_github(request: pytest.FixtureRequest) -> HostWorld:
    fake = request.getfixturevalue("hub")
    assert isinstance(fake, FakeGitHub)
    return HostWorld(publishing_host("github.test"), "publish:github")


@pytest.fixture(params=[on_local, on_fake_github], ids=lambda make: make.__name__)
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> HostWorld:
    monkeypatch.setattr(runner, "PAUSE", 0.0)
    monkeypatch.setattr(rollback_runner, "PAUSE", 0.0)
    make: Callable[[pytest.FixtureRequest], HostWorld] = request.param
    return make(request)


@pytest.fixture
def template(workshop: Workshop, world: HostWorld) -> str:
    """The main job, for the world's host."""
    fetch, _, register = SERVICE
    address = f"{world.host.host}?owner=acme&repo=" + "${{ parameters.name }}"
    publish = {"id": "publish", "action": world.action, "input": {"repoUrl": address}}
    return workshop.offer("service", [fetch, publish, register], SKELETON)


def killed_runs(
    workshop: Workshop, template: str, world: HostWorld, patch: pytest.MonkeyPatch
) -> Iterator[tuple[str, str, str]]:
    """A run for each moment, killed at it: its id, the name it was given, and the moment. The last one is not killed."""
    reaper = Reaper()
    for moment in range(1, MOST_MOMENTS):
        name = f"p{moment}"
        run_id = workshop.start(template, {"name": name})
        try:
            with reaper.set_to(moment, world.host, patch):
                execute_run(run_id)
        except Killed:
            run_out(run_id)
            yield run_id, name, f"moment {moment}, {reaper.where}"
        else:
            assert moment > 20, "the job has more moments than these: they are no longer counted"
            yield run_id, name, "unharmed"
            return
    raise AssertionError(f"not over after {MOST_MOMENTS} moments")


def take_back(workshop: Workshop, run_id: str) -> None:
    """Cancel what still goes on, and have all taken back, as a person would."""
    workshop.api.post(f"{TASKS}/{run_id}/cancel")
    execute_run(run_id)
    ask_for_rollback(run=Run.objects.get(pk=run_id), by=BY)
    for asked in Rollback.objects.filter(run_id=run_id):
        roll_back(str(asked.pk))


def entity_of(name: str) -> bool:
    return Entity.objects.filter(ref=f"component:default/{name}").exists()


def test_who_goes_on_makes_it_whole_and_once(
    workshop: Workshop, template: str, world: HostWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run_id, name, moment in killed_runs(workshop, template, world, monkeypatch):
        execute_run(run_id)
        assert workshop.task(run_id)["status"] == "completed", (moment, workshop.messages(run_id))
        assert world.there(name), moment
        assert world.commits(name) == 1, moment
        assert entity_of(name), moment
        effects = Effect.objects.filter(run_id=run_id).values_list("kind", "state")
        wanted = [(kind, "made") for kind in ("commit", "location", "repository")]
        assert [one for one in sorted(effects) if one[0] in {"commit", "location", "repository"}] == wanted
        assert {state for _, state in effects} == {"made"}, (moment, effects)


def test_who_takes_it_back_leaves_nothing(
    workshop: Workshop, template: str, world: HostWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run_id, name, moment in killed_runs(workshop, template, world, monkeypatch):
        take_back(workshop, run_id)
        assert not world.there(name), moment
        assert not entity_of(name), moment
        left = Effect.objects.filter(run_id=run_id).exclude(state="undone")
        assert not left, (moment, [(str(one), one.state, one.reason) for one in left])
        assert not Rollback.objects.filter(run_id=run_id).exclude(state="done"), moment
