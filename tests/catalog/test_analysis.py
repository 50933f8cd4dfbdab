"""`POST /analyze-location`: the catalog files of a repository, or an entity to start from."""

from pathlib import Path
from typing import Any

import pytest

from catalog.actions import ingest_now, register
from core.api.subjects import System
from identity.actions import create_token
from scm.port import CodeHost
from scm.registry import host
from scm.values import Author, RepositoryName
from tests.catalog.documents import component, location, several
from tests.conftest import Api

TESTS = System("system:tests")

SHOP = RepositoryName("acme", "Shop_")


@pytest.fixture
def shop(db: None, data_folder: Path) -> CodeHost:
    local = host("local")
    local.create_repository(SHOP, description="", default_branch="main", private=True, made_by="tests")
    return local


def push(local: CodeHost, folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    local.push_tree(SHOP, folder, branch="main", message="m", author=Author("Ana", "ana@example.com"))


def analyze(api: Any, target: str, **more: str) -> Any:
    return api.post("/api/catalog/analyze-location", {"location": {"type": "url", "target": target}, **more})


def test_an_entity_is_suggested_where_there_is_no_catalog_file(
    api: Any, shop: CodeHost, tmp_path: Path
) -> None:
    push(shop, tmp_path, {"README.md": "# Shop"})
    url = shop.web_url(SHOP)
    assert analyze(api, url).json() == {
        "existingEntityFiles": [],
        "generateEntities": [
            {
                "entity": {
                    "apiVersion": "backstage.io/v1alpha1",
                    "kind": "Component",
                    "metadata": {
                        "name": "Shop",
                        "annotations": {"backstage.io/source-location": f"url:{url}/"},
                    },
                    "spec": {"type": "other", "lifecycle": "unknown"},
                },
                "fields": [],
            }
        ],
    }


@pytest.mark.parametrize(
    ("target", "name", "annotations"),
    [
        ("https://github.com/acme/shop.git", "shop", {"github.com/project-slug": "acme/shop"}),
        ("https://github.com/acme/shop/blob/main/a/b.yaml", "shop", {"github.com/project-slug": "acme/shop"}),
        ("https://github.acme.example/acme/shop", "shop", {"github.com/project-slug": "acme/shop"}),
        (
            "https://gitlab.com/acme/pay/core/-/tree/main/x",
            "core",
            {"gitlab.com/project-slug": "acme/pay/core"},
        ),
        ("https://git.example/acme/shop%20two!", "shop-two", None),
    ],
)
def test_name_and_annotations_come_from_the_address(
    api: Any, target: str, name: str, annotations: dict[str, str] | None
) -> None:
    entity = analyze(api, target).json()["generateEntities"][0]["entity"]
    assert entity["metadata"]["name"] == name
    assert entity["metadata"].get("annotations") == annotations


def test_the_catalog_files_of_a_repository_are_found(api: Any, shop: CodeHost, tmp_path: Path) -> None:
    files = {
        "catalog-info.yaml": several(location("all", "./b/catalog-info.yaml"), component("a")),
        "b/catalog-info.yaml": component("b"),
        "b/other.yaml": component("c"),
    }
    push(shop, tmp_path, files)
    url = shop.web_url(SHOP)
    registered = shop.contents_url(SHOP, "main", "b/catalog-info.yaml")
    api.post("/api/catalog/locations", {"type": "url", "target": registered})
    found = analyze(api, url).json()
    assert found["generateEntities"] == []
    told = [
        (
            one["location"]["target"].rpartition("main/")[2],
            one["entity"]["metadata"]["name"],
            one["isRegistered"],
        )
        for one in found["existingEntityFiles"]
    ]
    assert told == [
        ("b/catalog-info.yaml", "b", True),
        ("catalog-info.yaml", "all", False),
        ("catalog-info.yaml", "a", False),
    ]
    folder = shop.contents_url(SHOP, "main", "b")
    assert [one["isRegistered"] for one in analyze(api, folder).json()["existingEntityFiles"]] == [True]
    other = analyze(api, url, catalogFilename="other.yaml").json()["existingEntityFiles"]
    assert [one["entity"]["metadata"]["name"] for one in other] == ["c"]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"location": {"type": "url", "target": "nope"}}, 400, "The given location.target is not a URL"),
        (
            {"location": {"type": "url", "target": "https://[x"}},
            400,
            "The given location.target is not a URL",
        ),
        ({"location": {"type": "url", "target": "https://github.com/acme"}}, 400, "names no repository"),
        ({"location": {"type": "url"}}, 400, "request/body/location must have required property 'target'"),
        ({"location": {"type": "url", "target": "https://a/b/c", "x": 1}}, 400, "Unrecognized key(s)"),
        (
            {"location": {"type": "url", "target": "http://127.0.0.1:7007/git/acme/none"}},
            404,
            "There is no repository at",
        ),
    ],
)
def test_what_cannot_be_analysed_is_refused(
    api: Any, shop: CodeHost, body: dict[str, Any], status: int, message: str
) -> None:
    answer = api.post("/api/catalog/analyze-location", body)
    assert answer.status_code == status
    assert message in answer.json()["error"]["message"]


def test_a_broken_catalog_file_is_named(api: Any, shop: CodeHost, tmp_path: Path) -> None:
    push(shop, tmp_path, {"catalog-info.yaml": several(component("a"), "kind: Component\n")})
    answer = analyze(api, shop.web_url(SHOP))
    assert answer.status_code == 400
    assert "main/catalog-info.yaml, line 9: TypeError: <root>" in answer.json()["error"]["message"]


def test_who_sees_a_part_of_the_catalog_is_shown_that_part(api: Any, shop: CodeHost, tmp_path: Path) -> None:
    push(shop, tmp_path, {"catalog-info.yaml": several(component("a", owner="mine"), component("b"))})
    ingest_now(register("url", shop.contents_url(SHOP, "main", "catalog-info.yaml"), by=TESTS))
    owned = {"rule": "IS_ENTITY_OWNER", "params": {"claims": ["group:default/mine"]}}
    conditions = {"catalog.entity.read": owned}
    _, secret = create_token(name="limited", role="admin", by=TESTS, conditions=conditions)
    found = analyze(Api(secret), shop.web_url(SHOP)).json()
    assert [one["entity"]["metadata"]["name"] for one in found["existingEntityFiles"]] == ["a"]
