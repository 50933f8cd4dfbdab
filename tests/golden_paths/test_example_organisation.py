"""The example organisation and the list of golden paths are catalogs without a fault."""

from collections import Counter

import pytest

from tests.golden_paths.catalog_files import entities
from tests.golden_paths.twin import TEMPLATES

ACME = TEMPLATES.parent / "examples" / "acme" / "catalog-info.yaml"


def test_every_entity_of_acme_is_accepted_and_named_once() -> None:
    found = list(entities(ACME))
    assert max(Counter(one.ref for one in found).values()) == 1
    assert Counter(one.entity["kind"] for one in found) == {
        "Location": 1,
        "Domain": 2,
        "System": 4,
        "Component": 10,
        "API": 6,
        "Resource": 5,
        "Group": 7,
        "User": 10,
    }


def test_every_reference_of_acme_and_of_the_golden_paths_leads_somewhere() -> None:
    found = [*entities(ACME), *entities(TEMPLATES / "all.yaml")]
    known = {one.ref for one in found}
    missing = {(one.ref, link.type, link.target) for one in found for link in one.relations} - {
        (one.ref, link.type, link.target) for one in found for link in one.relations if link.target in known
    }
    assert not missing


def test_every_group_of_acme_says_the_same_as_its_parent() -> None:
    groups = {one.ref: one for one in entities(ACME) if one.entity["kind"] == "Group"}
    for ref, group in groups.items():
        for link in group.relations:
            told = {(back.type, back.target) for back in groups[link.target].relations}
            assert (link.reverse, ref) in told, f"{link.target} does not name {ref} as its {link.reverse}"


@pytest.mark.parametrize("kind", ["Component", "API", "Resource", "System", "Domain"])
def test_every_thing_of_acme_has_a_description_and_belongs_somewhere(kind: str) -> None:
    for one in entities(ACME):
        if one.entity["kind"] == kind:
            assert one.entity["metadata"].get("description"), one.ref
            assert kind == "Domain" or any(link.type == "partOf" for link in one.relations), one.ref


def test_the_list_of_golden_paths_names_every_folder() -> None:
    listed = {one.ref for one in entities(TEMPLATES / "all.yaml")} - {"location:default/golden-paths"}
    assert listed == {f"template:default/{file.parent.name}" for file in TEMPLATES.glob("*/template.yaml")}
