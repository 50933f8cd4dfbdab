"""Every method of `@backstage/catalog-client` 1.16.2 works against a running server (CATALOG.md 16)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from catalog.models import Entity, Location
from tests.catalog.conftest import FileServer, web, work  # noqa: F401  # fixtures
from tests.catalog.documents import component, group, several, user
from tests.clients.conftest import ClientError, NodeClient
from tests.conftest import Api

pytestmark = [pytest.mark.node, pytest.mark.django_db(transaction=True)]

Work = Callable[[], None]
HELPERS = {
    "constructor",
    "requestIgnored",
    "requestRequired",
    "requestOptional",
    "getFilterValue",
    "queryEntitiesByPredicate",
    "getEntityFacetsByPredicate",
}
"""Of the client's own; they are used by the methods around them."""


@pytest.fixture
def client(packages: Path, live_server: LiveServer, api: Api) -> Iterator[NodeClient]:
    """The client of somebody who may do everything."""
    made = NodeClient("catalog", packages, f"{live_server.url}/api/catalog", str(api.secret))
    yield made
    made.close()


@pytest.fixture
def place(client: NodeClient, web: FileServer, work: Work) -> str:  # noqa: F811
    """A registered location with thirteen entities; its target."""
    documents = [component(f"c{number}", owner=f"team-{number % 2}") for number in range(10)]
    documents += [group("team-0"), group("team-1"), user("ana", "[team-0]")]
    target = web.put("all.yaml", several(*documents))
    added = client("addLocation", {"type": "url", "target": target})
    assert added["entities"] == []
    work()
    return target


def names(entities: list[Any]) -> list[str]:
    return [one and one["metadata"]["name"] for one in entities]


def test_every_method(
    client: NodeClient,
    place: str,
    web: FileServer,  # noqa: F811
    work: Work,  # noqa: F811
) -> None:
    _entities(client)
    _queries(client)
    _refs_and_facets(client)
    _ancestors(client)
    _locations(client, place, web)
    _writes(client, place, web, work)
    assert client.methods() - HELPERS - client.called == set()


def _entities(client: NodeClient) -> None:
    every = client("getEntities")["items"]
    assert len(every) == 14
    some = {
        "filter": [{"kind": "component", "spec.owner": ["team-0"]}, {"kind": "user"}],
        "fields": ["metadata.name"],
    }
    assert sorted(names(client("getEntities", some)["items"])) == ["ana", "c0", "c2", "c4", "c6", "c8"]
    exists = {"filter": {"spec.memberOf": "$EXISTS"}}
    assert names(client("getEntities", exists)["items"]) == ["ana"]
    ordered = {
        "filter": {"kind": "component"},
        "order": [{"field": "spec.owner", "order": "desc"}, {"field": "metadata.name", "order": "asc"}],
        "limit": 3,
        "offset": 1,
    }
    assert names(client("getEntities", ordered)["items"]) == ["c3", "c5", "c7"]


def _queries(client: NodeClient) -> None:
    wanted = {
        "filter": {"kind": "component"},
        "orderFields": {"field": "metadata.name", "order": "asc"},
        "limit": 4,
        "fields": ["metadata.name"],
    }
    first = client("queryEntities", wanted)
    assert (names(first["items"]), first["totalItems"]) == (["c0", "c1", "c2", "c3"], 10)
    second = client("queryEntities", {"cursor": first["pageInfo"]["nextCursor"], "limit": 4})
    assert names(second["items"]) == ["c4", "c5", "c6", "c7"]
    back = client("queryEntities", {"cursor": second["pageInfo"]["prevCursor"], "limit": 4})
    assert names(back["items"]) == ["c0", "c1", "c2", "c3"]
    text = {"term": "C7", "fields": ["metadata.name"]}
    searched = {"filter": {"kind": "component"}, "fullTextFilter": text, "totalItems": "exclude"}
    found = client("queryEntities", searched)
    assert (names(found["items"]), found["totalItems"]) == (["c7"], 0)
    predicate = {
        "query": {"$all": [{"kind": "component"}, {"$not": {"spec.owner": "team-0"}}]},
        "orderFields": [{"field": "metadata.name", "order": "desc"}],
        "limit": 2,
    }
    page = client("queryEntities", predicate)
    assert (names(page["items"]), page["totalItems"]) == (["c9", "c7"], 5)
    page = client("queryEntities", {"cursor": page["pageInfo"]["nextCursor"], "limit": 2})
    assert names(page["items"]) == ["c5", "c3"]
    pages = client("streamEntities", {"filter": {"kind": "component"}, "pageSize": 3})
    assert [len(one) for one in pages] == [3, 3, 3, 1]
    assert sorted(names([one for page in pages for one in page])) == [f"c{number}" for number in range(10)]


def _refs_and_facets(client: NodeClient) -> None:
    assert client("getEntityByRef", "Component:default/C1")["metadata"]["name"] == "c1"
    assert client("getEntityByRef", "component:default/none") is None
    assert client("getEntityByName", {"kind": "User", "name": "ana"})["metadata"]["name"] == "ana"
    refs = ["component:default/c1", "component:default/none", "user:default/ana"]
    assert names(client("getEntitiesByRefs", {"entityRefs": refs})["items"]) == ["c1", None, "ana"]
    filtered = {"entityRefs": refs, "filter": {"kind": "user"}, "fields": ["metadata.name"]}
    assert names(client("getEntitiesByRefs", filtered)["items"]) == [None, None, "ana"]
    queried = {"entityRefs": refs, "query": {"kind": "component"}}
    assert names(client("getEntitiesByRefs", queried)["items"]) == ["c1", None, None]
    many = [f"component:default/missing-{number:04}" for number in range(2_500)]
    assert len(client("getEntitiesByRefs", {"entityRefs": many})["items"]) == 2_500
    facets = {"facets": ["kind", "spec.owner"], "filter": {"kind": "component"}}
    expected = {
        "kind": [{"value": "Component", "count": 10}],
        "spec.owner": [{"value": "team-0", "count": 5}, {"value": "team-1", "count": 5}],
    }
    assert client("getEntityFacets", facets)["facets"] == expected
    by_query = {"facets": ["kind"], "query": {"metadata.name": {"$in": ["c1", "ana"]}}}
    found = client("getEntityFacets", by_query)["facets"]
    assert found == {"kind": [{"value": "Component", "count": 1}, {"value": "User", "count": 1}]}


def _ancestors(client: NodeClient) -> None:
    found = client("getEntityAncestors", {"entityRef": "component:default/c1"})
    assert found["rootEntityRef"] == "component:default/c1"
    kinds = [one["entity"]["kind"] for one in found["items"]]
    assert kinds == ["Component", "Location"]
    with pytest.raises(ClientError) as refused:
        client("getEntityAncestors", {"entityRef": "component:default/none"})
    assert (refused.value.name, refused.value.status) == ("ResponseError", 404)
    assert refused.value.cause == "NotFoundError"


def _locations(client: NodeClient, place: str, web: FileServer) -> None:  # noqa: F811
    (only,) = client("getLocations")["items"]
    assert (only["type"], only["target"]) == ("url", place)
    assert client("getLocationById", only["id"]) == only
    assert client("getLocationById", "00000000-0000-4000-8000-000000000000") is None
    assert client("getLocationByRef", f"url:{place}") == only
    assert client("getLocationByRef", "url:none") is None
    assert client("getLocationByEntity", "component:default/c1") == only
    assert client("getLocationByEntity", "component:default/none") is None
    found = client("queryLocations", {"query": {"target": {"$hasPrefix": web.url("")}}})
    assert (found["items"], found["totalItems"]) == ([only], 1)
    tried = client("addLocation", {"target": place, "dryRun": True})
    assert tried["exists"] is True
    assert len(tried["entities"]) == 14
    with pytest.raises(ClientError) as refused:
        client("addLocation", {"target": place})
    assert (refused.value.status, refused.value.cause) == (409, "ConflictError")
    assert client("addLocation", {"target": place, "onConflict": "refresh"})["location"] == only
    made = client("analyzeLocation", {"location": {"type": "url", "target": "https://github.com/acme/shop"}})
    assert names([one["entity"] for one in made["generateEntities"]]) == ["shop"]
    others = [client("addLocation", {"target": web.url(f"{number}.yaml")}) for number in range(2)]
    pages = client("streamLocations", {"limit": 2})
    assert [len(page) for page in pages] == [2, 1]
    moved = client("updateLocation", others[0]["location"]["id"], {"target": web.url("moved.yaml")})
    assert moved["target"] == web.url("moved.yaml")
    for other in others:
        client("removeLocationById", other["location"]["id"])
    assert client("getLocations")["items"] == [only]


def _writes(client: NodeClient, place: str, web: FileServer, work: Work) -> None:  # noqa: F811
    entity = client("getEntityByRef", "component:default/c1")
    bare = {key: entity[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": {"name": "new"}}
    assert client("validateEntity", bare, f"url:{place}") == {"valid": True}
    broken = {**bare, "spec": {"type": "service"}}
    refused = client("validateEntity", broken, f"url:{place}")
    assert refused["valid"] is False
    assert refused["errors"][0]["name"] == "InputError"
    web.put("all.yaml", component("c1", owner="team-9"))
    client("refreshEntity", "component:default/c1")
    assert Location.objects.exclude(requested_at=None).exists()
    work()
    assert client("getEntityByRef", "component:default/c1")["spec"]["owner"] == "team-9"
    client("removeEntityByUid", entity["metadata"]["uid"])
    assert client("getEntityByRef", "component:default/c1") is None
    assert not Entity.objects.filter(uid=entity["metadata"]["uid"]).exists()
    (only,) = client("getLocations")["items"]
    client("removeLocationById", only["id"])
    assert client("getEntities")["items"] == []
