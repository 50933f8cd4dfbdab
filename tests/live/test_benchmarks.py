"""The benchmark tools against a real server: tiny data, seconds; that they measure, not what."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import change, data, ingest, load, reads
from benchmarks.expected import Expected, expected
from benchmarks.processes import Usage
from benchmarks.server import Server, Unmeasurable

from .conftest import Running

pytestmark = pytest.mark.live
SIZE = 120


@pytest.fixture(scope="module")
def server(running: Running) -> Server:
    return Server(running.url, str(running.http.headers["Authorization"]).removeprefix("Bearer "))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    data.write(folder, SIZE, per_file=50)
    return folder


@pytest.fixture(scope="module")
def loaded(server: Server, folder: Path, running: Running) -> Iterator[Expected]:
    """The data in the catalog, read from a web server that stays; gone afterwards."""
    wanted = expected(folder)
    with ingest.serving(folder) as url:
        root = f"{url}/root.yaml"
        body = {"type": "url", "target": root}
        web = running.supervisor.status()["web"]["pid"]
        assert isinstance(web, int)
        figures = ingest.measure(
            server, wanted, {"web": web}, 30, tell_it=lambda: server.post("/api/catalog/locations", body)
        )
        assert float(str(figures["per_second"])) > 0
        assert float(str(figures["web_memory_mib"])) > 10
        yield wanted
        for each in server.get("/api/catalog/locations"):
            if each["data"]["target"] == root:
                running.http.delete(f"{running.url}/api/catalog/locations/{each['data']['id']}", timeout=30)


@pytest.mark.parametrize("scenario", reads.SCENARIOS)
def test_every_scenario_is_answered_with_something(server: Server, loaded: Expected, scenario: str) -> None:
    requests = reads.chosen(server, [scenario])[scenario]
    seen = load.probe(server, requests[0])
    assert seen["bytes"] > 100
    assert seen.get("items", 1) > 0


@pytest.mark.parametrize(
    "wrk", [False, pytest.param(True, marks=pytest.mark.skipif(not load.has_wrk(), reason="no wrk"))]
)
def test_both_generators_measure(server: Server, loaded: Expected, wrk: bool) -> None:
    requests = reads.chosen(server, ["by_refs_50"])["by_refs_50"]
    with Usage({}) as usage:
        figures = load.load(server, requests, 2, 1, wrk=wrk)
    assert figures.requests > 0
    assert figures.errors == 0
    assert 0 < figures.p50_ms <= figures.p99_ms <= figures.max_ms
    assert usage.seconds >= 0.9


def test_a_refused_caller_is_told_why(server: Server) -> None:
    with pytest.raises(Unmeasurable, match="BENCHMARK_TOKEN"):
        reads.chosen(Server(server.url, "wrong"), [])


@pytest.mark.parametrize("what", ["description", "owner"])
def test_a_change_shows_and_is_put_right(server: Server, folder: Path, loaded: Expected, what: str) -> None:
    before = {file.name: file.read_bytes() for file in (folder / "parts").iterdir()}
    assert change.measure(server, folder, loaded, change.components(loaded)[0], what) > 0
    assert {file.name: file.read_bytes() for file in (folder / "parts").iterdir()} == before
    assert loaded.wrong(server) == []


def test_missing_entities_are_named(server: Server, loaded: Expected) -> None:
    more = Expected(
        {**loaded.counts, "Domain": 99}, {**loaded.relations, "domain:default/missing": frozenset()}
    )
    assert not more.counts_right(server)
    assert more.wrong(server) == ["domain:default/missing"]
    with pytest.raises(Unmeasurable, match="not right after"):
        ingest.measure(server, more, {}, 0.5)
