"""Flattening: which keys an entity can be found, sorted and counted by (CATALOG.md 5)."""

import pytest

from catalog.problems import Refused
from catalog.search_keys import key_term, search_keys, value_term

ENTITY = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {
        "name": "Web",
        "namespace": "default",
        "etag": "e",
        "tags": ["java", "c++"],
        "annotations": {"github.com/project-slug": "Acme/Web"},
        "custom": {"a": {"b": ["c", {"d": 1}, 3, True, None], "e": 7}, "f": None, "g": 1.5},
        "long": "x" * 201,
    },
    "spec": {"type": "Service", "odd": ["x=y"]},
    "status": {"items": []},
}


def _term(text: str) -> int:
    key, equals, value = text.partition("=")
    return value_term(key, value) if equals else key_term(key)


def test_keys_and_values_of_an_entity() -> None:
    keys = search_keys(ENTITY, [("ownedBy", "group:default/a")], "u-1")
    terms = set(keys.terms)
    known = {
        "kind=component",
        "metadata.name=web",
        "metadata.uid=u-1",
        "metadata.tags=java",
        "metadata.tags.java=true",
        "metadata.annotations.github.com/project-slug=acme/web",
        "relations.ownedby=group:default/a",
        "metadata.custom.a.b=c",
        "metadata.custom.a.b.c",
        "metadata.custom.a.b=3",
        "metadata.custom.a.b.d=1",
        "metadata.custom.a.b=true",
        "metadata.custom.f",
        "metadata.custom.g=1.5",
        "metadata.long",
        "spec.odd=x=y",
    }
    assert terms >= {_term(text) for text in known}
    unknown = {"metadata.custom.a", "metadata.custom.a.b.3", "metadata.etag", "status", "spec.odd.x=y"}
    assert not {_term(text) for text in unknown} & terms
    assert len(terms) == len(keys.terms)
    assert keys.values["spec.type"] == ["Service"]
    assert keys.values["metadata.custom.a.b"] == ["c", "3", "true", None]


def test_keys_that_differ_only_by_case_are_refused() -> None:
    entity = {**ENTITY, "spec": {"a": 1, "A": 2}}
    with pytest.raises(Refused) as refused:
        search_keys(entity, [], "u")
    assert refused.value.message == "Entity has duplicate keys that vary only in casing, spec.a, spec.A"


def test_a_nul_becomes_something_that_the_database_holds() -> None:
    keys = search_keys({**ENTITY, "spec": {"a\0": "b\0"}}, [], "u")
    assert value_term("spec.a\ufffd", "b\ufffd") in keys.terms
