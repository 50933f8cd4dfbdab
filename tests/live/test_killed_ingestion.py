"""Ingestion that is killed, cut off from PostgreSQL or overtaken at any moment ends in the same catalog."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalog.models import Location
from tests.catalog.conftest import FileServer, web
from tests.catalog.world import BELOW, FOLDER_ROOT, Document, World, lasting
from tests.conftest import Api

pytestmark = pytest.mark.live
ROOT = Path(__file__).resolve().parents[2]
__all__ = ["web"]  # the fixture


class Mortal:
    """The process of `tests/live/mortal.py`."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/live/mortal.py")],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, command: Any) -> list[dict[str, Any]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return list(json.loads(self._process.stdout.readline()))

    def refresh(self, target: str, how: str = "", at: int = 0) -> dict[str, Any]:
        """Refresh the location of a target in a process of its own; how that ended."""
        (found,) = self.tell([{"location": location(target), "how": how, "at": at}])
        return found

    def close(self) -> None:
        self._process.communicate(timeout=10)


def location(target: str) -> str:
    return str(Location.objects.get(target=target).pk)


@pytest.fixture
def world(transactional_db: None, web: FileServer, settings: Settings, tmp_path: Path, api: Api) -> World:
    settings.GREENROOM_ORPHAN_GRACE = timedelta(0)
    settings.GREENROOM_CATALOG_LOCATIONS = [f"file:{tmp_path}/{FOLDER_ROOT}"]
    (tmp_path / "folder").mkdir()
    return World.empty(web, tmp_path / "folder", api)


@pytest.fixture
def mortal(world: World, settings: Settings, tmp_path: Path) -> Iterator[Mortal]:
    """Workers with the test's own database, and without Redis: nothing here may need it."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    started = Mortal(
        kept
        | {
            "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database.geturl(),
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "GREENROOM_DATA": str(tmp_path / "data"),
            "GREENROOM_READING_ALLOW": world.web.host,
            "GREENROOM_CATALOG_LOCATIONS": ",".join(settings.GREENROOM_CATALOG_LOCATIONS),
            "GREENROOM_ORPHAN_GRACE_MINUTES": "0",
        }
    )
    yield started
    started.close()


State = dict[str, list[Document]]


def first() -> State:
    return {
        "a.yaml": [Document("ant", 1), Document("bee", 2), Document("dog", 0)],
        "b.yaml": [Document("cat", 1)],
        "more/1.yaml": [Document("elk", 3)],
        "more/2.yaml": [Document("fox", 1)],
        "folder/1.yaml": [Document("gnu", 2)],
        "folder/2.yaml": [],
    }


def second() -> State:
    """One changed, one gone, one new, one moved to another file, one moved to another location."""
    return {
        "a.yaml": [Document("ant", 5), Document("hen", 1), Document("dog", 1)],
        "b.yaml": [Document("cat", 1), Document("bee", 2)],
        "more/1.yaml": [],
        "more/2.yaml": [Document("fox", 2), Document("elk", 3)],
        "folder/1.yaml": [Document("gnu", 2)],
        "folder/2.yaml": [Document("ibis", 1)],
    }


Catalog = tuple[dict[str, Any], dict[str, Any]]


def seen(world: World) -> Catalog:
    """The catalog, without what is another's when an entity comes back."""
    return {ref: lasting(entity) for ref, entity in world.entities().items()}, world.answers()


def set_up(world: World) -> tuple[Catalog, Catalog]:
    """Start with the first state; answer what each of the two looks like when nobody disturbs."""
    world.leads = {"a.yaml": BELOW}
    world.files = first()
    world.start(["a.yaml", "b.yaml"])
    world.settle()
    before = seen(world)
    world.files = second()
    world.settle()
    after = seen(world)
    world.files = first()
    world.settle()
    assert seen(world) == before
    return before, after


def time_passes() -> None:
    """What was left behind is free again, as it is half a minute later."""
    Location.objects.update(lease_until=None, next_refresh_at=timezone.now())


def check_meanwhile(world: World, uids: dict[str, str]) -> None:
    """Whoever looks now sees a whole catalog: what both states have is there, as the same entity."""
    entities = world.entities()
    for ref, uid in uids.items():
        assert entities[ref]["metadata"]["uid"] == uid, f"{ref} was lost"
    world.answers()


@pytest.mark.parametrize("how", ["kill", "cut"])
def test_at_any_moment(world: World, mortal: Mortal, how: str) -> None:
    before, after = set_up(world)
    lasting_refs = before[0].keys() & after[0].keys()
    uids = {ref: entity["metadata"]["uid"] for ref, entity in world.entities().items() if ref in lasting_refs}
    target = world.web.url("a.yaml")
    states: list[tuple[Callable[[], State], Catalog]] = [(second, after), (first, before)]
    ends = []
    for at in range(1, 200, 1 if how == "kill" else 2):
        state, expected = states[len(ends) % 2]
        world.files = state()
        world.write()
        ended = mortal.refresh(target, how, at)
        ends.append(ended["end"])
        check_meanwhile(world, uids)
        time_passes()
        world.settle()
        assert seen(world) == expected, f"{how} at {at}"
        if ended["end"] == "done" and ended["spoken"] < at:
            break
    assert ends[-1] == "done"
    assert ends.count({"kill": "killed", "cut": "failed"}[how]) > 10, ends


def test_who_slept_through_its_lease_writes_nothing(world: World, mortal: Mortal) -> None:
    before, _ = set_up(world)
    target = world.web.url("a.yaml")
    for at in (*range(2, 12), *range(12, 200, 5)):
        world.files = second()
        world.write()
        ended = mortal.refresh(target, "pause", at)
        if ended["end"] == "done":
            break
        time_passes()
        world.files = first()
        overtaken = not is_copying()
        if overtaken:
            world.settle()
            assert seen(world) == before
        assert mortal.tell("resume")[0]["end"] in {"done", "failed"}
        assert not overtaken or seen(world) == before, f"paused at {at}, and wrote"
        time_passes()
        world.settle()
        assert seen(world) == before, f"paused at {at}"
    assert at > 10


def is_copying() -> bool:
    """Whether the paused one is in the middle of a COPY: PostgreSQL knows no time limit for that, and waits for it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
            " AND pid <> pg_backend_pid() AND query LIKE 'COPY %'"
        )
        return bool(cursor.fetchone()[0])


def test_many_workers_at_once(world: World, mortal: Mortal) -> None:
    before, after = set_up(world)
    places = [location(root.target) for root in world.roots]
    for turn in range(4):
        state, expected = ((second, after), (first, before))[turn % 2]
        world.files = state()
        world.write()
        mortal.tell([{"location": place, "how": "", "at": 0} for place in places * 2])
        world.settle()
        assert seen(world) == expected
    assert Location.objects.filter(lease_until__isnull=False).count() == 0
