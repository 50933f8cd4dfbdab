"""The catalog leaves as a file and comes back from it: the same answers to every question, or the line that is wrong."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from django.test import Client

from catalog.actions import ingest_now, register
from catalog.history import Revision
from catalog.ingest.refresh import refresh
from catalog.models import Entity, Location, Relation
from catalog.search.models import SearchDocument
from catalog.transfer.formats import YAML, lines, written
from core.api.subjects import System
from core.models import AuditEvent
from identity.actions import create_token
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, group, several
from tests.catalog.test_corpus import FOLDER, VERDICTS
from tests.conftest import Api
from tests.shared import needs_shared

TESTS = System("system:tests")
EXPORT, IMPORT = "/api/v1/catalog/export", "/api/v1/catalog/import"
NDJSON = "application/x-ndjson"


def exported(api: Api, **query: str) -> bytes:
    answer = api.get(EXPORT, query)
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def sent(api: Api, content: bytes, media: str = NDJSON) -> Any:
    return api.client.post(IMPORT, content, content_type=media)


def restored(api: Api, content: bytes, media: str = NDJSON) -> dict[str, int]:
    empty()
    answer = sent(api, content, media)
    assert answer.status_code == 200, answer.content
    counts: dict[str, int] = answer.json()
    return counts


def empty() -> None:
    for model in (SearchDocument, Relation, Entity, Location, Revision):
        model.objects.all().delete()


def answers(api: Api, *, every: int = 1) -> dict[str, bytes]:
    """What every route that reads answers, byte for byte; routes of one entity for every n-th of them."""
    asked = [
        "entities",
        "entities?order=asc:metadata.name&fields=metadata.name,kind",
        "entity-facets?facet=kind&facet=metadata.tags&facet=spec.type&facet=relations.ownedBy",
        "locations",
        "entities?filter=metadata.annotations.backstage.io/orphan=true",
    ]
    cursor = "entities/by-query?limit=7&orderField=metadata.name,desc"
    said = {}
    while cursor:
        said[cursor] = api.get(f"/api/catalog/{cursor}").content
        following = orjson.loads(said[cursor])["pageInfo"].get("nextCursor")
        cursor = f"entities/by-query?limit=7&cursor={following}" if following else ""
    for entity in orjson.loads(api.get("/api/catalog/entities").content)[::every]:
        metadata = entity["metadata"]
        name = f"{entity['kind']}/{metadata['namespace']}/{metadata['name']}"
        asked += [
            f"entities/by-name/{name}",
            f"entities/by-name/{name}/ancestry",
            f"locations/by-entity/{name}",
            f"entities/by-uid/{metadata['uid']}",
        ]
    for path in asked:
        answer = api.get(f"/api/catalog/{path}")
        assert answer.status_code < 500, answer.content
        said[path] = answer.content
    search = api.get("/api/search/query?term=payments")
    said["search"] = orjson.dumps(sorted(one["document"]["location"] for one in search.json()["results"]))
    return said


@pytest.fixture
def organisation(web: FileServer, acme: None) -> None:
    """The example organisation, and on top a broken document, an orphan, and a change of owner."""
    first = [component("changing"), component("breaking"), component("going"), group("team-a")]
    other = register("url", web.put("a.yaml", several(*first)), by=TESTS)
    refresh(str(other.pk))
    broken = component("breaking").replace("  type: service\n", "")
    web.put("a.yaml", several(component("changing", owner="team-b"), broken, group("team-a")))
    refresh(str(other.pk))
    assert Entity.objects.exclude(errors=[]).exists()
    assert Entity.objects.exclude(orphaned_at=None).exists()


@pytest.mark.parametrize("form", ["ndjson", "yaml"])
@pytest.mark.parametrize("history", ["true", "false"])
def test_an_empty_catalog_says_the_same_after_the_import(
    api: Api, organisation: None, form: str, history: str
) -> None:
    before, told = answers(api), list(Revision.objects.order_by("ref", "number").values())
    content = exported(api, format=form, history=history)
    counts = restored(api, content, YAML if form == "yaml" else NDJSON)
    assert answers(api) == before
    assert counts["changed"] == 0
    assert counts["entities"] == Entity.objects.count() > 20
    if history == "true":
        assert list(Revision.objects.order_by("ref", "number").values()) == told
        path = "/api/v1/catalog/entities/component/default/changing/history"
        assert [one["verb"] for one in api.get(path).json()["items"]] == ["changed", "created"]
    else:
        assert set(Revision.objects.values_list("verb", "cause")) == {(1, "service:admin-service")}
    assert AuditEvent.objects.filter(verb="imported").count() == 1
    if (form, history) == ("ndjson", "true"):
        assert exported(api, history="true").splitlines()[1:] == content.splitlines()[1:]


@needs_shared
def test_the_corpus_comes_back_as_it_was(api: Api, web: FileServer) -> None:
    for file in VERDICTS:
        web.empty_for = (".yaml", ".yml")
        url = web.put(f"{file[:3]}/{file}", (FOLDER / "entities" / file).read_bytes())
        refresh(str(register("url", url, by=TESTS).pk))
    before = answers(api, every=9)
    assert restored(api, exported(api, history="true"))["changed"] == 0
    assert answers(api, every=9) == before


def test_an_imported_catalog_goes_on_where_it_was(api: Api, web: FileServer) -> None:
    place = register("url", web.put("a.yaml", several(component("web"), component("db"))), by=TESTS)
    ingest_now(place)
    restored(api, exported(api))
    count = Revision.objects.count()
    asked = len(web.asked)
    ingest_now(Location.objects.get())
    assert (Revision.objects.count(), len(web.asked)) == (count, asked + 1)
    web.put("a.yaml", component("web", owner="b"))
    ingest_now(Location.objects.get())
    changed = api.get("/api/v1/catalog/entities/component/default/web/history").json()["items"]
    assert [one["verb"] for one in changed] == ["changed", "created"]
    assert Entity.objects.get(name="db").orphaned_at is not None


@pytest.fixture
def records(api: Api, web: FileServer) -> list[Any]:
    """A small export as data, to be damaged; the catalog is empty again."""
    ingest_now(register("url", web.put("a.yaml", several(component("web"), component("db"))), by=TESTS))
    content = exported(api, history="true")
    empty()
    return [orjson.loads(line) for line in content.splitlines()]


def _find(records: list[Any], name: str) -> Any:
    return next(one[name] for one in records if name in one)


Damage = Callable[[list[Any]], Any]


def _newer(records: list[Any]) -> None:
    records[0]["catalog"]["version"] = 2


def _headless(records: list[Any]) -> None:
    del records[0]


def _cut_off(records: list[Any]) -> None:
    del records[-1]


def _too_few(records: list[Any]) -> None:
    records.remove(next(one for one in records if "revision" in one))


def _out_of_order(records: list[Any]) -> None:
    records.insert(1, records.pop(-2))


def _no_uid(records: list[Any]) -> None:
    del _find(records, "entity")["uid"]


def _bad_name(records: list[Any]) -> None:
    _find(records, "entity")["document"]["metadata"]["name"] = "not a name"


def _nul(records: list[Any]) -> None:
    _find(records, "entity")["document"]["metadata"]["title"] = "a\0b"


def _twice(records: list[Any]) -> None:
    records.insert(6, records[6])


def _uid_twice(records: list[Any]) -> None:
    found = [one["entity"] for one in records if "entity" in one]
    found[1]["uid"] = found[0]["uid"]


def _location_twice(records: list[Any]) -> None:
    records.insert(2, {"location": {**records[1]["location"], "id": "00000000-0000-4000-8000-000000000000"}})


def _nowhere(records: list[Any]) -> None:
    _find(records, "entity")["location"] = "00000000-0000-4000-8000-000000000000"


def _stranger(records: list[Any]) -> None:
    _find(records, "relations")["source"] = "component:default/stranger"


def _no_base64(records: list[Any]) -> None:
    _find(records, "revision")["stepBack"] = "%"


def _no_day(records: list[Any]) -> None:
    _find(records, "location")["createdAt"] = "2026-02-31T00:00:00Z"


def _two_horizons(records: list[Any]) -> None:
    place = next(number for number, one in enumerate(records) if "revision" in one)
    records[place:place] = [{"horizon": {"at": "2026-01-01T00:00:00Z"}}] * 2


def _unknown(records: list[Any]) -> None:
    records.insert(2, {"secret": {}})


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_newer, "line 1: catalog/version is 2, and this Greenroom reads up to 1"),
        (_headless, "line 1: the first record must be `catalog`"),
        (_cut_off, "ends without its last record"),
        (_too_few, "the file should hold"),
        (_out_of_order, "line 3: a record 'location' cannot follow 'revision'"),
        (_no_uid, "entity must have required property 'uid'"),
        (_bad_name, '"metadata.name" is not valid; expected a string'),
        (_nul, "entity holds a NUL character"),
        (_twice, "came before: leave one of the two out"),
        (_uid_twice, "came before: leave one of the two out"),
        (_location_twice, "line 3: location "),
        (_nowhere, "is no location of this file"),
        (_stranger, "component:default/stranger is no entity of this file"),
        (_no_base64, "revision/stepBack is no base64"),
        (_no_day, "line 2: location/createdAt is '2026-02-31T00:00:00Z'"),
        (_two_horizons, "a record 'horizon' cannot follow 'horizon'"),
        (_unknown, "line 3: expected an object with one member"),
    ],
)
def test_what_cannot_be_taken_is_told_with_its_line_and_nothing_is_stored(
    api: Api, records: list[Any], damage: Damage, says: str
) -> None:
    damage(records)
    answer = sent(api, b"\n".join(orjson.dumps(one) for one in records))
    assert answer.status_code == 400, answer.content
    message = answer.json()["error"]["message"]
    assert says in message
    assert "line" in message or damage in {_cut_off, _stranger}
    assert not any(model.objects.exists() for model in (Entity, Location, Relation, Revision))


@pytest.mark.parametrize(
    ("content", "media", "says"),
    [
        (b"\n", NDJSON, "the file is empty"),
        (b'{"catalog":\n', NDJSON, "line 1 is not JSON"),
        (b'{"catalog": {"version": 1}}\n{"loca', NDJSON, "line 2 ends too early"),
        (b'{"catalog": {"version": 1}}\n"a\0b"\n', NDJSON, "line 2 is not JSON"),
        (b"---\ncatalog: {version: 1}\n---\n- [\n", YAML, "the document that begins in line 3"),
        (b"---\ncatalog: {version: 1}\n---\nend: {}\n", YAML, "line 3: end must have required property"),
        (b"{}", "application/json", "unsupported media type application/json"),
    ],
)
def test_what_is_no_export(api: Api, content: bytes, media: str, says: str) -> None:
    answer = sent(api, content, media)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]


def test_only_an_empty_catalog_takes_an_import(api: Api, organisation: None) -> None:
    content = exported(api)
    answer = sent(api, content)
    assert answer.status_code == 409
    assert "needs an empty one" in answer.json()["error"]["message"]


def test_a_line_without_end_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.transfer.formats.LONGEST_LINE", 1_000)

    class Endless:
        def readline(self, size: int = -1, /) -> bytes:
            return b"x" * size

    for form in ("ndjson", "yaml"):
        with pytest.raises(Exception, match="has more than 1000 bytes"):
            list(lines(Endless(), form))


def test_who_may_take_everything_away_and_bring_it(as_role: Callable[..., Api], anonymous: Api) -> None:
    for api in (as_role("viewer"), as_role("developer")):
        assert api.get(EXPORT).status_code == 403
        assert sent(api, b"").status_code == 403
    condition = {"rule": "IS_ENTITY_KIND", "params": {"kinds": ["group"]}}
    conditions = {"catalog.entity.read": condition}
    _, secret = create_token(name="limited", role="admin", by=TESTS, conditions=conditions)
    refused = Api(secret).get(EXPORT)
    assert refused.status_code == 403
    assert "an export holds all of them" in refused.json()["error"]["message"]
    without_length = Client(headers={"Authorization": f"Bearer {as_role('admin').secret}"})
    answer = without_length.generic("POST", IMPORT, b"x", content_type=NDJSON, headers={"Content-Length": ""})
    assert answer.status_code == 400


AWKWARD: list[Any] = [
    *("yes", "no", "1e3", "0o14", "012", "1:30", "~", "", " ", "a: b", "a #b", "- a", "null", "2026-11-23"),
    *("line\nbreak", "tab\there", "\u2028", "\u0085", "é", "\U0001f600", "a" * 2_000, "a b " * 900, "'\"\\"),
    *(
        "---",
        "...",
        "key:",
        "? x",
        "!tag",
        "&a",
        "*a",
        "%x",
        "@x",
        "`x",
        "=",
        "<<",
        "0x1F",
        ".inf",
        "a ",
        "-",
    ),
    *(0, -1, 1.5, 1e300, 1e-7, 2**53, True, False, None, [], {}, [[]], {"a": {"b": []}}),
]


@pytest.mark.parametrize("form", ["ndjson", "yaml"])
def test_every_value_survives_both_forms(form: str) -> None:
    record = {
        "entity": {str(place): value for place, value in enumerate(AWKWARD)} | {"~": 1, "yes": 2, "": 3}
    }
    content = written(record, form) + written({"end": AWKWARD}, form)

    class Once:
        left: Iterator[bytes] = iter(content.splitlines(keepends=True))

        def readline(self, size: int = -1, /) -> bytes:
            return next(self.left, b"")

    found = list(lines(Once(), form))
    assert [one.record for one in found] == [record, {"end": AWKWARD}]
    assert json.dumps(found[0].record) == json.dumps(record)
