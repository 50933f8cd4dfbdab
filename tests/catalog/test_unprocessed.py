"""What could not be taken is listed with file, line, owner and reason, and goes when somebody says so."""

from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Entity
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, several

Work = Callable[[], None]
BROKEN = component("bad", owner="team-b").replace("  lifecycle: production\n", "")


@pytest.fixture
def troubled(api: Any, web: FileServer, work: Work) -> str:
    """A file with a good, a broken and a later broken entity, a missing file, and one not read yet."""
    url = web.put("a.yaml", several(component("good"), BROKEN, component("later")))
    for target in (url, web.url("missing.yaml")):
        api.post("/api/catalog/locations", {"type": "url", "target": target})
    work()
    web.put("a.yaml", several(component("good"), BROKEN, component("later", owner="[]")))
    work()
    api.post("/api/catalog/locations", {"type": "url", "target": web.url("new.yaml")})
    return url


def listed(api: Any, which: str, query: str = "") -> list[dict[str, Any]]:
    answer = api.get(f"/api/catalog/entities/unprocessed/{which}{query}").json()
    assert answer["type"] == which
    return list(answer["entities"])


def test_failed_is_what_is_shown_as_last_read_well(api: Any, troubled: str) -> None:
    (one,) = listed(api, "failed")
    assert one["entity_ref"] == "component:default/later"
    assert one["entity_id"] == str(Entity.objects.get(name="later").uid)
    assert one["processed_entity"]["spec"]["owner"] == "team-a"
    assert "must be string" in one["errors"][0]["message"]
    assert (one["file"], one["line"], one["location_key"]) == (f"url:{troubled}", 17, f"url:{troubled}")


def test_pending_is_what_was_never_taken(api: Any, troubled: str) -> None:
    bad, missing, new = listed(api, "pending")
    assert bad["entity_ref"] == "component:default/bad"
    assert bad["unprocessed_entity"] == {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {
            "name": "bad",
            "namespace": "default",
            "annotations": {
                "backstage.io/managed-by-location": f"url:{troubled}",
                "backstage.io/managed-by-origin-location": f"url:{troubled}",
            },
        },
        "spec": {"owner": "team-b"},
    }
    assert bad["errors"][0]["cause"]["name"] == "TypeError"
    assert (bad["file"], bad["line"]) == (f"url:{troubled}", 9)
    assert missing["unprocessed_entity"]["kind"] == "Location"
    assert missing["errors"][0]["name"] == "NotFoundError"
    assert new["errors"] == []
    assert new["last_updated_at"] is None


def test_the_lists_by_owner(api: Any, troubled: str) -> None:
    assert [one["entity_ref"] for one in listed(api, "pending", "?owner=team-b")] == ["component:default/bad"]
    assert [one["entity_ref"] for one in listed(api, "failed", "?owner=team-a")] == [
        "component:default/later"
    ]
    assert listed(api, "failed", "?owner=nobody") == []


def test_an_entry_that_is_deleted_comes_back_when_its_file_is_read_anew(
    api: Any, web: FileServer, work: Work, troubled: str
) -> None:
    bad, missing, _ = listed(api, "pending")
    (later,) = listed(api, "failed")
    for entry in (bad, missing, later):
        answer = api.delete(f"/api/catalog/entities/unprocessed/delete/{entry['entity_id']}")
        assert (answer.status_code, answer.content) == (204, b"")
    assert listed(api, "failed") == []
    told = [one["entity_ref"] for one in listed(api, "pending")]
    assert "component:default/bad" not in told
    assert not Entity.objects.filter(name="later").exists()
    work()
    assert listed(api, "pending")[0]["entity_id"] == bad["entity_id"]


@pytest.mark.parametrize("entry", ["nope", "00000000-0000-4000-8000-000000000000"])
def test_deleting_what_is_not_there_is_no_error(api: Any, troubled: str, entry: str) -> None:
    assert api.delete(f"/api/catalog/entities/unprocessed/delete/{entry}").status_code == 204


def test_a_developer_may_not_see_them(as_role: Callable[..., Any], troubled: str) -> None:
    assert as_role("developer").get("/api/catalog/entities/unprocessed/failed").status_code == 403
