"""Paging while others write: who was there all the time is met once on the way there, and once on the way back."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from catalog.actions import ingest_now
from catalog.models import Location
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, several
from tests.catalog.test_properties import per_run, undone

ORDERS = ("", "metadata.name,asc", "metadata.name,desc", "spec.note,asc", "spec.note,desc")
NOTES = ("", "~", "One", "one", "Two", "ünit", "😀", "7", "a b", "true")
Item = tuple[str, str]
"""A name and a note; an empty note means that the field is not there, `~` that it is null."""


def items(prefix: str) -> st.SearchStrategy[list[Item]]:
    one = st.tuples(st.integers(0, 30).map(lambda number: f"{prefix}{number}"), st.sampled_from(NOTES))
    return st.lists(one, max_size=12, unique_by=lambda item: item[0])


def text(item: Item) -> str:
    name, said = item
    return component(name, note=said) if said else component(name)


def pages(api: Any, query: dict[str, Any], between: Callable[[], None]) -> Iterator[dict[str, Any]]:
    """Page after page, along the cursor of that name; somebody writes between them."""
    along = query.pop("along")
    while True:
        answer = api.get(f"/api/catalog/entities/by-query?{urlencode(query)}")
        assert answer.status_code == 200, answer.content
        page = answer.json()
        yield page
        if along not in page["pageInfo"]:
            return
        query = {"cursor": page["pageInfo"][along], "limit": query["limit"], "fields": "metadata"}
        between()


@given(
    lasting=items("a"),
    moving=st.lists(items("m"), min_size=1, max_size=4),
    order=st.sampled_from(ORDERS),
    limit=st.integers(1, 7),
)
@per_run(12)
def test_forward_and_backward_while_others_write(
    web: FileServer, api: Any, lasting: list[Item], moving: list[list[Item]], order: str, limit: int
) -> None:
    generation = 0

    def write() -> None:
        nonlocal generation
        documents = [text(item) for item in moving[generation % len(moving)]]
        web.put("moving.yaml", several(*documents) if documents else "# nobody\n")
        generation += 1
        ingest_now(Location.objects.get(target=web.url("moving.yaml")))

    with undone():
        web.put("lasting.yaml", several(*map(text, lasting)) if lasting else "# nobody\n")
        for name in ("lasting.yaml", "moving.yaml"):
            web.files.setdefault(name, b"")
            api.post("/api/catalog/locations", {"type": "url", "target": web.url(name)})
        ingest_now(Location.objects.get(target=web.url("lasting.yaml")))
        write()
        query = {"limit": limit, "filter": "kind=component", "fields": "metadata"}
        ordered = {"orderField": order} if order else {}
        there = list(pages(api, {**query, **ordered, "along": "nextCursor"}, write))
        seen = [[item["metadata"]["name"] for item in page["items"]] for page in there]
        with_note = {name for name, said in lasting if said not in {"", "~"}}
        expected = sorted(with_note if "note" in order else [name for name, _ in lasting])
        assert stable(seen) == expected
        assert all(len(page) <= limit for page in seen)
        turn = max((at for at, page in enumerate(there) if page["items"]), default=None)
        if turn is None or "prevCursor" not in there[turn]["pageInfo"]:
            return
        write()
        again = {"cursor": there[turn]["pageInfo"]["prevCursor"], "limit": limit, "along": "prevCursor"}
        back = [[item["metadata"]["name"] for item in page["items"]] for page in pages(api, again, write)]
        assert stable([*back, seen[turn]]) == expected


def stable(pages: list[list[str]]) -> list[str]:
    """The names on the pages, without those of entities that come and go."""
    return sorted(name for page in pages for name in page if name.startswith("a"))
