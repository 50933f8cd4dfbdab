"""What nobody rings for: new entries that wait to be sorted in, entities that were left out, documentation to read."""

from datetime import timedelta

from catalog.jobs import READ_DOCUMENTATION
from catalog.search import index, reindex, timetable
from core.sweeps import sweep


@sweep("catalog.search_tidy", every=timedelta(seconds=10))
def tidy() -> None:
    """Sort in what was added in bulk; until then a search looks it through one by one."""
    index.tidy()


@sweep("catalog.search_missing", every=timedelta(minutes=5))
def index_missing() -> None:
    """Index entities that are not indexed: after an upgrade from a version without search there are many."""
    reindex.missing()


@sweep("catalog.documentation", every=timedelta(seconds=30))
def ring_due_documentation() -> None:
    """Keep track of who has documentation, and ring for what is due to be read."""
    timetable.follow_entities()
    for pk in timetable.due():
        READ_DOCUMENTATION.now(str(pk))
