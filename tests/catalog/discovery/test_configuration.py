"""What is configured to be discovered, and how slips in it are told."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from catalog.checks import discovered
from catalog.discovery.configuration import Filters, configured
from catalog.discovery.models import Provider
from scm.fakes.github import FakeGitHub
from tests.catalog.discovery.conftest import Configure

GOOD = {"id": "acme", "find": "repositories", "host": "github.test", "owner": "acme"}


def test_every_key(hub: FakeGitHub, configure: Configure) -> None:
    filters = {
        "repository": "svc-.*",
        "branch": "main",
        "topics": {"include": ["a"], "exclude": ["b"]},
        "allowForks": False,
        "allowArchived": True,
        "visibility": ["public"],
    }
    schedule = {"frequency": {"hours": 2}}
    configure({**GOOD, "catalogPath": "/x.yaml", "filters": filters, "schedule": schedule})
    found = configured()["acme"]
    assert found.every == timedelta(hours=2)
    assert found.catalog_path == "x.yaml"
    assert found.filters == Filters(
        "svc-.*", "main", frozenset({"a"}), frozenset({"b"}), False, True, frozenset({"public"})
    )
    assert discovered() == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"host": "github.example"}, "No code host 'github.example' is configured"),
        ({"host": "local", "find": "people"}, "does not tell about people"),
        ({"find": "everything"}, "find"),
        ({"id": "No Spaces"}, "id"),
        ({"filters": {"repository": "("}}, "not a"),
        ({"filters": {"repo": "x"}}, "repo"),
        ({"userPattern": "x"}, "userPattern say nothing about repositories"),
        ({"schedule": {"frequency": {"weeks": 1}}}, "weeks"),
    ],
)
def test_slips_are_told_and_change_nothing(
    hub: FakeGitHub, configure: Configure, change: dict[str, object], told: str
) -> None:
    configure(GOOD)
    with pytest.raises(ImproperlyConfigured, match=told):
        configure({**GOOD, **change})
    assert Provider.objects.get().owner == "acme"
    assert discovered()[0].id == "catalog.E003"


def test_an_id_names_one_provider(hub: FakeGitHub, configure: Configure) -> None:
    with pytest.raises(ImproperlyConfigured, match="used twice"):
        configure(GOOD, GOOD)


def test_without_a_file_nothing_is_discovered(db: None, settings: Settings) -> None:
    assert configured() == {}
