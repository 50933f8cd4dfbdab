"""Entity and location references: the grammar and the exact refusals of CATALOG.md 2.2."""

import pytest

from catalog.problems import Refused
from catalog.refs import EntityRef, LocationRef


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("component:default/web", "component:default/web"),
        ("Component:Default/Web-Shop", "component:default/web-shop"),
        ("resource:db", "resource:default/db"),
        ("team-a", "group:default/team-a"),
        ("My Team", "group:default/my team"),
        ("team-b/ledger", "group:team-b/ledger"),
        ("a/b/c", "group:a/b/c"),
        ("ns/odd:name", "group:ns/odd:name"),
        ("user:ns/odd:name", "user:ns/odd:name"),
    ],
)
def test_a_reference_has_one_canonical_form(text: str, canonical: str) -> None:
    assert str(EntityRef.parse(text, default_kind="Group")) == canonical


def test_the_namespace_of_the_holder_is_the_default() -> None:
    assert str(EntityRef.parse("x", default_kind="Group", default_namespace="Team-B")) == "group:team-b/x"


@pytest.mark.parametrize("text", [":x", "a:/x", "a:b/", "/x", "a:"])
def test_an_empty_part_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="was not on the form"):
        EntityRef.parse(text, default_kind="Group")


def test_a_missing_kind_is_refused_where_none_is_implied() -> None:
    with pytest.raises(Refused) as refused:
        EntityRef.parse("db")
    assert refused.value.message == (
        'Entity reference "db" had missing or empty kind (e.g. did not start with "component:" or similar)'
    )
    with pytest.raises(Refused, match="must not be empty"):
        EntityRef.parse("")


def test_a_location_reference() -> None:
    location = LocationRef.parse("url:https://host/path:1")
    assert location == LocationRef("url", "https://host/path:1")
    assert str(location) == "url:https://host/path:1"
    assert location.entity_ref == "location:default/generated-435c510981a60803604d257915c1a18842edc3a1"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://host/x", "Invalid location ref 'https://host/x', please prefix it with 'url:'"),
        ("x", "Unable to parse location ref 'x', expected '<type>:<target>'"),
        (":x", "Unable to parse location ref ':x'"),
        ("url:", "Unable to parse location ref 'url:'"),
    ],
)
def test_a_location_reference_needs_type_and_target(text: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        LocationRef.parse(text)
    assert refused.value.message.startswith(reason)
