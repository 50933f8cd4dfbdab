"""What GitHub and GitLab add to an entity: where its source lies, where to edit it, which repository it is."""

from typing import Any

import pytest

from catalog.reading import host_annotations
from catalog.refs import LocationRef
from scm.fakes.github import FakeGitHub
from scm.fakes.gitlab import FakeGitLab
from scm.registry import host
from scm.values import RepositoryName

SHOP = RepositoryName("acme", "shop")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOURCE, EDIT = "backstage.io/source-location", "backstage.io/edit-url"


@pytest.mark.parametrize("name", ["github.test", "gitlab.test"])
def test_an_entity_says_where_its_source_lies_and_where_to_edit_it(
    hub: FakeGitHub, lab: FakeGitLab, name: str
) -> None:
    code_host = host(name)
    file = code_host.contents_url(SHOP, "main", "services/a/catalog-info.yaml")
    assert "/blob/main/" in file
    assert host_annotations(LocationRef("url", file)) == {
        SOURCE: f"url:{file.replace('/blob/', '/tree/').removesuffix('catalog-info.yaml')}",
        EDIT: file.replace("/blob/", "/edit/"),
    }
    root = code_host.contents_url(SHOP, "main", "catalog-info.yaml")
    assert host_annotations(LocationRef("url", root))[SOURCE].endswith("/tree/main/")
    fixed = code_host.contents_url(SHOP, COMMIT, "catalog-info.yaml")
    assert host_annotations(LocationRef("url", fixed)).keys() == {SOURCE}


@pytest.mark.parametrize(("name", "prefix"), [("github.test", "github.com"), ("gitlab.test", "gitlab.com")])
def test_a_suggested_entity_has_the_annotation_that_plugins_look_for(
    api: Any, hub: FakeGitHub, lab: FakeGitLab, name: str, prefix: str
) -> None:
    (hub if name == "github.test" else lab).state.repository("acme/shop", {"README.md": b"# Shop"})
    url = host(name).web_url(SHOP)
    body = {"location": {"type": "url", "target": url}}
    (one,) = api.post("/api/catalog/analyze-location", body).json()["generateEntities"]
    assert one["entity"]["metadata"]["annotations"] == {
        f"{prefix}/project-slug": "acme/shop",
        SOURCE: f"url:{url}/",
    }
