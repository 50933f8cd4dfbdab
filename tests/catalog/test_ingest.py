"""Files come, change, break, move and go: what the catalog then says, asked through the API."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from catalog.actions import ingest_now, remove_orphans, sync_configured
from catalog.ingest.locations import read_location
from catalog.ingest.reader import Reader
from catalog.ingest.refresh import refresh
from catalog.ingest.store import store
from catalog.models import Entity, Location
from catalog.problems import Refused
from core.api.subjects import System
from core.errors import LeaseLost
from core.leases import claim
from core.models import AuditEvent
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, group, location, several

TESTS = System("system:tests")


def register(api: Any, url: str) -> Location:
    answer = api.post("/api/catalog/locations", {"type": "url", "target": url})
    assert answer.status_code == 201, answer.content
    return Location.objects.get(pk=answer.json()["location"]["id"])


def by_name(api: Any, name: str, kind: str = "component") -> Any:
    answer = api.get(f"/api/catalog/entities/by-name/{kind}/default/{name}")
    return answer.json() if answer.status_code == 200 else None


def names(api: Any) -> set[str]:
    found = api.get("/api/catalog/entities?fields=metadata.name,kind").json()
    return {one["metadata"]["name"] for one in found if one["kind"] != "Location"}


def relations(entity: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["type"], one["targetRef"]) for one in entity["relations"]}


def test_relations_are_seen_from_both_sides_and_resolve_when_the_target_comes(
    api: Any, web: FileServer
) -> None:
    one = register(api, web.put("a.yaml", component("web", dependsOn="[component:db]")))
    ingest_now(one)
    assert relations(by_name(api, "web")) == {
        ("ownedBy", "group:default/team-a"),
        ("dependsOn", "component:default/db"),
    }
    two = register(api, web.put("b.yaml", several(component("db"), group("team-a"))))
    ingest_now(two)
    assert ("dependencyOf", "component:default/web") in relations(by_name(api, "db"))
    assert ("ownerOf", "component:default/web") in relations(by_name(api, "team-a", "group"))
    before = by_name(api, "db")["metadata"]["etag"]
    assert api.delete(f"/api/catalog/locations/{one.pk}").status_code == 204
    assert ("dependencyOf", "component:default/web") not in relations(by_name(api, "db"))
    assert by_name(api, "db")["metadata"]["etag"] != before
    assert by_name(api, "web") is None


def test_unchanged_content_writes_nothing_and_a_change_keeps_the_uid(api: Any, web: FileServer) -> None:
    place = register(api, web.put("a.yaml", component("web")))
    ingest_now(place)
    before = Entity.objects.get(name="web")
    ingest_now(place)
    assert Entity.objects.get(name="web").changed_at == before.changed_at
    web.put("a.yaml", component("web", owner="team-b"))
    ingest_now(place)
    after = Entity.objects.get(name="web")
    assert after.document["spec"]["owner"] == "team-b"
    assert (after.uid, after.etag != before.etag) == (before.uid, True)
    assert after.document["metadata"]["uid"] == str(after.uid)


def test_a_broken_document_keeps_its_last_good_self_and_stops_nobody(api: Any, web: FileServer) -> None:
    place = register(api, web.put("a.yaml", several(component("web"), component("db"), component("job"))))
    ingest_now(place)
    broken = component("db").replace("  owner: team-a\n", "")
    web.put("a.yaml", several(component("web", owner="team-b"), broken, component("job")))
    with pytest.raises(Refused, match="must have required property 'owner'"):
        ingest_now(place)
    assert by_name(api, "web")["spec"]["owner"] == "team-b"
    kept = by_name(api, "db")
    assert kept["spec"]["owner"] == "team-a"
    (item,) = kept["status"]["items"]
    assert (item["type"], item["level"]) == ("backstage.io/catalog-processing", "error")
    assert item["message"] == f"InputError: {item['error']['message']}"
    assert (
        item["error"]["cause"]["message"]
        == "/spec must have required property 'owner' - missingProperty: owner"
    )
    assert "status" not in by_name(api, "job")
    place.refresh_from_db()
    assert [(error["line"], error["ref"]) for error in place.errors] == [(9, "component:default/db")]
    web.put("a.yaml", several(component("web"), component("db"), component("job")))
    ingest_now(place)
    assert "status" not in by_name(api, "db")


def test_a_file_that_is_no_yaml_any_more_keeps_what_it_held(api: Any, web: FileServer) -> None:
    place = register(api, web.put("a.yaml", several(component("web"), component("db"))))
    ingest_now(place)
    web.put("a.yaml", several(component("web"), component("db") + "  owner: again\n"))
    with pytest.raises(Refused, match=r"Map keys must be unique at line 18"):
        ingest_now(place)
    assert "status" not in by_name(api, "web")
    assert "Map keys must be unique" in by_name(api, "db")["status"]["items"][0]["message"]
    own = by_name(api, place.entity_ref.rpartition("/")[2], "location")
    assert "Map keys must be unique" in own["status"]["items"][0]["message"]


@pytest.mark.parametrize("status", [404, 500, 403])
def test_a_failed_fetch_never_deletes(api: Any, web: FileServer, settings: Settings, status: int) -> None:
    settings.GREENROOM_ORPHAN_GRACE = timedelta(0)
    place = register(api, web.put("a.yaml", component("web")))
    ingest_now(place)
    web.statuses["a.yaml"] = status
    with pytest.raises(Refused, match="Unable to read url"):
        ingest_now(place)
    remove_orphans(by=TESTS)
    assert by_name(api, "web") is not None
    own = by_name(api, place.entity_ref.rpartition("/")[2], "location")
    assert "Unable to read url" in own["status"]["items"][0]["message"]
    place.refresh_from_db()
    assert place.failures == 1
    del web.statuses["a.yaml"]
    ingest_now(place)
    assert "status" not in by_name(api, place.entity_ref.rpartition("/")[2], "location")


def test_what_vanishes_is_an_orphan_first_and_comes_back_with_its_uid(
    api: Any, web: FileServer, settings: Settings
) -> None:
    place = register(api, web.put("a.yaml", several(component("web"), component("db"))))
    ingest_now(place)
    uid = by_name(api, "db")["metadata"]["uid"]
    web.put("a.yaml", component("web"))
    ingest_now(place)
    assert by_name(api, "db")["metadata"]["annotations"]["backstage.io/orphan"] == "true"
    assert remove_orphans(by=TESTS) == 0
    web.put("a.yaml", several(component("web"), component("db")))
    ingest_now(place)
    back = by_name(api, "db")["metadata"]
    assert ("backstage.io/orphan" in back["annotations"], back["uid"]) == (False, uid)
    web.put("a.yaml", component("web"))
    ingest_now(place)
    settings.GREENROOM_ORPHAN_GRACE = timedelta(0)
    assert remove_orphans(by=TESTS) == 1
    assert names(api) == {"web"}
    assert AuditEvent.objects.filter(verb="orphan_removed", target="component:default/db").exists()


def test_location_entities_lead_on_and_their_own_failures_hide_nothing(api: Any, web: FileServer) -> None:
    web.put("x/b.yaml", component("b"))
    web.put("x/c.yaml", component("c"))
    root = several(component("a"), location("more", "./x/b.yaml", "x/c.yaml", "./gone.yaml"))
    place = register(api, web.put("a.yaml", root))
    with pytest.raises(Refused, match=r"no matching files found for http://.*/gone\.yaml"):
        ingest_now(place)
    assert names(api) == {"a", "b", "c"}
    assert "gone.yaml" in by_name(api, "more", "location")["status"]["items"][0]["message"]
    chain = api.get("/api/catalog/entities/by-name/component/default/b/ancestry").json()
    assert [one["parentEntityRefs"] for one in chain["items"]] == [
        ["location:default/more"],
        [place.entity_ref],
        [],
    ]
    web.put("a.yaml", several(component("a"), location("more", "./x/b.yaml").replace("targets", "target")))
    with pytest.raises(Refused, match="/spec/target must be string"):
        ingest_now(place)
    assert "backstage.io/orphan" not in by_name(api, "c")["metadata"]["annotations"]  # hidden, not gone
    web.put("a.yaml", several(component("a"), location("more", "./x/b.yaml")))
    ingest_now(place)
    assert by_name(api, "c")["metadata"]["annotations"]["backstage.io/orphan"] == "true"


def test_an_optional_target_may_be_missing(api: Any, web: FileServer) -> None:
    place = register(api, web.put("a.yaml", location("more", "./gone.yaml", presence="optional")))
    ingest_now(place)
    assert "status" not in by_name(api, "more", "location")


def test_the_first_location_keeps_a_name_and_the_second_gets_it_when_the_first_goes(
    api: Any, web: FileServer, work: Callable[[], None]
) -> None:
    one = register(api, web.put("a.yaml", component("web", owner="one")))
    two = register(api, web.put("b.yaml", several(component("web", owner="two"), component("db"))))
    ingest_now(one)
    with pytest.raises(Refused, match=r"conflicting entityRef component:default/web .*rename one"):
        ingest_now(two)
    assert (by_name(api, "web")["spec"]["owner"], names(api)) == ("one", {"web", "db"})
    uid = by_name(api, "web")["metadata"]["uid"]
    api.delete(f"/api/catalog/locations/{one.pk}")
    work()
    assert (by_name(api, "web")["spec"]["owner"], by_name(api, "web")["metadata"]["uid"]) == ("two", uid)
    two.refresh_from_db()
    assert (two.errors, two.contested) == ([], [])


def test_a_deleted_entity_comes_back_with_a_new_uid_while_its_file_has_it(
    api: Any, web: FileServer, work: Callable[[], None]
) -> None:
    ingest_now(register(api, web.put("a.yaml", component("web"))))
    uid = by_name(api, "web")["metadata"]["uid"]
    assert api.delete(f"/api/catalog/entities/by-uid/{uid}").status_code == 204
    assert by_name(api, "web") is None
    work()
    assert by_name(api, "web")["metadata"]["uid"] != uid


def test_configured_files_are_read_and_become_orphans_when_no_longer_named(
    api: Any, settings: Settings, tmp_path: Path, work: Callable[[], None]
) -> None:
    (tmp_path / "teams").mkdir()
    (tmp_path / "teams/a.yaml").write_text(component("a"))
    (tmp_path / "teams/b.yaml").write_text(component("b").replace("team-a", "{$text: ../secret}"))
    settings.GREENROOM_CATALOG_LOCATIONS = [f"file:{tmp_path}/teams/*.yaml"]
    (tmp_path / "secret").write_text("not yours")
    sync_configured(by=TESTS)
    work()
    assert names(api) == {"a"}
    (place,) = Location.objects.all()
    assert "is not allowed" in place.errors[0]["message"]
    (tmp_path / "teams/c.yaml").write_text(component("c"))
    work()
    assert names(api) == {"a", "c"}
    assert api.get("/api/catalog/locations").json() == []
    settings.GREENROOM_CATALOG_LOCATIONS = []
    sync_configured(by=TESTS)
    assert Location.objects.count() == 0
    assert by_name(api, "a")["metadata"]["annotations"]["backstage.io/orphan"] == "true"


def test_only_one_worker_reads_a_location(api: Any, web: FileServer) -> None:
    place = register(api, web.put("a.yaml", component("web")))
    other = claim(Location.objects.all(), place.pk)
    assert other is not None
    assert refresh(str(place.pk)) is None
    assert names(api) == set()


def test_what_no_file_may_do(api: Any, web: FileServer, settings: Settings) -> None:
    web.redirects["away.yaml"] = "http://127.0.0.1:1/x.yaml"
    web.put("away.yaml", "")
    cases = {
        web.put("big.yaml", b"# " + b"x" * (11 * 1024 * 1024)): "more than 10 MB: split the file",
        web.url("away.yaml"): "Reading from 'http://127.0.0.1:1/x.yaml' is not allowed",
        web.put(
            "kind.yaml", component("x").replace("kind: Component", "kind: Gizmo")
        ): "not of an allowed kind",
        web.put(
            "up.yaml", location("l", "file:///etc/passwd")
        ): "Reading from 'file:/etc/passwd' is not allowed",
        "http://169.254.169.254/latest": "is not allowed",
        "ftp://127.0.0.1/x": "is no web address",
    }
    for url, reason in cases.items():
        answer = api.post("/api/catalog/locations?dryRun=true", {"type": "url", "target": url})
        assert answer.status_code == 400
        assert reason in answer.json()["error"]["message"]
    assert Entity.objects.count() == 0


def test_odd_characters_and_sizes_are_refused_and_stop_nobody(api: Any, web: FileServer) -> None:
    web.put("deep.json", "[" * 900 + "]" * 900)
    documents = [
        component("good"),
        component('"nul\\0"'),
        component("owned", owner='"a\\0b"'),
        component("long", owner="x" * 600),
        component("deep", system="{$json: ./deep.json}"),
        component("nul-in-text", note='"a\\0b"'),
    ]
    place = register(api, web.put("a.yaml", several(*documents)))
    with pytest.raises(Refused):
        ingest_now(place)
    assert names(api) == {"good", "nul-in-text"}
    place.refresh_from_db()
    reasons = [error["message"] for error in place.errors]
    assert ["metadata.name" in reasons[0], "owner" in reasons[1], "owner" in reasons[2]] == [True] * 3
    assert "nested deeper" in reasons[3]
    assert by_name(api, "nul-in-text")["spec"]["note"] == "a\0b"
    assert api.get("/api/catalog/entities?filter=spec.note=a%EF%BF%BDb&fields=kind").json() == [
        {"kind": "Component"}
    ]


def test_a_moved_location_reads_from_its_new_place_and_leaves_its_old_one_free(
    api: Any, web: FileServer
) -> None:
    old, new = web.put("a.yaml", component("a")), web.put("b.yaml", component("b"))
    place = register(api, old)
    ingest_now(place)
    moved = api.put(f"/api/catalog/locations/{place.pk}", {"type": "url", "target": new})
    assert (moved.status_code, moved.json()["entityRef"]) == (200, place.entity_ref)
    place.refresh_from_db()
    ingest_now(place)
    assert by_name(api, "a")["metadata"]["annotations"]["backstage.io/orphan"] == "true"
    again = register(api, old)
    assert again.entity_ref != place.entity_ref
    ingest_now(again)
    assert "backstage.io/orphan" not in by_name(api, "a")["metadata"]["annotations"]
    taken = api.put(f"/api/catalog/locations/{again.pk}", {"type": "url", "target": new})
    assert (taken.status_code, taken.json()["error"]["name"]) == (409, "ConflictError")
    assert api.post("/api/catalog/locations", {"type": "url", "target": "x" * 3000}).status_code == 400


def test_a_refresh_that_lost_its_location_writes_nothing(api: Any, web: FileServer) -> None:
    place = register(api, web.put("a.yaml", component("a")))
    mine = claim(Location.objects.all(), place.pk)
    assert mine is not None
    harvest = read_location(mine.ref, Reader(), ["Component"])
    Location.objects.filter(pk=place.pk).update(attempts=mine.attempts + 1)
    with pytest.raises(LeaseLost):
        store(mine, harvest, {})
    assert names(api) == set()
