"""Reading through a code host, from configured folders and from web servers, and what is refused."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.test import TestCase
from pytest_django.fixtures import Settings

from catalog.actions import follow_event, ingest_now, register
from catalog.models import Entity, Location
from catalog.reading import LIMIT, fetch, read_tree, read_url, resolve
from catalog.refs import LocationRef
from core.api.subjects import System
from core.errors import GreenroomError, InputError, NotAllowed, NotFound, TooLarge
from scm.models import Event
from scm.port import CodeHost
from scm.registry import publishing_host
from scm.values import Author, RepositoryName
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, location

TESTS = System("system:tests")
PAYMENTS = RepositoryName("acme", "payments")


def push(local: CodeHost, folder: Path, files: dict[str, str], message: str = "Change") -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    local.push_tree(PAYMENTS, folder, branch="main", message=message, author=Author("Ana", "ana@example.com"))


@pytest.fixture
def local(db: None, data_folder: Path, tmp_path: Path) -> CodeHost:
    """The local host with one repository."""
    local = publishing_host("local")
    local.create_repository(PAYMENTS, description="", default_branch="main", private=True, made_by="tests")
    (tmp_path / "tree").mkdir()
    files = {
        "catalog-info.yaml": location("all", "./services/*/catalog-info.yaml"),
        "services/a/catalog-info.yaml": component("a", system="{$text: ./system.txt}"),
        "services/a/system.txt": "shop",
        "services/b/catalog-info.yaml": component("b"),
        "skeleton/README.md": "# hello",
    }
    push(local, tmp_path / "tree", files, "Start")
    return local


def test_a_repository_is_read_with_wildcards_and_placeholders(local: CodeHost) -> None:
    place = register("url", local.contents_url(PAYMENTS, "main", "catalog-info.yaml"), by=TESTS)
    refs = ingest_now(place)
    assert [ref for ref in refs if ref.startswith("component")] == [
        "component:default/a",
        "component:default/b",
    ]
    document = Entity.objects.by_ref("component:default/a").document
    assert document["spec"]["system"] == "shop"
    annotations = document["metadata"]["annotations"]
    folder = local.contents_url(PAYMENTS, "main", "services/a").rstrip("/")
    assert annotations["backstage.io/source-location"] == f"url:{folder}/"
    assert annotations["backstage.io/view-url"] == f"{folder}/catalog-info.yaml".replace("/tree/", "/blob/")


def test_a_push_has_the_repository_read_again(local: CodeHost, tmp_path: Path, api: Any) -> None:
    place = register("url", local.contents_url(PAYMENTS, "main", "catalog-info.yaml"), by=TESTS)
    ingest_now(place)
    push(local, tmp_path / "tree", {"services/b/catalog-info.yaml": component("b", owner="other")})
    Location.objects.update(requested_at=None)
    event = Event.objects.filter(kind=Event.Kind.PUSH).latest("id")
    with TestCase.captureOnCommitCallbacks() as rung:
        follow_event(str(event.pk))
    assert len(rung) == 1
    place.refresh_from_db()
    assert place.requested_at is not None
    ingest_now(place)
    assert Entity.objects.by_ref("component:default/b").document["spec"]["owner"] == "other"


def test_a_folder_is_copied_from_the_host(local: CodeHost, tmp_path: Path) -> None:
    template = LocationRef("url", local.contents_url(PAYMENTS, "main", "catalog-info.yaml"))
    read_tree(resolve("./skeleton", template).target, tmp_path / "copy")
    assert (tmp_path / "copy/README.md").read_text() == "# hello"
    assert read_url(resolve("/services/a/system.txt", template).target) == b"shop"
    with pytest.raises(NotFound):
        read_url(resolve("./none.txt", template).target)


def test_configured_folders_are_read_and_nothing_beside_them(settings: Settings, tmp_path: Path) -> None:
    inside = tmp_path / "in"
    (inside / "skeleton").mkdir(parents=True)
    (inside / "template.yaml").write_text("x: 1")
    (inside / "skeleton/a.txt").write_text("a")
    (tmp_path / "secret").write_text("no")
    (inside / "link").symlink_to(tmp_path / "secret")
    settings.GREENROOM_CATALOG_LOCATIONS = [f"file:{inside}/template.yaml"]
    template = LocationRef("file", str(inside / "template.yaml"))
    assert read_url(f"file:{inside}/template.yaml") == b"x: 1"
    read_tree(str(resolve("./skeleton", template)), tmp_path / "copy")
    assert (tmp_path / "copy/a.txt").read_text() == "a"
    for target in ("../secret", str(inside / "link"), "/etc/passwd", "skeleton/../../secret"):
        with pytest.raises(NotAllowed, match="GREENROOM_CATALOG_LOCATIONS"):
            read_url(str(resolve(f"file:{target}" if target.startswith("/") else target, template)))
    (inside / "skeleton/leak").symlink_to("../../secret")
    with pytest.raises(GreenroomError, match="leak"):
        read_tree(str(resolve("./skeleton", template)), tmp_path / "again")
    assert not (tmp_path / "again").exists()
    with pytest.raises(NotFound, match="there is no such file"):
        read_url(f"file:{inside}/none.yaml")


def test_web_servers(web: FileServer, settings: Settings) -> None:
    web.redirects["here"] = "/there"
    web.put("there", "found")
    assert read_url(web.url("here")) == b"found"
    web.redirects["round"] = "/round"
    with pytest.raises(GreenroomError, match="more than 5 redirects"):
        read_url(web.url("round"))
    web.put("big", b"x" * (LIMIT + 1))
    with pytest.raises(TooLarge, match=r"/big, it has more than 10 MB"):
        read_url(web.url("big"))
    settings.GREENROOM_READING_ALLOW = ["*.example.com", "127.0.0.1:1"]
    for url in (web.url("there"), "http://example.com.evil/x"):
        with pytest.raises(NotAllowed, match=r"backend\.reading\.allow"):
            read_url(url)
    with pytest.raises(InputError, match="has a user name in it"):
        read_url("http://127.0.0.1:1@evil.test/x")
    with pytest.raises(GreenroomError, match=r"could not read http://127\.0\.0\.1:1/x"):
        read_url("http://127.0.0.1:1/x")
    with pytest.raises(NotAllowed, match="Reading the folder"):
        read_tree("http://127.0.0.1:1/x", Path("/nonexistent"))


def test_unchanged_files_are_asked_for_by_tag(db: None, web: FileServer) -> None:
    web.tags["a.yaml"] = '"1"'
    place = register("url", web.put("a.yaml", component("web")), by=TESTS)
    ingest_now(place)
    ingest_now(place)
    assert web.asked == ["a.yaml", "a.yaml"]
    assert web.answered == [200, 304]
    web.tags["a.yaml"] = '"2"'
    web.put("a.yaml", component("web", owner="other"))
    ingest_now(place)
    assert Entity.objects.get(name="web").owner_ref == "group:default/other"


def test_files_on_disk_are_read_again_only_when_they_were_written(tmp_path: Path, settings: Settings) -> None:
    file = tmp_path / "a.yaml"
    settings.GREENROOM_CATALOG_LOCATIONS = [f"file:{file}"]
    place = LocationRef("file", str(file))
    file.write_text("one")
    fresh = fetch(place)
    assert fresh is not None
    assert not fresh.etag, "what was written a moment ago may be written again in the same tick"
    os.utime(file, (1, 1))
    settled = fetch(place)
    assert settled is not None
    assert fetch(place, etag=settled.etag) is None
    file.write_text("two")
    again = fetch(place, etag=settled.etag)
    assert again is not None
    assert again.content == b"two"
