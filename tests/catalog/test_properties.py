"""Whatever happens to files, the catalog ends as if it had only ever seen them as they are now."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, example, given, note
from hypothesis import settings as profile
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from tests.catalog.conftest import FileServer
from tests.catalog.world import BELOW, FOLDER_ROOT, ORIGIN, World, lasting, work

CHANGES = ("add", "change", "move", "remove", "rename", "break", "garble", "lose", "mend", "lead")
FAULTS = ("break", "garble", "lose")
WORK = ("refresh", "refresh", "refresh", "register", "unregister", "delete", "sweep")
Step = tuple[str, int, int]


def steps(verbs: tuple[str, ...], least: int, most: int) -> st.SearchStrategy[list[Step]]:
    step = st.tuples(st.sampled_from(verbs), st.integers(0, 6), st.integers(0, 7))
    return st.lists(step, min_size=least, max_size=most)


def per_run(count: int) -> Any:
    """So many examples in CI, as found; many more, and shrunk, with `--hypothesis-profile=thorough`."""
    thorough = profile.get_current_profile_name() == "thorough"
    return profile(
        max_examples=count * (40 if thorough else 1),
        phases=list(Phase) if thorough else [Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        derandomize=not thorough,
        deadline=None,
    )


@contextmanager
def undone() -> Iterator[None]:
    """A catalog of its own: what happens inside is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def writes() -> dict[str, int]:
    """Rows written to the catalog's tables by the running transaction; a location's own row may change."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables "
            "WHERE relname LIKE 'catalog\\_%' AND relname <> 'catalog_location'"
        )
        return dict(cursor.fetchall())


@pytest.fixture
def world(web: FileServer, api: Any, settings: Settings, tmp_path: Path) -> Callable[[], World]:
    """A new world, in which nothing exists yet."""
    settings.GREENROOM_ORPHAN_GRACE = timedelta(0)
    settings.GREENROOM_CATALOG_LOCATIONS = [f"file:{tmp_path}/{FOLDER_ROOT}"]
    (tmp_path / "folder").mkdir()
    return lambda: World.empty(web, tmp_path / "folder", api)


def live(world: World, first: list[Step], life: list[Step]) -> None:
    """Start with some files, let things happen, mend what is broken, and come to rest."""
    world.leads = {"a.yaml": BELOW}
    for step in [*first, ("register", 0, 0), ("register", 1, 0), ("refresh", 6, 0), *life]:
        world.do(*step)
    world.mend()
    world.settle()
    note(f"files: {world.files}\nleads: {world.leads}\nregistered: {world.registered}")


HAND_OVER = [("add", 0, 0), ("add", 1, 0)], [("refresh", 6, 0), ("remove", 0, 0), ("refresh", 6, 0)]
COME_BACK = [("add", 0, 0)], [("remove", 0, 0), ("refresh", 6, 0), ("add", 0, 0)]


@example(*HAND_OVER)
@example(*COME_BACK)
@given(first=steps(("add",), 2, 9), life=steps((*CHANGES, *WORK), 3, 16))
@per_run(14)
def test_any_history_ends_in_the_catalog_of_the_last_state(
    world: Callable[[], World], first: list[Step], life: list[Step]
) -> None:
    with undone():
        lived = world()
        live(lived, first, life)
        entities, answers, claims = lived.entities(), lived.answers(), lived.claims()
        assert not [ref for ref, entity in entities.items() if "status" in entity]

    # several files may claim a name, and then history decides who has it: leave it to the one that has
    contested = {ref for ref, claim in claims.items() if len({root for root, _ in claim}) > 1}
    holder = {ref: lived.place_of(entities[ref]) for ref in contested}
    for ref, place in holder.items():
        assert place in {claimed for _, claimed in claims[ref]}
    only = {
        place: [one for one in documents if holder.get(one.ref, place) == place]
        for place, documents in lived.files.items()
    }
    with undone():
        fresh = replace(lived, files=only)
        fresh.start(lived.registered)
        fresh.settle()
        expected = fresh.entities()
        assert entities.keys() == expected.keys() == {*claims, *(root.entity_ref for root in lived.roots)}
        for ref, entity in entities.items():
            without = [ORIGIN] if ref in contested else []
            assert lasting(entity, without=without) == lasting(expected[ref], without=without)
        assert fresh.answers() == answers


@given(first=steps(("add",), 2, 9), life=steps((*CHANGES, *WORK), 0, 6), faults=steps(FAULTS, 1, 4))
@per_run(8)
def test_no_fault_loses_anything_and_unchanged_files_write_nothing(
    world: Callable[[], World], first: list[Step], life: list[Step], faults: list[Step]
) -> None:
    with undone():
        lived = world()
        live(lived, first, life)
        before, claims = lived.entities(), lived.claims()
        quiet = writes()
        lived.refresh()
        work()
        assert writes() == quiet, "a reading of unchanged files wrote something"
        for verb, one, other in faults:
            if verb == "lose" and one in (4, 5):  # a file that leaves its folder is gone, not lost
                verb = "garble"
            lived.do(verb, one, other % 3)  # nor is a document under another name a broken one
        lived.settle()
        broken = lived.entities()
        for ref, entity in before.items():
            assert ref in broken, f"{ref} was lost when its file broke"
            if len({place for _, place in claims.get(ref, ())}) < 2:
                kept = broken[ref]
                assert (kept["metadata"]["uid"], kept["spec"]) == (entity["metadata"]["uid"], entity["spec"])
        quiet = writes()
        lived.refresh()
        work()
        assert writes() == quiet, "a second reading of broken files wrote something"
        lived.mend()
        lived.settle()
        assert lived.entities() == before
