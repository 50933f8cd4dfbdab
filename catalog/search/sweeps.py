"""What nobody rings for: new entries that wait to be sorted in, and entities that an older version left out."""

from datetime import timedelta

from catalog.search import index, reindex
from core.sweeps import sweep


@sweep("catalog.search_tidy", every=timedelta(seconds=10))
def tidy() -> None:
    """Sort in what was added in bulk; until then a search looks it through one by one."""
    index.tidy()


@sweep("catalog.search_missing", every=timedelta(minutes=5))
def index_missing() -> None:
    """Index entities that are not indexed: after an upgrade from a version without search there are many."""
    reindex.missing()
