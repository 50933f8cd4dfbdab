"""Two locations want one name: the first keeps it, the other is told so, and gets it as soon as it is free."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from catalog.actions import sync_configured
from catalog.models import Location
from core.api.subjects import System
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, several
from tests.catalog.world import work

TESTS = System("system:tests")
WEB = "/api/catalog/entities/by-name/component/default/web"


@pytest.fixture
def claimed(api: Any, web: FileServer) -> tuple[str, str]:
    """Two registered files with the component `web`, owned by `one` and by `two`; the first one holds it."""
    urls = (
        web.put("a.yaml", several(component("web", owner="one"), component("other"))),
        web.put("b.yaml", component("web", owner="two")),
    )
    for url in urls:
        assert api.post("/api/catalog/locations", {"type": "url", "target": url}).status_code == 201
        work()
    assert api.get(WEB).json()["spec"]["owner"] == "one"
    return urls


def read_again(api: Any, url: str) -> None:
    """What a push to that file's repository brings about."""
    Location.objects.filter(target=url).update(next_refresh_at="2000-01-01T00:00:00Z")
    work()


def test_the_other_location_shows_who_has_the_name(api: Any, claimed: tuple[str, str]) -> None:
    other = Location.objects.get(target=claimed[1])
    (error,) = other.errors
    assert error["ref"] == "component:default/web"
    assert claimed[0] in error["message"]
    assert Location.objects.get(target=claimed[0]).errors == []


def forget(api: Any, web: FileServer, url: str) -> None:
    web.put("a.yaml", component("other"))
    read_again(api, url)


def rename(api: Any, web: FileServer, url: str) -> None:
    web.put("a.yaml", several(component("shop", owner="one"), component("other")))
    read_again(api, url)


def unregister(api: Any, web: FileServer, url: str) -> None:
    place = Location.objects.get(target=url)
    assert api.delete(f"/api/catalog/locations/{place.pk}").status_code == 204
    work()


def move_the_location(api: Any, web: FileServer, url: str) -> None:
    place = Location.objects.get(target=url)
    target = web.put("c.yaml", component("other"))
    assert api.put(f"/api/catalog/locations/{place.pk}", {"type": "url", "target": target}).status_code == 200
    work()


@pytest.mark.parametrize(
    "go",
    [
        forget,
        rename,
        unregister,
        move_the_location,
    ],
)
def test_when_the_first_lets_go_the_other_has_it_at_once(
    api: Any, web: FileServer, claimed: tuple[str, str], go: Callable[[Any, FileServer, str], None]
) -> None:
    go(api, web, claimed[0])
    entity = api.get(WEB).json()
    assert entity["spec"]["owner"] == "two"
    assert "backstage.io/orphan" not in entity["metadata"]["annotations"]
    assert Location.objects.get(target=claimed[1]).errors == []


def test_a_configured_location_that_is_no_longer_named_lets_go_too(
    api: Any, web: FileServer, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(component("web", owner="one"))
    settings.GREENROOM_CATALOG_LOCATIONS = [f"file:{tmp_path}/a.yaml"]
    sync_configured(by=TESTS)
    work()
    url = web.put("b.yaml", component("web", owner="two"))
    assert api.post("/api/catalog/locations", {"type": "url", "target": url}).status_code == 201
    work()
    assert api.get(WEB).json()["spec"]["owner"] == "one"
    settings.GREENROOM_CATALOG_LOCATIONS = []
    sync_configured(by=TESTS)
    work()
    assert api.get(WEB).json()["spec"]["owner"] == "two"


def test_a_broken_holder_keeps_the_name(api: Any, web: FileServer, claimed: tuple[str, str]) -> None:
    web.put("a.yaml", several(component("web").replace("  owner: team-a\n", ""), component("other")))
    read_again(api, claimed[0])
    read_again(api, claimed[1])
    assert api.get(WEB).json()["spec"]["owner"] == "one"
    web.statuses["a.yaml"] = 404
    read_again(api, claimed[0])
    read_again(api, claimed[1])
    assert api.get(WEB).json()["spec"]["owner"] == "one"
