"""Documentation of entities is read by a job, found by search, and never lost to a failed reading."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalog import actions
from catalog.actions import register, sync_configured
from catalog.ingest.refresh import refresh
from catalog.models import Documentation, Location, SearchDocument
from catalog.search import documentation, timetable
from core.api.subjects import Subject, System
from core.errors import Unavailable
from scm.local import LocalHost
from scm.port import CodeHost
from scm.registry import publishing_host
from scm.values import Author, RepositoryName
from tests.catalog.search.conftest import thing

TESTS = System("system:tests")
SHOP = RepositoryName("acme", "shop")
FILES = {
    "docs/index.md": "# The Shop\n\nSells **parcels** to [people](https://example.com/x).\n",
    "docs/guide/running.md": "---\ntitle: 'Running it'\nowner: me\n---\n# Other\n\n```\nmake zeppelin\n```\n",
    "docs/faq.md": "<script>alert(1)</script>\n\nWhy a [zebra][z]?\n\n[z]: https://example.com/zulu\n",
    "docs/.hidden.md": "zulu",
    "docs/notes.txt": "zulu",
    "README.md": "zulu",
}


def documented(name: str, ref: str = "dir:.", **more: str) -> str:
    annotations = f"  annotations:\n    backstage.io/techdocs-ref: {ref}\n"
    return thing(name, **more).replace("metadata:\n", f"metadata:\n{annotations}", 1)


def work() -> None:
    """Do what the sweep and the worker would."""
    timetable.follow_entities()
    for pk in timetable.due():
        documentation.read(str(pk))


@pytest.fixture
def repository(db: None, tmp_path: Path) -> Callable[[dict[str, str]], Location]:
    """Let the repository hold these files, and its catalog file be read."""
    local: CodeHost = publishing_host("local")
    local.create_repository(SHOP, description="", default_branch="main", private=True, made_by="tests")
    places: list[Location] = []

    def push(files: dict[str, str]) -> Location:
        folder = tmp_path / f"tree-{timezone.now().timestamp()}"
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        local.push_tree(SHOP, folder, branch="main", message="m", author=Author("Ana", "ana@example.com"))
        if not places:
            places.append(register("url", local.contents_url(SHOP, "main", "catalog-info.yaml"), by=TESTS))
        refresh(str(places[0].pk))
        Documentation.objects.update(next_read_at=timezone.now(), lease_until=None)
        work()
        return places[0]

    return push


def test_pages_are_found_with_their_entitys_facts(repository: Any, search: Any, titles: Any) -> None:
    repository({"catalog-info.yaml": documented("shop", title="The Shop Service"), **FILES})
    found = search("parcels")["results"]
    assert [(one["type"], one["document"]["location"]) for one in found] == [
        ("techdocs", "/docs/default/component/shop/")
    ]
    document = found[0]["document"]
    facts = {"type": "service", "componentType": "service", "lifecycle": "production", "owner": "team-a"}
    whose = {"kind": "component", "namespace": "default", "name": "shop", "entityTitle": "The Shop Service"}
    where = {"path": "", "location": "/docs/default/component/shop/"}
    said = {"title": "The Shop", "text": "The Shop Sells parcels to people."}
    assert document == {**said, **where, **whose, **facts}
    assert titles("zeppelin") == ["Running it"]
    assert search("running it")["results"][0]["document"]["path"] == "guide/running/"
    zebra = search("zebra")["results"][0]
    assert zebra["document"]["text"] == "Why a zebra?"
    assert search("zulu")["numberOfResults"] == search("alert")["numberOfResults"] == 0
    asked = {"filters[kind]": "component", "filters[name]": "shop", "filters[namespace]": "default"}
    answer = search("", **{"types[0]": "techdocs"}, **asked, pageCursor="")
    assert answer["numberOfResults"] == 3
    assert titles("shop", types="software-catalog") == ["The Shop Service"]


def test_a_page_changes_with_its_file_and_goes_with_it(repository: Any, titles: Any) -> None:
    catalog_file = {"catalog-info.yaml": documented("shop")}
    repository({**catalog_file, **FILES})
    before = set(SearchDocument.objects.exclude(page="").values_list("pk", "page"))
    repository({**catalog_file, **FILES, "docs/faq.md": "Why a giraffe?"})
    assert titles("giraffe") == ["faq.md"]
    assert titles("zebra") == []
    assert set(SearchDocument.objects.exclude(page="").values_list("pk", "page")) == before
    repository({**catalog_file, "README.md": "# Read me\n\nzulu"})
    assert titles("zulu") == ["Read me"]
    assert titles("giraffe") == titles("zeppelin") == []
    repository({"catalog-info.yaml": thing("shop")})
    assert titles("zulu") == []
    assert not Documentation.objects.exists()


def test_facts_of_the_entity_reach_its_pages(repository: Any, titles: Any) -> None:
    repository({"catalog-info.yaml": documented("shop", owner="team-a"), **FILES})
    repository({"catalog-info.yaml": documented("shop", owner="team-b"), **FILES})
    assert titles("parcels", **{"filters[owner]": "team-b"}) == ["The Shop"]
    assert titles("parcels", **{"filters[owner]": "team-a"}) == []


def test_a_reading_that_fails_takes_nothing_away(
    repository: Any, titles: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = repository({"catalog-info.yaml": documented("shop"), **FILES})

    def away(*_: object) -> list[str]:
        raise Unavailable("the host is away")

    Documentation.objects.update(next_read_at=timezone.now())
    with monkeypatch.context() as broken:
        broken.setattr(LocalHost, "list_files", away)
        work()
    row = Documentation.objects.get()
    assert (row.error, row.failures) == ("the host is away", 1)
    assert row.next_read_at > timezone.now() + timedelta(hours=1)
    assert titles("parcels") == ["The Shop"]
    timetable.hurry(place)
    work()
    row.refresh_from_db()
    assert (row.error, row.failures) == ("", 0)


def test_who_lost_the_lease_or_the_entity_writes_nothing(
    repository: Any, titles: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository({"catalog-info.yaml": documented("shop"), **FILES})
    SearchDocument.objects.exclude(page="").delete()
    read_pages = documentation.read_pages

    def slow(*given: Any) -> Any:
        Documentation.objects.update(attempts=99)
        return read_pages(*given)

    monkeypatch.setattr(documentation, "read_pages", slow)
    Documentation.objects.update(next_read_at=timezone.now())
    work()
    assert titles("parcels") == []


def test_bounds_and_places_that_are_refused(
    repository: Any, titles: Any, settings: Settings, tmp_path: Path
) -> None:
    many = {f"docs/page-{number:03}.md": f"# P{number}\n\nyak" for number in range(210)}
    large = {"docs/a-large.md": "yak " * 100_000}
    repository({"catalog-info.yaml": documented("shop"), **many, **large})
    assert titles("yak", pageLimit=100, types="techdocs")
    assert SearchDocument.objects.exclude(page="").count() == 199
    error = Documentation.objects.get().error
    assert "211 files, of which the first 200 are read" in error
    assert "a-large.md has more than 256 KB" in error
    for ref in (
        "dir:../../..",
        "url:http://169.254.169.254/latest",
        "url:file:/etc",
        "dir:",
        "passwd",
        "file:/etc",
    ):
        repository({"catalog-info.yaml": documented("shop", ref=f"'{ref}'"), **FILES})
        assert Documentation.objects.get().error, ref


def test_files_of_a_configured_folder(db: None, settings: Settings, tmp_path: Path, titles: Any) -> None:
    inside = tmp_path / "configured"
    for path, text in {
        "catalog-info.yaml": documented("shop", ref="dir:./sub"),
        "sub/docs/index.md": "# In\n\nyak",
    }.items():
        (inside / path).parent.mkdir(parents=True, exist_ok=True)
        (inside / path).write_text(text)
    (tmp_path / "outside.md").write_text("# Out\n\nzulu")
    (inside / "sub/docs/link.md").symlink_to(tmp_path / "outside.md")
    settings.GREENROOM_CATALOG_LOCATIONS = [f"file:{inside}/catalog-info.yaml"]
    sync_configured(by=TESTS)
    refresh(str(Location.objects.get().pk))
    work()
    assert titles("yak") == ["In"]
    assert titles("zulu") == []


def test_an_entity_goes_with_its_pages(repository: Any, titles: Any, settings: Settings) -> None:
    place = repository({"catalog-info.yaml": documented("shop"), **FILES})
    actions.unregister(place, by=TESTS)
    assert titles("parcels") == []
    assert not Documentation.objects.exists()


def test_pages_are_seen_by_those_who_see_their_entity(repository: Any) -> None:
    from catalog.search.asking import Wanted
    from catalog.search.finding import find

    repository({"catalog-info.yaml": documented("shop", owner="team-b"), **FILES})
    limits = {"rule": "HAS_SPEC", "params": {"key": "owner", "value": "team-a"}}
    stranger = Subject("service", "t", frozenset({"*"}), conditions={"catalog.entity.read": limits})
    assert find(Wanted("parcels"), stranger).total == 0
    assert find(Wanted("parcels"), Subject("service", "t", frozenset({"*"}))).total == 1
