"""A predicate says the same of a document in memory as the database says of the entity."""

from typing import Any

import pytest

from catalog.actions import ingest_now, register
from catalog.history.matching import holds
from catalog.models import Entity
from catalog.predicates import parse_query
from core.api.subjects import System
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, group, several

QUERIES: tuple[dict[str, Any], ...] = (
    {},
    {"kind": "component"},
    {"Kind": "Component", "metadata.name": "WEB"},
    {"$not": {"kind": "component"}},
    {"$any": []},
    {"$all": []},
    {"$any": [{"metadata.tags": "java"}, {"spec.size": 3}, {"kind": "group"}]},
    {"metadata.tags.java": True},
    {"metadata.tags.java": {"$hasPrefix": "TR"}},
    {"metadata.tags": {"$hasPrefix": "ja"}},
    {"metadata.tags": {"$exists": False}},
    {"spec.owner": {"$in": ["team-a", "nobody"]}},
    {"metadata.name": {"$hasPrefix": "W"}},
    {"spec.size": {"$hasPrefix": "1"}},
    {"spec.odd": {"$exists": True}},
    {"spec.odd": "null"},
    {"a=b": {"$exists": True}},
    {"spec.a=b": "c"},
    {"spec.a=b": {"$hasPrefix": "c"}},
    {"relations.ownedBy": "group:default/Team-A"},
    {"relations": {"$contains": {"type": "ownedBy", "targetRef": "group:default/team-a"}}},
    {"metadata.links": {"$contains": {"url": "https://one", "title": "One"}}},
    {"metadata.links": {"$contains": {"url": "https://one", "title": "Two"}}},
    {"$not": {"metadata.links": {"$contains": {"title": {"$hasPrefix": "tw"}}}}},
    {"metadata.links": {"$contains": {"icon": {"$exists": True}}}},
    {"spec.parts": {"$contains": {"none": {"$exists": True}}}},
    {"spec.parts": {"$contains": {"none": "null"}}},
    {"spec.parts": {"$contains": {"sizes": 2}}},
    {"spec.parts": {"$contains": {"deep.er": "YES"}}},
    {"spec.parts": {"$contains": {"deep": {"$contains": {"er": "yes"}}}}},
)
WEB = """  name: web
  tags: [java]
  links: [{url: "https://one", title: One}, {url: "https://two", title: Two, icon: two}]
"""
PARTS = "[{sizes: [1, 2], none: null, deep: [{er: 'yes'}]}, 7, {sizes: 3, deep: {er: 'no'}}]"


@pytest.mark.django_db
def test_documents_in_memory_are_matched_as_the_database_matches_them(web: FileServer) -> None:
    documents = [
        component("web", **{"a=b": "c"}, size=3, odd="null", parts=PARTS).replace("  name: web\n", WEB),
        component("worker", owner="team-b", size=10.5, parts="{sizes: 2}"),
        group("team-a"),
    ]
    place = register("url", web.put("a.yaml", several(*documents)), by=System("system:tests"))
    ingest_now(place)
    entities = Entity.objects.order_by("ref")
    finals = dict(zip(entities.values_list("ref", flat=True), entities.finals(), strict=True))
    split = 0
    for query in QUERIES:
        predicate = parse_query(query)
        found = set(Entity.objects.matching(predicate).values_list("ref", flat=True))
        assert {ref for ref, final in finals.items() if holds(predicate, final)} == found, query
        split += 0 < len(found) < len(finals)
    assert split > len(QUERIES) / 2
