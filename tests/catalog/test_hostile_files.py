"""What files may do to the catalog: nothing but be refused, with a sentence, at a bounded cost, beside good neighbours."""

import itertools
import json
import os
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from catalog.actions import sync_configured
from catalog.models import Location
from core.api.subjects import System
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, group, location, several
from tests.catalog.world import work
from tests.core.outbound.server import RawServer, ok

TESTS = System("system:tests")
MIB = 1024 * 1024


@contextmanager
def cheaply(*, seconds: float = 10) -> Iterator[None]:
    """Fail when the body takes long; generous, since a machine may be busy and what it finds is minutes."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


@contextmanager
def in_little_memory(most: int) -> Iterator[None]:
    """Fail when the body needs so many bytes at one moment."""
    tracemalloc.start()
    try:
        yield
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert used < most, f"{used // MIB} MB"


def told(api: Any, url: str) -> list[str]:
    """Register an address, let the worker work, and answer what the location says went wrong."""
    assert api.post("/api/catalog/locations", {"type": "url", "target": url}).status_code == 201
    work()
    return [error["message"] for error in Location.objects.get(target=url).errors]


def names(api: Any) -> set[str]:
    found = api.get("/api/catalog/entities?filter=kind=component&fields=metadata.name&limit=1000").json()
    return {one["metadata"]["name"] for one in found}


def bomb() -> str:
    levels = ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "".join(f"    {level}\n" for level in levels)


def with_data(name: str, data: str) -> str:
    return component(name).replace("metadata:\n", f"metadata:\n  data:\n{data}")


DOCUMENTS = {
    "bomb": (with_data("x", bomb()), "Aliases repeat"),
    "text bomb": (with_data("x", f"    a: &a {'y' * 100_000}\n    b: [{'*a, ' * 1000}]\n"), "Aliases repeat"),
    "deep": (component("x", a="[" * 100_000), "Nested deeper than 100 levels"),
    "deep map": (component("x", a="{a: " * 100_000), "Nested deeper than 100 levels"),
    "many values": (component("x", a=f"[{'1, ' * 200_001}]"), "More than 200000 values"),
    "big": (component("x", a="y" * 5 * MIB), "longer than 5242880 characters"),
    "twice": (component("x") + "  owner: again\n", "Map keys must be unique"),
    "half a pair": (component("x", a='"\\ud800"'), "invalid Unicode character"),
    "control": (component("x", a="\x07"), "Control characters"),
    "zero": (component("x", a="\x00"), "Control characters"),
    "zero in a name": (component('"x\\0y"'), "metadata.name"),
    "a list as key": (component("x") + "? [a]\n: b\n", "Keys must be plain text"),
    "no such alias": (component("x", a="*nobody"), "Unresolved alias"),
    "a python object": (component("x", owner="!!python/object/apply:os.system [ls]"), "owner"),
    "long name": (component("x" * 64), "metadata.name"),
    "long reference": (component("x", owner="y" * 100_000), "owner"),
    "endless": (component("x").replace("production", ".inf"), "lifecycle"),
    "only a scalar": ("hello\n", "Expected object at root"),
    "only a list": ("- 1\n", "Expected object at root"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_bad_document_is_told_and_its_neighbours_come(api: Any, web: FileServer, name: str) -> None:
    text, reason = DOCUMENTS[name]
    with cheaply():
        (message,) = told(api, web.put("a.yaml", several(component("before"), text, component("after"))))
    assert reason in message
    assert len(message) < 2_000, len(message)
    assert names(api) == {"before", "after"}
    assert len(api.get("/api/catalog/locations").content) < 10_000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (component("x").encode("utf-16"), "not UTF-8 text"),
        (component("x").encode("utf-32"), "not UTF-8 text"),
        (b"\xed\xa0\x80", "not UTF-8 text"),
        (b"\x00" * 1000, "Control characters"),
        (os.urandom(100_000), "not UTF-8 text"),
        (b"PK\x03\x04" + b"\x00" * 1000, "Control characters"),
        (b"---\n" * 2_000_000, "more than 100000 documents"),
        (b"# " + b"x" * 11 * MIB, "more than 10 MB: split the file"),
    ],
    ids=["utf-16", "utf-32", "half a pair", "zeros", "noise", "zip", "many documents", "big"],
)
def test_a_file_that_is_none(api: Any, web: FileServer, content: bytes, reason: str) -> None:
    with cheaply(seconds=20):
        (message, *_) = told(api, web.put("a.yaml", content))
    assert reason in message
    assert names(api) == set()


def test_a_mark_at_the_beginning_and_other_line_ends_are_fine(api: Any, web: FileServer) -> None:
    text = several(component("a"), component("b"))
    assert told(api, web.put("a.yaml", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())) == []
    assert names(api) == {"a", "b"}


def test_an_entity_of_five_megabytes(api: Any, web: FileServer) -> None:
    web.put("big.txt", "x" * 5 * MIB)
    web.put("bigger.txt", "x" * 6 * MIB)
    documents = [
        component("just", definition="{$text: ./big.txt}").replace("x" * 5, "x"),
        component("more", definition="{$text: ./bigger.txt}"),
        component("many", definition="{$text: ./bigger.txt}", other="{$text: ./bigger.txt}"),
        component("good"),
    ]
    with cheaply(seconds=20):
        messages = told(api, web.put("a.yaml", several(*documents)))
    assert ["5 million characters" in messages[0], "5 million characters" in messages[1]] == [True, True]
    assert "10 MB together" in messages[2]
    assert names(api) == {"good"}
    text = component("large", definition="x" * 4 * MIB)
    assert told(api, web.put("b.yaml", text)) == []
    found = api.get("/api/catalog/entities/by-name/component/default/large")
    assert len(found.json()["spec"]["definition"]) == 4 * MIB
    assert told(api, web.url("b.yaml?again")) != []


def test_ten_thousand_relations_of_one_entity(api: Any, web: FileServer) -> None:
    targets = ", ".join(f"component:n{number}" for number in range(10_000))
    with cheaply(seconds=30):
        assert (
            told(api, web.put("a.yaml", several(component("hub", dependsOn=f"[{targets}]"), component("n7"))))
            == []
        )
    hub = api.get("/api/catalog/entities/by-name/component/default/hub").json()
    assert len(hub["relations"]) == 10_001
    seven = api.get("/api/catalog/entities/by-name/component/default/n7").json()
    assert {"type": "dependencyOf", "targetRef": "component:default/hub"} in seven["relations"]
    found = api.get(
        "/api/catalog/entities?filter=relations.dependson=component:default/n9999&fields=metadata.name"
    )
    assert found.json() == [{"metadata": {"name": "hub"}}]


def test_ten_thousand_entities_that_point_at_one(api: Any, web: FileServer) -> None:
    documents = [component(f"c{number}", owner="everybody") for number in range(2_000)]
    with cheaply(seconds=60):
        assert told(api, web.put("a.yaml", several(group("everybody"), *documents))) == []
    found = api.get("/api/catalog/entities/by-name/group/default/everybody").json()
    assert len(found["relations"]) == 2_000


def test_locations_that_lead_in_circles(api: Any, web: FileServer) -> None:
    web.put("b.yaml", several(component("b"), location("to-a", "./a.yaml", "./b.yaml", "./c.yaml")))
    web.put(
        "c.yaml", several(component("c"), location("to-b", "./b.yaml", "./../b.yaml", "b.yaml#x", "b.yaml?x"))
    )
    messages = told(
        api, web.put("a.yaml", several(component("a"), location("to-itself", "./a.yaml", "./b.yaml")))
    )
    assert names(api) == {"a", "b", "c"}
    assert len(web.asked) < 20
    (message,) = messages
    assert "no matching files found" in message
    assert "b.yaml?x" in message


def test_a_location_with_thousands_of_targets(api: Any, web: FileServer) -> None:
    for number in range(600):
        web.put(f"many/{number}.yaml", component(f"m{number}"))
    targets = [f"./many/{number}.yaml" for number in range(600)]
    with cheaply(seconds=60):
        assert told(api, web.put("a.yaml", location("all", *targets))) == []
    assert len(names(api)) == 600
    too_many = [f"./none/{number}.yaml" for number in range(20_001)]
    before = len(web.asked)
    with cheaply(seconds=20):
        (message,) = told(api, web.put("b.yaml", location("too-many", *too_many)))
    assert "More than 20000 files" in message
    assert len(web.asked) - before < 5
    assert len(names(api)) == 600


@pytest.mark.parametrize(
    "target",
    [
        "*" * 200,
        "{a,b}" * 40,
        "{1..1000000}",
        "[" * 500,
        "**/" * 300,
        "{" * 1000,
        "?" * 900,
        "\\" * 99,
        "!(a|b)" * 50,
    ],
)
def test_wildcards_that_would_cost_much(
    api: Any, settings: Settings, tmp_path: Path, target: str, web: FileServer
) -> None:
    for name in ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.yaml", "b/c/d/e.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(component("x"))
    settings.GREENROOM_CATALOG_LOCATIONS = [f"file:{tmp_path}/{target}.yaml"]
    with cheaply(seconds=20):
        sync_configured(by=TESTS)
        work()
        told(api, web.url(f"a/{target}.yaml"))
    place = Location.objects.get(type="file")
    assert place.refreshed_at is not None
    assert place.lease_until is None


# --- files on this machine


@pytest.fixture
def folder(settings: Settings, tmp_path: Path, db: None) -> Path:
    """A configured folder with a good file in it, and a secret beside it."""
    (tmp_path / "secret.yaml").write_text(component("secret"))
    folder = tmp_path / "catalog"
    folder.mkdir()
    (folder / "good.yaml").write_text(component("good"))
    settings.GREENROOM_CATALOG_LOCATIONS = [f"file:{folder}/*.yaml"]
    sync_configured(by=TESTS)
    return folder


def read_folder(api: Any) -> list[str]:
    Location.objects.update(next_refresh_at="2000-01-01T00:00:00Z")
    work()
    return [error["message"] for error in Location.objects.get(type="file").errors]


@pytest.mark.parametrize(
    "target",
    [
        "../secret.yaml",
        "./x/../../secret.yaml",
        "file:///etc/passwd",
        "file:/proc/self/environ",
        "/etc/passwd",
        "..%2fsecret.yaml",
        "./link.yaml",
        "./out/secret.yaml",
        "../*.yaml",
        "../{secret,x}.yaml",
        "/proc/self/fd/0",
        "./\x7f/../../secret.yaml",
    ],
)
def test_paths_that_lead_outside(api: Any, folder: Path, target: str) -> None:
    (folder / "out").symlink_to(folder.parent)
    (folder / "link.yaml").symlink_to("../secret.yaml")
    (folder / "leads.yaml").write_text(location("leads", json.dumps(target)))
    (folder / "text.yaml").write_text(component("text", note=f"{{$text: {json.dumps(target)}}}"))
    messages = read_folder(api)
    assert len(messages) >= 2, messages
    assert "secret" not in names(api)
    assert {"good"} <= names(api) <= {"good", "text"}
    if "text" in names(api):
        note = api.get("/api/catalog/entities/by-name/component/default/text").json()["spec"]["note"]
        assert "root:" not in str(note)


def test_things_that_are_no_files(api: Any, folder: Path) -> None:
    (folder / "folder.yaml").mkdir()
    os.mkfifo(folder / "pipe.yaml")
    (folder / "nowhere.yaml").symlink_to("gone")
    (folder / "round.yaml").symlink_to("round.yaml")
    (folder / "device.yaml").symlink_to("/dev/zero")
    with (folder / "sparse.yaml").open("wb") as sparse:
        sparse.truncate(1024 * MIB)
    with cheaply():
        messages = read_folder(api)
    text = "\n".join(messages)
    for name in ("folder", "pipe", "device", "sparse"):
        assert f"{name}.yaml" in text, messages
    assert names(api) == {"good"}


def test_a_file_that_cannot_be_opened_keeps_what_it_held(
    api: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_folder(api)
    opened = os.open

    def refuse(path: Any, *args: Any, **kwargs: Any) -> int:
        if str(path).endswith("good.yaml"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)  # root, who runs tests in a container, may read everything
    (folder / "good.yaml").write_text(component("changed"))
    (message,) = read_folder(api)
    assert "Permission denied" in message
    assert names(api) == {"good"}


def test_a_file_that_is_being_written_is_read_as_a_whole_or_not_at_all(api: Any, folder: Path) -> None:
    """Somebody writes long files piece by piece: what is half there must not make entities orphans."""
    states = [
        several(*(component(f"c{number}", owner=who) for number in range(40))) for who in ("one", "two")
    ]
    path = folder / "good.yaml"
    path.write_text(states[0])
    assert read_folder(api) == []
    stop = threading.Event()

    def write() -> None:
        for text in itertools.cycle(states):
            with path.open("w") as file:
                for at in range(0, len(text), 1_000):
                    file.write(text[at : at + 1_000])
                    file.flush()
            if stop.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(15):
            read_folder(api)
            assert len(names(api)) == 40
    finally:
        stop.set()
        writer.join()
    assert read_folder(api) == []
    found = api.get("/api/catalog/entities?filter=kind=component").json()
    assert not [one for one in found if "backstage.io/orphan" in one["metadata"]["annotations"]]


# --- servers


@pytest.fixture
def raw(settings: Settings, db: None) -> Iterator[RawServer]:
    server = RawServer()
    settings.GREENROOM_READING_ALLOW = [f"127.0.0.1:{server.port}"]
    yield server
    server.close()


def gigabyte() -> Iterator[bytes]:
    yield ok()
    yield from itertools.repeat(b"# " + b"x" * 65534, 16384)


def test_a_file_that_is_a_stream_of_a_gigabyte(api: Any, raw: RawServer) -> None:
    with cheaply(), in_little_memory(60 * MIB):
        (message,) = told(api, raw.streams("big.yaml", gigabyte))
    assert "more than 10 MB: split the file" in message
    assert raw.sent < 40 * MIB


def test_each_thing_that_names_an_address_is_asked_the_same(api: Any, raw: RawServer) -> None:
    inside = "http://169.254.169.254/latest/meta-data"
    text = several(
        location("leads", inside),
        component("text", note=f"{{$text: '{inside}'}}"),
        component("json", note=f"{{$json: '{inside}'}}"),
        component("yaml", note=f"{{$yaml: '{inside}'}}"),
        component("api", definition=f"{{$openapi: '{inside}'}}"),
        location("redirected", "./away"),
    )
    raw.says("a.yaml", ok(len(text)), text.encode())
    raw.says("away", f"HTTP/1.1 302 Found\r\nLocation: {inside}\r\nContent-Length: 0\r\n\r\n".encode())
    messages = told(api, raw.url("a.yaml"))
    refused = [message for message in messages if f"Reading from '{inside}' is not allowed" in message]
    assert len(refused) == len(messages) >= 5
    dry = api.post("/api/catalog/locations?dryRun=true", {"type": "url", "target": inside})
    assert (dry.status_code, "is not allowed" in dry.json()["error"]["message"]) == (400, True)


def test_a_server_that_answers_differently_each_time(api: Any, raw: RawServer) -> None:
    turn = itertools.count()

    def moody() -> Iterator[bytes]:
        text = [component("a"), "{", several(component("a"), component("b")), ""][next(turn) % 4].encode()
        yield ok(len(text))
        yield text

    told(api, raw.streams("a.yaml", moody))
    for _ in range(8):
        Location.objects.update(next_refresh_at="2000-01-01T00:00:00Z")
        work()
        assert "a" in names(api)


@pytest.mark.parametrize(
    "count",
    [
        3_000,
        pytest.param(
            50_000,
            marks=[
                pytest.mark.live,
                pytest.mark.skipif(
                    not os.environ.get("GREENROOM_LIVE"), reason="a minute and more: `make live` does it"
                ),
            ],
        ),
    ],
)
def test_very_many_entities_in_one_file(api: Any, web: FileServer, count: int) -> None:
    text = several(*(component(f"c{number:05}") for number in range(count)))
    with cheaply(seconds=count / 200):
        assert told(api, web.put("a.yaml", text)) == []
    query = "filter=kind=component&limit=1&orderField=metadata.name,desc"
    page = api.get(f"/api/catalog/entities/by-query?{query}").json()
    assert (page["totalItems"], page["items"][0]["metadata"]["name"]) == (count, f"c{count - 1:05}")
