"""The index and the catalog say the same, whatever happens to entities; and the index can be made anew."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from catalog import actions
from catalog.ingest.refresh import refresh
from catalog.models import Entity, SearchDocument, SearchWord
from catalog.search import index, reindex
from catalog.search.sweeps import index_missing, tidy
from core.api.subjects import System
from tests.catalog.conftest import FileServer
from tests.catalog.search.conftest import thing

TESTS = System("system:tests")


def as_made_now() -> set[tuple[Any, ...]]:
    """What the index would hold, were it made from the catalog now."""
    before = rows()
    with transaction.atomic():
        SearchDocument.objects.all().delete()
        reindex.everything()
        made = rows()
        transaction.set_rollback(True)
    assert rows() == before
    return made


def rows() -> set[tuple[Any, ...]]:
    columns = ("entity_id", "page", "prior", "document", "words", "checksum")
    return set(SearchDocument.objects.values_list(*columns))


def test_whatever_happens_the_index_is_what_it_would_be_made_anew(
    catalog: Any, api: Any, web: FileServer, settings: Settings
) -> None:
    settings.GREENROOM_ORPHAN_GRACE = timedelta(0)
    place = catalog(thing("a", description="one"), thing("b"), thing("c", kind="Resource", type_="database"))
    other = catalog(thing("d", title="Dee"), file="other.yaml")
    assert {one[0] for one in rows()} == set(Entity.objects.values_list("uid", flat=True))
    assert rows() == as_made_now()
    catalog(thing("a", description="two"), thing("b", title="Bee", tags="[java]"), "broken: [")
    assert rows() == as_made_now()
    web.statuses["other.yaml"] = 500
    refresh(str(other.pk))
    catalog(thing("b"), thing("d", title="Mine now"))
    assert rows() == as_made_now()
    actions.remove_orphans(by=TESTS)
    assert rows() == as_made_now()
    api.delete(f"/api/catalog/locations/{place.pk}")
    assert rows() == as_made_now()
    assert {one[0] for one in rows()} == set(Entity.objects.values_list("uid", flat=True))


def test_what_an_older_version_left_out_is_indexed_by_the_sweep(catalog: Any, titles: Any) -> None:
    catalog(thing("orders"), thing("billing"))
    SearchDocument.objects.all().delete()
    assert titles("orders") == []
    index_missing()
    tidy()
    assert titles("orders") == ["orders"]
    assert titles("ordres") == ["orders"]


def test_making_the_index_anew_mends_it_and_forgets_words_that_are_gone(catalog: Any, titles: Any) -> None:
    catalog(thing("orders"), thing("zeppelin"))
    catalog(thing("orders"))
    actions.remove_orphans(by=TESTS)
    SearchDocument.objects.update(words="'nonsense':1A", document="{}")
    assert SearchWord.objects.filter(word="zeppelin").exists()
    assert reindex.everything() == Entity.objects.count()
    assert titles("orders") == ["orders"]
    assert rows() == as_made_now()


def test_an_update_by_reference_writes_only_what_changed(
    catalog: Any, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    catalog(*(thing(f"parcel-{number}") for number in range(20)))
    before = rows()
    refs = list(Entity.objects.values_list("ref", flat=True))
    with django_assert_max_num_queries(3):
        index.update(refs)
    assert rows() == before
    SearchDocument.objects.filter(entity__name="parcel-7").update(document="{}", checksum=0)
    index.update(refs)
    assert rows() == before


@pytest.mark.parametrize("title", ["x" * 5_000, "it's \\ \\' ''", "a\tb\nc\rd", "\\N", '"quoted" {json}'])
def test_any_title_is_indexed_as_it_is(catalog: Any, search: Any, title: str) -> None:
    import json

    catalog(thing("odd").replace("name: odd", f"name: odd\n  title: {json.dumps(title)}"))
    assert search("odd")["results"][0]["document"]["title"] == title
    catalog(thing("odd").replace("name: odd", f"name: odd\n  title: {json.dumps(title + ' again')}"))
    assert search("odd")["results"][0]["document"]["title"] == f"{title} again"
