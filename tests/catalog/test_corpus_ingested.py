"""Real catalog files, each registered alone through the API: the entities that Backstage then listed."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from catalog.ingest.refresh import refresh
from catalog.models import Location
from tests.catalog.conftest import FileServer
from tests.catalog.test_corpus import FOLDER, VERDICTS
from tests.shared import needs_shared

pytestmark = needs_shared


def _serve(web: FileServer, file: str) -> str:
    """The file, what it names in its repository, and an empty file for any other relative YAML."""
    web.empty_for = (".yaml", ".yml")
    for path in (FOLDER / "entities/refs" / file[:3]).rglob("*"):
        if path.is_file():
            web.put(f"{file[:3]}/{path.relative_to(FOLDER / 'entities/refs' / file[:3])}", path.read_bytes())
    return web.put(f"{file[:3]}/{file}", (FOLDER / "entities" / file).read_bytes())


@pytest.mark.parametrize("file", sorted(VERDICTS))
def test_what_a_file_puts_into_the_catalog(api: Any, web: FileServer, settings: Settings, file: str) -> None:
    url = _serve(web, file)
    answer = api.post("/api/catalog/locations", {"type": "url", "target": url})
    assert answer.status_code == 201
    refresh(answer.json()["location"]["id"])
    place = Location.objects.get()
    verdicts = VERDICTS[file]
    for verdict in verdicts:
        if not verdict["ok"]:
            continue
        kind, name = verdict["entityRef"].split(":", 1)
        answer = api.get(f"/api/catalog/entities/by-name/{kind}/{name}")
        assert answer.status_code == 200, (verdict["entityRef"], place.errors)
        if verdict["entity"] is not None:
            _compare(answer.json(), verdict["entity"], url, file)
    refused = [verdict for verdict in verdicts if verdict["ok"] is False]
    assert bool(place.errors) == bool(refused)


def _compare(entity: dict[str, Any], recorded: dict[str, Any], url: str, file: str) -> None:
    del entity["metadata"]["uid"], entity["metadata"]["etag"]
    shown = json.loads(json.dumps(entity).replace(url, file))
    assert shown == recorded


def test_a_refused_location_says_why_at_once(api: Any, web: FileServer, work: Callable[[], None]) -> None:
    refused = 0
    for file, verdicts in VERDICTS.items():
        failing = [one for one in verdicts if one["ok"] is False and one["stage"] == "validate"]
        if len(verdicts) != 1 or not failing or failing[0].get("external"):
            continue
        answer = api.post("/api/catalog/locations?dryRun=true", {"type": "url", "target": _serve(web, file)})
        error = failing[0]["error"]
        assert answer.status_code == 400
        assert answer.json()["error"]["message"] == f"{error['name']}: {error['message']}"
        refused += 1
    assert refused >= 10
