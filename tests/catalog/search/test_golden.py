"""The recorded searches of a real Backstage, replayed against the same catalog."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import responses
from pytest_django.fixtures import Settings

from catalog.actions import sync_configured
from catalog.ingest.refresh import refresh
from catalog.models import Entity, Location
from core.api.subjects import System
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared

GOLDEN = (SHARED or Path()) / "contract/golden"
BASE = "http://127.0.0.1:18080/golden/"
ORDER = "the order is ours: the best name first, where Backstage leaves equals in the order of their rows"
PAGES = "one page of results in our order: the same documents in all, on other pages"
RANK = "deliberately different (docs/backstage-differences.md): a cursor that is none means the first page, with ranks"
SAME = {58, 59, 60, 62, 67}
"""Records that are compared to the letter; in the others results are compared as sets."""
DIFFERENT = {56: PAGES, 57: PAGES, 63: RANK}


def records() -> list[dict[str, Any]]:
    path = GOLDEN / "http/platform.jsonl"
    lines = path.read_text().splitlines() if path.is_file() else []
    return [one for one in map(json.loads, lines) if one.get("path", "").startswith("/api/search/")]


@pytest.fixture
def recorded(settings: Settings, db: None) -> None:
    """The catalog of the recording, read from its fixtures."""
    settings.GREENROOM_READING_ALLOW = ["127.0.0.1:18080"]
    template = GOLDEN / "fixtures/template.yaml"
    settings.GREENROOM_CATALOG_LOCATIONS = [f"url:{BASE}catalog.yaml", f"file:{template}"]
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        for path in (GOLDEN / "fixtures").iterdir():
            if path.is_file():
                web.get(BASE + path.name, body=path.read_bytes())
        sync_configured(by=System("system:tests"))
        for pk in Location.objects.values_list("pk", flat=True):
            refresh(str(pk))
    assert Entity.objects.count() == 17


def without_names(document: dict[str, Any]) -> dict[str, Any]:
    """Results as they can be compared: names of tags and of what belongs to the recording's own files aside."""
    text = re.sub(r"<(/?)(<uuid:\d+>|[0-9a-f-]{36})>", r"<\1tag>", json.dumps(document))
    text = re.sub(r"generated-[0-9a-f]{40}", "generated", text)
    shown: dict[str, Any] = json.loads(text)
    return shown


def as_set(results: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps({**one, "rank": None}, sort_keys=True) for one in results)


@pytest.mark.parametrize("record", records(), ids=lambda one: str(one["n"]))
def test_a_recorded_search(record: dict[str, Any], recorded: None, api: Any, anonymous: Any) -> None:
    answer = (anonymous if record["auth"] == "none" else api).get(record["path"])
    assert answer.status_code == record["status"], answer.content
    assert answer.headers["Content-Type"] == record["responseHeaders"]["content-type"]
    ours, theirs = without_names(answer.json()), without_names(record["response"])
    if record["n"] in SAME:
        assert ours == theirs
        return
    assert ours.keys() == theirs.keys()
    assert ours["numberOfResults"] == theirs["numberOfResults"]
    assert ours.get("nextPageCursor") == theirs.get("nextPageCursor")
    assert ours.get("previousPageCursor") == theirs.get("previousPageCursor")
    assert len(ours["results"]) == len(theirs["results"])
    assert [one["rank"] for one in ours["results"]] == [
        one["rank"] or place for place, one in enumerate(theirs["results"], 1)
    ]
    if record["n"] not in DIFFERENT:
        assert as_set(ours["results"]) == as_set(theirs["results"])
