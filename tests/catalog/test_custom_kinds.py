"""Kinds of one's own: declared in files, with all faults told at once, and then like any other kind."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from catalog.builtin_kinds import KINDS
from catalog.kind_files import declared_kinds, read_kinds
from catalog.models import Location
from tests.catalog.conftest import FileServer

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "custom-kinds"


def queue(**changes: str) -> str:
    """An entity of the example's kind Queue."""
    spec = {"type": "events", "owner": "team-a", "publishers": "[a]", "subscribers": "[b]", **changes}
    lines = "".join(f"\n  {key}: {value}" for key, value in spec.items() if value)
    return f"apiVersion: acme.example/v1\nkind: Queue\nmetadata:\n  name: orders\nspec:{lines}\n"


@pytest.fixture
def declared(settings: Settings) -> None:
    settings.GREENROOM_CATALOG_KINDS = str(EXAMPLE / "kinds")


def test_an_entity_of_such_a_kind_is_one_like_any_other(
    api: Any, web: FileServer, work: Callable[[], None], declared: None
) -> None:
    api.post("/api/catalog/locations", {"type": "url", "target": web.put("a.yaml", queue(system="shop"))})
    work()
    entity = api.get("/api/catalog/entities/by-name/queue/default/orders").json()
    assert [(one["type"], one["targetRef"]) for one in entity["relations"]] == [
        ("ownedBy", "group:default/team-a"),
        ("partOf", "system:default/shop"),
        ("publishedBy", "component:default/a"),
        ("readBy", "component:default/b"),
    ]
    query = {"query": {"relations": {"$contains": {"type": "publishedBy"}}}, "fields": ["kind"]}
    assert api.post("/api/catalog/entities/by-query", query).json()["items"] == [{"kind": "Queue"}]
    facets = api.get("/api/catalog/entity-facets?facet=kind&filter=kind=queue").json()["facets"]
    assert facets == {"kind": [{"value": "Queue", "count": 1}]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"type": "topic"}, "TypeError: /spec/type must be equal to one of the allowed values"),
        ({"owner": ""}, "TypeError: /spec must have required property 'owner'"),
        ({"publishers": "[1]"}, "TypeError: /spec/publishers/0 must be string"),
        ({"retentionDays": "400"}, "TypeError: /spec/retentionDays must be <= 365"),
    ],
)
def test_its_schema_is_kept(api: Any, declared: None, changes: dict[str, str], message: str) -> None:
    entity = yaml.safe_load(queue(**changes))
    answer = api.post("/api/catalog/validate-entity", {"entity": entity, "location": "url:https://a/b"})
    (error,) = answer.json()["errors"]
    assert error["message"].startswith("Processor ModelProcessor threw an error while validating the entity")
    assert message in error["message"]


def test_without_the_declaration_it_is_a_stranger(api: Any) -> None:
    entity = {"apiVersion": "acme.example/v1", "kind": "Queue", "metadata": {"name": "orders"}, "spec": {}}
    answer = api.post("/api/catalog/validate-entity", {"entity": entity, "location": "url:https://a/b"})
    assert "No processor recognized the entity queue:default/orders" in answer.json()["errors"][0]["message"]


def test_a_declaration_that_changes_is_noticed_at_the_next_refresh(
    api: Any, web: FileServer, work: Callable[[], None], settings: Settings, tmp_path: Path
) -> None:
    api.post("/api/catalog/locations", {"type": "url", "target": web.put("a.yaml", queue())})
    work()
    assert "is not of an allowed kind" in Location.objects.get().errors[0]["message"]
    settings.GREENROOM_CATALOG_KINDS = str(EXAMPLE / "kinds/queue.yaml")
    work()
    assert Location.objects.get().errors == []
    stricter = tmp_path / "kinds.yaml"
    stricter.write_text((EXAMPLE / "kinds/queue.yaml").read_text().replace("[work, events]", "[work]"))
    settings.GREENROOM_CATALOG_KINDS = str(stricter)
    work()
    assert "/spec/type must be equal" in Location.objects.get().errors[0]["message"]


def test_the_example_is_taken(api: Any, web: FileServer, work: Callable[[], None], declared: None) -> None:
    text = (EXAMPLE / "catalog-info.yaml").read_text()
    api.post("/api/catalog/locations", {"type": "url", "target": web.put("a.yaml", text)})
    work()
    assert Location.objects.get().errors == []
    vendor = api.get("/api/catalog/entities/by-name/vendor/default/map-tiles").json()
    assert {"type": "supplies", "targetRef": "resource:default/map-data"} in vendor["relations"]


GOOD = (
    "name: Queue\napiVersions: [acme.example/v1]\nspec: {type: object, properties: {owner: {type: string}}}\n"
)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("name: [", ["line 1: the document cannot be read: YAML error"]),
        ("- a\n", ["line 1: the document must be object"]),
        ("name: Queue\n", ["line 1: the document must have required property 'apiVersions'"]),
        (
            f"{GOOD}more: 1\n",
            ["line 1: the document must NOT have additional properties - additionalProperty: more"],
        ),
        (f"# a\n---\n{GOOD}".replace("Queue", "1st"), ["line 3: name '1st' must be letters and digits"]),
        (GOOD.replace("Queue", "component"), ["line 1: name 'component' is taken by the kind Component"]),
        (f"{GOOD}---\n{GOOD.replace('Queue', 'queue')}", ["line 5: name 'queue' is taken by the kind Queue"]),
        (GOOD.replace("[acme.example/v1]", "[]"), ["line 2: apiVersions must name one at least"]),
        (GOOD.replace("acme.example/v1", "a b/v1"), ["line 2: apiVersions/0 'a b/v1' is none"]),
        (GOOD.replace("{type: string}", "{type: text}"), ["line 3: spec is no JSON Schema (draft 7)"]),
        (
            GOOD.replace("{type: string}", "{$ref: 'https://example.com/x.json'}"),
            ["line 3: spec/properties/owner/$ref leaves the document"],
        ),
        (
            GOOD.replace("{type: string}", "{$ref: 'file:///etc/passwd'}"),
            ["line 3: spec/properties/owner/$ref leaves the document"],
        ),
        (
            f"""{GOOD}relations:
  - {{field: owner, forward: ownedBy, reverse: owns, kind: Group}}
  - {{field: reader, forward: ReadBy, reverse: reads}}
""",
            [
                "line 5: relations/0/reverse 'owns': elsewhere the reverse of ownedBy is ownerOf",
                "line 6: relations/1/field 'reader' is not among the properties of spec",
                "line 6: relations/1/forward 'ReadBy' must be letters and digits",
            ],
        ),
        (
            f"{GOOD}relations:\n  - {{field: owner}}\n",
            ["line 5: relations/0 must have required property 'forward'"],
        ),
    ],
)
def test_faults_are_told_with_file_line_and_field(tmp_path: Path, text: str, faults: list[str]) -> None:
    file = tmp_path / "kinds.yaml"
    file.write_text(text)
    _, found = read_kinds(file)
    told = [str(fault) for fault in found]
    assert all(line.startswith(f"{file}, ") for line in told), told
    assert len(told) >= len(faults)
    for expected, line in zip(faults, told, strict=False):
        assert line.removeprefix(f"{file}, ").startswith(expected), told


def test_all_files_of_a_folder_are_read_and_all_faults_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yml").write_text(GOOD.replace("Queue", "Topic").replace("acme.example/v1", "'!'"))
    (tmp_path / "c.yaml").write_text(GOOD)
    with pytest.raises(ImproperlyConfigured) as refused:
        declared_kinds(str(tmp_path))
    assert "b.yml, line 2" in str(refused.value)
    assert "c.yaml, line 1: name 'Queue' is taken" in str(refused.value)
    with pytest.raises(ImproperlyConfigured, match="is not there"):
        declared_kinds(str(tmp_path / "none.yaml"))


def test_a_fault_stops_the_process_at_its_start(tmp_path: Path) -> None:
    (tmp_path / "kinds.yaml").write_text(GOOD.replace("acme.example/v1", "'!'"))
    ran = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "check"],
        env={**os.environ, "GREENROOM_CATALOG_KINDS": str(tmp_path / "kinds.yaml")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    assert "kinds.yaml, line 2: apiVersions/0 '!' is none" in ran.stdout + ran.stderr


def test_a_relation_has_one_reverse_wherever_it_is_stated() -> None:
    kinds = {**KINDS, **declared_kinds(str(EXAMPLE / "kinds"))}
    reversed_as: dict[str, set[str]] = {}
    for kind in kinds.values():
        for link in kind.links:
            reversed_as.setdefault(link.forward, set()).add(link.reverse)
    assert all(len(names) == 1 for names in reversed_as.values()), reversed_as
