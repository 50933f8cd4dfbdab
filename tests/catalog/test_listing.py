"""The whole list: sent piece by piece, in order, whatever happens to the catalog meanwhile."""

import gzip
import json
from typing import Any

import pytest
from django.conf import settings

from catalog import listing
from catalog.actions import ingest_now, register
from catalog.models import Entity
from catalog.predicates import EVERYTHING
from config.wsgi import application
from core.api import long_lists
from core.api.subjects import System
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, several
from tests.core.wsgi import Answer, one_transaction

TESTS = System("system:tests")
LIST = "/api/catalog/entities?filter=kind=component"


@pytest.fixture
def many(db: None, web: FileServer, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of components that fill three pieces and a bit: pieces are small here."""
    monkeypatch.setattr(listing, "PIECE", 5)
    names = [f"c{number:02}" for number in range(17)]
    documents = [component(name, owner=f"team-{index % 3}") for index, name in enumerate(names)]
    ingest_now(register("url", web.put("a.yaml", several(*documents)), by=TESTS))
    return names


def sent(answer: Any) -> list[dict[str, Any]]:
    """The list that a streamed answer holds."""
    assert answer.streaming
    found: list[dict[str, Any]] = json.loads(answer.getvalue())
    return found


def test_a_long_list_is_sent_in_pieces_in_order_of_uid(api: Any, many: list[str]) -> None:
    answer = api.get(LIST)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    found = sent(answer)
    assert sorted(one["metadata"]["name"] for one in found) == many
    uids = [one["metadata"]["uid"] for one in found]
    assert uids == sorted(uids)
    assert {one["metadata"]["uid"]: one for one in found} == {
        one["metadata"]["uid"]: one for one in api.get(f"{LIST}&limit=100").json()
    }


@pytest.mark.parametrize("fields", ["metadata.name", "metadata.name,spec.owner"])
def test_orders_and_fields_hold_across_pieces(api: Any, many: list[str], fields: str) -> None:
    found = sent(api.get(f"{LIST}&order=desc:metadata.name&fields={fields}"))
    assert [one["metadata"]["name"] for one in found] == many[::-1]
    assert all(("spec" in one) == ("spec" in fields) for one in found)


def test_who_lacks_the_field_of_the_order_is_left_out(api: Any, many: list[str]) -> None:
    assert api.get(f"{LIST}&order=asc:metadata.title").json() == []


def test_who_goes_meanwhile_is_left_out_and_nobody_is_shown_twice(many: list[str]) -> None:
    pieces = listing.whole_list(EVERYTHING)
    first = next(pieces)
    gone = list(Entity.objects.order_by("-uid").values_list("pk", flat=True)[:12])
    Entity.objects.filter(pk__in=gone).delete()
    rest = [text for piece in pieces for text in piece]
    uids = [json.loads(text)["metadata"]["uid"] for text in [*first, *rest]]
    assert len(uids) == len(set(uids)) == Entity.objects.count()


def test_a_list_whose_later_pieces_are_empty_is_still_json(api: Any, many: list[str]) -> None:
    answer = api.get(f"{LIST}&fields=kind")
    Entity.objects.all().delete()
    assert len(json.loads(answer.getvalue())) == 10  # two pieces were read before the answer began


def test_a_list_leaves_compressed_piece_by_piece(api: Any, many: list[str]) -> None:
    answer = Answer(
        application, "GET", "/api/catalog/entities", secret=api.secret, HTTP_ACCEPT_ENCODING="gzip"
    )
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Content-Length" not in answer.headers
    assert len(json.loads(gzip.decompress(answer.body))) == Entity.objects.count()


def test_head_of_a_list_reads_no_further(api: Any, many: list[str]) -> None:
    answer = Answer(application, "HEAD", "/api/catalog/entities", secret=api.secret)
    assert (answer.status, answer.body) == (200, b"")


def test_slow_readers_hold_some_threads_and_not_all(
    api: Any, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_lists, "WAIT", 0.0)
    slow = [api.get(LIST) for _ in range(settings.GREENROOM_STREAMS // 2)]
    refused = api.get(LIST)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert "limit" in refused.json()["error"]["message"]
    assert api.get(f"{LIST}&limit=2").status_code == 200
    with one_transaction():
        slow[0].close()  # this reader went away, the other one reads to the end
    assert len(sent(slow[1])) == len(many)
    again = [api.get(LIST) for _ in slow]
    assert [len(sent(answer)) for answer in again] == [len(many)] * len(slow)
