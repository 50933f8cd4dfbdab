"""The calls in docs/search.md are sent as they stand there."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.catalog.search.conftest import thing

PAGE = (Path(__file__).resolve().parents[3] / "docs/search.md").read_text()
CALLS = re.findall(r'"\$GREENROOM_URL(/api/search/query[^"]*)"', PAGE)


def test_there_are_calls_to_try() -> None:
    assert len(CALLS) >= 4


@pytest.mark.parametrize("path", CALLS)
def test_a_documented_call_finds_something(catalog: Any, api: Any, path: str) -> None:
    catalog(
        thing("orders-api", title="Orders API", description="Takes parcels", owner="team-parcels"),
        thing("orders-db", kind="Resource", type_="database", owner="team-parcels"),
    )
    answer = api.get(quote(path, safe="/?=&[]"))
    assert answer.status_code == 200, answer.content
    assert answer.json()["numberOfResults"] >= 1
