"""The worker of the main job dies at every moment there is; then the run goes on, or is taken back: all, or nothing.

What is there is what the host itself lists. Moments are not written down here: a run that lives tells them.
"""

import os
import random
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count

import pytest
from django.utils import timezone

from catalog.models import Location
from core.errors import GreenroomError
from scaffolder import runner
from scaffolder.models import Effect, Instance, Run
from scaffolder.rollback import runner as undoing
from scaffolder.rollback.models import Rollback
from scaffolder.states import FINISHED
from scaffolder.tasks import execute_run
from scm import registry
from scm.budget import forget_budgets
from scm.port import Hooks, Listing, Protecting
from scm.values import Author, RepositoryName
from tests.conftest import Api
from tests.scaffolder.conftest import Workshop
from tests.scaffolder.killing import Reaper, reaper
from tests.scaffolder.test_main_job import HOOK, Place, github, gitlab, local, offered
from tests.scaffolder.test_rollback import ask, carry_out
from tests.scaffolder.traps import run_out

pytestmark = [pytest.mark.django_db, pytest.mark.live]

WHOLE = bool(os.environ.get("GREENROOM_LIVE"))
"""`make live` tries every moment on every host; each other run every second on the local host, and every fifth on the others."""

FILES = ["README.md", "catalog-info.yaml"]
MAKERS: tuple[Callable[[], Iterator[Place]], ...] = (local, github, gitlab)
"""A host that is to be published to is added here."""


class Matrix:
    """One host, one template, and a run of it for each moment, into a repository of its own."""

    def __init__(self, workshop: Workshop, api: Api, place: Place, death: Reaper) -> None:
        self.workshop, self.api, self.place, self.death = workshop, api, place, death
        self.ref = offered(workshop, place)
        self.number = 0
        self.before = self.listed()
        self.locations = self.other_locations()

    def listed(self) -> list[str]:
        """The host's own list of what is there, with each branch's head."""
        host = self.place.host
        assert isinstance(host, Listing)
        names = sorted(one.name for one in host.repositories(self.place.owner))
        return [f"{name} {sorted((b.name, b.sha) for b in host.branches(name))}" for name in names]

    @property
    def stride(self) -> int:
        """Of how many moments one is tried."""
        if WHOLE:
            return 1
        return 2 if self.place.host.host == "local" else 5

    @staticmethod
    def other_locations() -> set[str]:
        """What the catalog reads and none of these runs registered."""
        return set(Location.objects.exclude(target__contains="/payments-").values_list("target", flat=True))

    def start(self) -> str:
        """A run for a service of another name than all before; nothing has happened yet."""
        self.number += 1
        answers = {"name": self.name.name, "owner": "group:default/money"}
        return self.workshop.start(self.ref, answers, secrets={"hook": "h00k-canary-1"})

    @property
    def name(self) -> RepositoryName:
        """What the latest run makes."""
        letters = chr(97 + self.number // 26) + chr(97 + self.number % 26)
        return RepositoryName(self.place.owner, f"payments-{letters}")

    def moments(self) -> list[str]:
        """All moments of a run that nobody kills; what it made is gone again."""
        run_id = self.start()
        with self.death.beside():
            execute_run(run_id)
        self.check_whole(run_id)
        self.clear()
        return self.death.passed

    def dies(self, run_id: str, at: int, *, over: bool = False) -> str:
        """Kill the run's worker at a moment, which may be `over`; answer which that was."""
        killed = self.death.dies(lambda: execute_run(run_id), at)
        assert killed or over, f"it lived longer than its moment {at}"
        return f"{at} {killed}"

    def next_worker(self, run_id: str) -> None:
        run_out(run_id)
        execute_run(run_id)

    def check_whole(self, run_id: str) -> None:
        """One of everything, as it is when nobody dies."""
        said = self.workshop.messages(run_id)
        assert self.workshop.task(run_id)["status"] == "completed", said
        assert sum(text.startswith("Run completed") for text in said) == 1
        name, host = self.name, self.place.host
        assert isinstance(host, Listing)
        (made,) = [one for one in host.repositories(self.place.owner) if one.name not in self.theirs()]
        assert (made.name, made.default_branch, made.private) == (name, "main", True)
        assert made.description == "", "the mark of the run is still there"
        assert [branch.name for branch in host.branches(name)] == ["main"]
        assert host.list_files(name, "main") == FILES
        assert host.read_file(name, "main", "README.md") == f"# {name.name}\n\nfirst\n".encode()
        assert self.commits() == 1
        assert isinstance(host, Protecting)
        rules = host.branch_rules(name, "main")
        assert rules is not None
        assert rules.approvals == 1
        assert isinstance(host, Hooks)
        assert [one.url for one in host.hooks(name)] == [HOOK]
        assert Location.objects.filter(target__contains=f"{name}/").count() == 1
        entity = f"component:default/{name.name}"
        assert self.workshop.output(run_id)["entityRef"] == entity
        assert self.entity() == 200
        assert [one.entity_ref for one in Instance.objects.filter(run_id=run_id)] == [entity]
        assert set(self.effects(run_id)) == {"made"}

    def clear(self) -> None:
        """Make room for the next run, by the host's own way."""
        host = self.place.host
        assert isinstance(host, Listing)
        for one in list(host.repositories(self.place.owner)):
            if one.name not in self.theirs():
                host.delete_repository(one.name, repository_id=one.id)
        assert self.listed() == self.before

    def check_nothing(self, run_id: str) -> None:
        """Nothing of the run is anywhere, and what others made is as it was."""
        assert self.listed() == self.before
        assert self.other_locations() == self.locations
        assert not Location.objects.filter(target__contains=f"{self.name}/").exists()
        assert self.entity() == 404
        assert not Instance.objects.filter(run_id=run_id).exists()
        assert set(self.effects(run_id)) <= {"undone"}

    def cancel(self, run_id: str) -> None:
        """Cancel a run whose worker is dead, and let it end."""
        assert self.api.post(f"/api/scaffolder/v2/tasks/{run_id}/cancel").status_code == 200
        self.next_worker(run_id)
        assert Run.objects.get(pk=run_id).state in FINISHED

    def undo(self, run_id: str) -> None:
        if ask(self.api, run_id)["rollback"]:
            carry_out(run_id)

    def dies_undoing(self, run_id: str, at: int) -> str:
        """Roll back; its worker is killed at a moment, and another goes on. Which moment that was; "" when it lived."""
        ask(self.api, run_id)
        killed = self.death.dies(lambda: carry_out(run_id), at)
        Rollback.objects.filter(run_id=run_id).update(lease_until=timezone.now() - timedelta(seconds=1))
        carry_out(run_id)
        return killed and f"{at} {killed}"

    def theirs(self) -> set[RepositoryName]:
        return {RepositoryName.parse(one.partition(" ")[0]) for one in self.before}

    def commits(self) -> int:
        assert self.place.folder is not None
        counted = ["git", "-C", str(self.place.folder(self.name)), "rev-list", "--all", "--count"]
        return int(subprocess.run(counted, capture_output=True, text=True, check=True).stdout)

    def entity(self) -> int:
        return self.api.get(f"/api/catalog/entities/by-name/component/default/{self.name.name}").status_code

    @staticmethod
    def effects(run_id: str) -> list[str]:
        return list(Effect.objects.filter(run_id=run_id).values_list("state", flat=True))


@pytest.fixture(params=MAKERS, ids=lambda make: make.__name__)
def matrix(
    request: pytest.FixtureRequest, workshop: Workshop, api: Api, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Matrix]:
    forget_budgets()
    monkeypatch.setattr(runner, "PAUSE", 0.0)
    monkeypatch.setattr(undoing, "PAUSE", 0.0)
    for place in request.param():
        known = place.host.host in registry.hosts()
        if not known:
            registry.register(place.host)
        stand_before(place, workshop)
        yield Matrix(workshop, api, place, reaper(monkeypatch, place.host))
        if not known:
            registry.forget(place.host.host)


def stand_before(place: Place, workshop: Workshop) -> None:
    """Somebody else's repository with the same owner."""
    name, folder = RepositoryName(place.owner, "ledger"), workshop.folder / "ledger"
    folder.mkdir()
    (folder / "README.md").write_text("# Theirs\n")
    host, author = place.host, Author("Somebody", "somebody@example.org")
    made = {"description": "", "default_branch": "main", "private": True, "made_by": "run:other"}
    host.create_repository(name, **made)  # type: ignore[arg-type]
    host.push_tree(name, folder, branch="main", message="Theirs", author=author)


def held(cases: Iterator[tuple[str, Callable[[], None]]]) -> int:
    """Look at all cases, then fail with all that do not hold; answer how many there were."""
    total, broken = 0, []
    for name, check in cases:
        total += 1
        try:
            check()
        except (AssertionError, ValueError, GreenroomError) as error:
            broken.append(f"{name}: {str(error)[:500] or repr(error)}")
    assert not broken, f"{len(broken)} of {total}:\n" + "\n".join(broken)
    return total


def test_another_worker_makes_it_whole(matrix: Matrix) -> None:
    def cases() -> Iterator[tuple[str, Callable[[], None]]]:
        for at in range(0, len(matrix.moments()), matrix.stride):
            run_id = matrix.start()
            killed = matrix.dies(run_id, at)
            matrix.next_worker(run_id)
            yield killed, lambda run_id=run_id: matrix.check_whole(run_id)
            matrix.clear()

    assert held(cases()) > 20 // matrix.stride


def test_what_there_is_of_it_is_taken_back(matrix: Matrix) -> None:
    def cases() -> Iterator[tuple[str, Callable[[], None]]]:
        for at in range(0, len(matrix.moments()), matrix.stride):
            run_id = matrix.start()
            killed = matrix.dies(run_id, at)
            matrix.cancel(run_id)
            matrix.undo(run_id)
            yield killed, lambda run_id=run_id: matrix.check_nothing(run_id)
            matrix.clear()

    assert held(cases()) > 20 // matrix.stride


def test_the_worker_that_takes_it_back_dies_too(matrix: Matrix) -> None:
    def cases() -> Iterator[tuple[str, Callable[[], None]]]:
        for at in count(0, matrix.stride):
            run_id = matrix.start()
            execute_run(run_id)
            killed = matrix.dies_undoing(run_id, at)
            if not killed:
                return
            yield killed, lambda run_id=run_id: matrix.check_nothing(run_id)
            matrix.clear()

    assert held(cases()) > 8 // matrix.stride


def test_two_deaths_in_one_run(matrix: Matrix) -> None:
    """And one more, of the worker that takes back what became whole."""

    def cases() -> Iterator[tuple[str, Callable[[], None]]]:
        chance = random.Random(4)
        moments = len(matrix.moments())
        for _ in range(6):
            run_id = matrix.start()
            killed = matrix.dies(run_id, chance.randrange(moments))
            run_out(run_id)
            killed += f", {matrix.dies(run_id, chance.randrange(moments // 2), over=True)}"
            matrix.next_worker(run_id)
            yield killed, lambda run_id=run_id: matrix.check_whole(run_id)
            killed += f", {matrix.dies_undoing(run_id, chance.randrange(10))}"
            yield killed, lambda run_id=run_id: matrix.check_nothing(run_id)
            matrix.clear()

    assert held(cases()) == 12
