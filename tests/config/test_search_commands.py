"""`greenroom catalog search` and `reindex`, against a running server and its database."""

import json
from typing import Any

import pytest

from catalog.models import SearchDocument
from config.cli import main
from identity.actions import create_token
from tests.catalog.conftest import web  # noqa: F401 - a fixture
from tests.catalog.search.conftest import catalog, thing  # noqa: F401 - a fixture
from tests.conftest import TESTS

pytestmark = pytest.mark.django_db(transaction=True)  # the commands close their connection


def test_search_and_making_the_index_anew(
    live_server: Any,
    catalog: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GREENROOM_URL", live_server.url)
    monkeypatch.setenv("GREENROOM_TOKEN", create_token(name="viewer", role="viewer", by=TESTS)[1])

    def greenroom(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = capsys.readouterr()
        assert not ended.value.code, said.err
        return said.out

    catalog(thing("orders-api", description="Takes parcels"), thing("billing"))
    found = json.loads(greenroom("catalog", "search", "ordrs", "--kind", "component", "--json"))
    assert [one["location"] for one in found] == ["/catalog/default/component/orders-api"]
    assert "parcels" in greenroom("catalog", "search", "parcel")
    SearchDocument.objects.all().delete()
    assert json.loads(greenroom("catalog", "search", "orders", "--json")) == []
    greenroom("catalog", "reindex")
    assert len(json.loads(greenroom("catalog", "search", "orders", "--json"))) == 1
