"""The examples of docs/graph.md and docs/ownership.md run, and answer what stands there."""

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from catalog.ingest.refresh import refresh
from catalog.models import Location
from catalog.refs import LocationRef
from config.cli import main
from identity.actions import create_token
from tests.conftest import TESTS, Api

ROOT = Path(__file__).resolve().parents[3]
PAGES = ("graph.md", "ownership.md")
TEXT = "\n".join((ROOT / "docs" / page).read_text() for page in PAGES)
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
ASKED = [
    line.removeprefix("GET ") for _, block in BLOCKS for line in block.splitlines() if line.startswith("GET ")
]
ANSWERED = [
    (block.split()[1], json.loads(answer))
    for (_, block), (form, answer) in pairwise(BLOCKS)
    if form == "json"
]
COMMANDS = [
    line.split()[2:] for _, block in BLOCKS for line in block.splitlines() if line.startswith("$ greenroom ")
]


@pytest.fixture
def acme(db: None, settings: Settings) -> None:
    """The example organisation."""
    ref = LocationRef("file", str(ROOT / "examples" / "acme" / "catalog-info.yaml"))
    settings.GREENROOM_CATALOG_LOCATIONS = [str(ref)]
    place = Location.objects.create(
        type=ref.type, target=ref.target, entity_ref=ref.entity_ref, origin=Location.Origin.CONFIG
    )
    refresh(str(place.pk))
    assert Location.objects.get().errors == []


@pytest.mark.parametrize("path", ASKED)
def test_an_example_answers(acme: None, as_role: Callable[..., Api], path: str) -> None:
    answer = as_role("viewer", acts_for="user:default/ana").get(path)
    assert answer.status_code == 200, answer.content
    assert b'"nodes":[]' not in answer.content
    assert b'"total":0' not in answer.content


@pytest.mark.parametrize(("path", "expected"), ANSWERED, ids=[path for path, _ in ANSWERED])
def test_an_answer_is_what_stands_there(acme: None, api: Api, path: str, expected: Any) -> None:
    assert api.get(path).json() == expected


@pytest.mark.django_db(transaction=True)
def test_the_commands_answer(
    acme: None, live_server: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, secret = create_token(name="reader", role="viewer", by=TESTS)
    monkeypatch.setenv("GREENROOM_URL", live_server.url)
    monkeypatch.setenv("GREENROOM_TOKEN", secret)
    said = {}
    for words in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main(words)
        said[" ".join(words)] = capsys.readouterr()
        assert not ended.value.code, said
    impact = said["catalog impact resource:scan-stream"]
    assert "component:default/scan-ingest" in impact.out
    assert (
        "<- dependsOn - component:default/scan-ingest - providesApi -> api:default/scan-events" in impact.out
    )
    assert "group:default/tracking-team owns" in impact.err
    owners = said["catalog ownership api:tracking-api"].out
    assert re.search(
        r"user:default/ana +member +- ownedBy -> group:default/tracking-team <- memberOf - ", owners
    )
    assert said["catalog ownership"].err == "Every owner is well.\n"


def test_the_pages_have_examples() -> None:
    assert len(ASKED) >= 7
    assert len(ANSWERED) == 2
    assert len(COMMANDS) == 4
