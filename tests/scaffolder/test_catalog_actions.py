"""catalog:register and catalog:write as the contract has them (SCAFFOLDER.md 7.4, 7.5), through whole runs."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import override_settings

from catalog.models import Location
from scaffolder.models import Effect
from scm.registry import publishing_host
from scm.values import Author, RepositoryName
from tests.conftest import Api
from tests.scaffolder.conftest import Workshop

pytestmark = pytest.mark.django_db

REPOSITORY = RepositoryName("acme", "held")


def entity(kind: str, name: str, **more: Any) -> str:
    spec = {"type": "service", "lifecycle": "production", "owner": "team-a"}
    if kind in {"System", "Domain"}:
        spec = {"owner": "team-a"}
    metadata = {"name": name, **more}
    return json.dumps(
        {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
    )


def held(tmp_path: Path, **files: str) -> str:
    """The address of a repository's contents that holds these files; `__` in a name is `/`, and .yaml is added."""
    host, folder = publishing_host("local"), tmp_path / "held"
    for name, text in files.items():
        place = folder / f"{name.replace('__', '/')}.yaml"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    made = host.create_repository(
        REPOSITORY, description="", default_branch="main", private=False, made_by="system:tests"
    )
    host.push_tree(
        REPOSITORY, folder, branch="main", message="held", author=Author("T", "t@greenroom.invalid")
    )
    return f"{made.web_url}/blob/main"


def run(workshop: Workshop, **given: Any) -> str:
    steps = [{"id": "register", "action": "catalog:register", "input": given}]
    output = {"made": "${{ steps.register.output }}"}
    return workshop.run(workshop.offer(f"register-{uuid.uuid4().hex[:8]}", steps, output=output))


def registered(workshop: Workshop, **given: Any) -> dict[str, Any]:
    return dict(workshop.output(run(workshop, **given))["made"])


def error(workshop: Workshop, **given: Any) -> dict[str, Any]:
    return dict(workshop.completion(run(workshop, **given))["error"])


@pytest.mark.parametrize(
    ("documents", "shown"),
    [
        ([entity("System", "shop"), entity("Component", "zeta"), entity("Component", "alpha")], "component:default/zeta"),
        ([entity("Component", "generated-a"), entity("Component", "web")], "component:default/web"),
        ([entity("Component", "generated-a"), entity("System", "shop"), entity("Domain", "all")], "system:default/shop"),
        ([entity("System", "generated-z"), entity("System", "Shop", namespace="team")], "system:team/shop"),
        ([entity("Component", "generated-b")], "location:default/generated-"),
    ],
    ids=["first component", "not generated", "first other", "lower case", "the location itself"],
)  # fmt: skip
def test_the_entity_that_is_shown(
    workshop: Workshop, tmp_path: Path, documents: list[str], shown: str
) -> None:
    url = held(tmp_path, **{"catalog-info": "\n---\n".join(documents)})
    made = registered(workshop, repoContentsUrl=url)
    assert made.keys() == {"catalogInfoUrl", "entityRef"}
    assert made["catalogInfoUrl"] == f"{url}/catalog-info.yaml"
    assert made["entityRef"].removesuffix(made["entityRef"].partition("generated-")[2] or " ") == shown


def test_a_file_is_registered_once_and_optional_tells_its_entity(workshop: Workshop, tmp_path: Path) -> None:
    url = held(tmp_path, **{"catalog-info": entity("Component", "web")})
    first = registered(workshop, catalogInfoUrl=f"{url}/catalog-info.yaml")
    again = error(workshop, catalogInfoUrl=f"{url}/catalog-info.yaml")
    assert again["name"] == "ConflictError"
    assert again["message"] == f"Location url:{url}/catalog-info.yaml already exists"
    run_id = run(workshop, catalogInfoUrl=f"{url}/catalog-info.yaml", optional=True)
    assert workshop.output(run_id)["made"] == first
    assert Location.objects.filter(target=f"{url}/catalog-info.yaml").count() == 1
    assert not Effect.objects.filter(run_id=run_id, made_at__isnull=False).exists()


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (None, "catalog-info.yaml"),
        ("/catalog-info.yaml", "catalog-info.yaml"),
        ("catalog-info.yaml", "api/catalog-info.yaml"),
        ("./docs/own.yaml", "api/docs/own.yaml"),
        ("/api/docs/own.yaml", "api/docs/own.yaml"),
        ("../catalog-info.yaml", "catalog-info.yaml"),
    ],
)
def test_a_path_is_meant_from_the_root_or_from_the_folder(
    workshop: Workshop, tmp_path: Path, path: str | None, found: str
) -> None:
    files = {"catalog-info": "root", "api__catalog-info": "api", "api__docs__own": "own"}
    url = held(tmp_path, **{name: entity("Component", text) for name, text in files.items()})
    given = {"repoContentsUrl": f"{url}/api"} | ({"catalogInfoPath": path} if path else {})
    assert registered(workshop, **given)["catalogInfoUrl"] == f"{url}/{found}"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"repoContentsUrl": "https://nowhere.example/acme/x/blob/main"}, "No integration found for host"),
        ({"catalogInfoUrl": "file:///etc/passwd"}, "/etc/passwd"),
        ({"optional": True}, "Invalid input passed to action catalog:register"),
    ],
)
def test_what_cannot_be_registered_is_refused(workshop: Workshop, given: dict[str, Any], says: str) -> None:
    before = Location.objects.count()
    assert says in error(workshop, **given)["message"]
    assert Location.objects.count() == before + 1  # the template's own


def test_a_file_that_is_not_there_may_be_allowed(workshop: Workshop, tmp_path: Path) -> None:
    url = held(tmp_path, **{"catalog-info": entity("Component", "web")})
    gone = f"{url}/gone.yaml"
    assert "gone.yaml" in error(workshop, catalogInfoUrl=gone)["message"]
    assert registered(workshop, catalogInfoUrl=gone, optional=True) == {"catalogInfoUrl": gone}
    assert not Location.objects.filter(target=gone).exists()


def test_what_does_not_answer_is_tried_again_then_allowed(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scaffolder.runner.PAUSE", 0.0)
    url = "http://127.0.0.1:9/catalog-info.yaml"  # nobody listens on the port of discard
    with override_settings(GREENROOM_READING_ALLOW=["127.0.0.1"]):
        run_id = run(workshop, catalogInfoUrl=url, optional=True)
        assert workshop.output(run_id)["made"] == {"catalogInfoUrl": url}
        assert error(workshop, catalogInfoUrl=url)


def written(workshop: Workshop, **given: Any) -> str:
    path = given.get("filePath") or "catalog-info.yaml"
    steps = [
        {"id": "write", "action": "catalog:write", "input": given},
        {"id": "read", "action": "fs:read", "input": {"path": path}},
    ]
    output = {"read": "${{ steps.read.output.content }}"}
    ref = workshop.offer("written", steps, output=output)
    run_id = workshop.run(ref)
    return str(workshop.output(run_id)["read"])


@pytest.mark.parametrize("path", [None, "deep/er/info.yaml"])
def test_an_entity_is_written_with_its_template(workshop: Workshop, path: str | None) -> None:
    document = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {
            "name": "web",
            "annotations": {"own/one": "1", "backstage.io/source-template": "forged"},
        },
        "spec": {"type": "service", "owner": "1e3"},
    }
    text = written(workshop, entity=document, **({"filePath": path} if path else {}))
    assert yaml.safe_load(text) == document | {
        "metadata": {
            "name": "web",
            "annotations": {"own/one": "1", "backstage.io/source-template": "template:default/written"},
        }
    }
    assert list(yaml.safe_load(text)) == ["apiVersion", "kind", "metadata", "spec"]


@pytest.mark.parametrize("metadata", [None, {}, {"annotations": None}])
def test_an_entity_without_annotations_gets_the_one(workshop: Workshop, metadata: Any) -> None:
    found = yaml.safe_load(written(workshop, entity={"kind": "X", "metadata": metadata}))
    assert found["metadata"]["annotations"] == {"backstage.io/source-template": "template:default/written"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"entity": {"metadata": "x"}}, "entity.metadata must be an object, not 'x'"),
        ({"entity": {"metadata": ["a"]}}, "entity.metadata must be an object"),
        ({"entity": {"metadata": {"annotations": ["a"]}}}, "entity.metadata.annotations must be an object"),
        ({"entity": {}, "filePath": "there/x.yaml"}, "'there/x.yaml' cannot be written"),
        ({"entity": {}, "filePath": "a/b/"}, "names no file"),
        ({}, 'requires property "entity"'),
    ],
)
def test_what_cannot_be_written_is_refused(workshop: Workshop, given: dict[str, Any], says: str) -> None:
    steps = [
        {"id": "there", "action": "fs:write", "input": {"path": "there", "content": "x"}},
        {"id": "write", "action": "catalog:write", "input": given},
    ]
    body = workshop.completion(workshop.run(workshop.offer("refused", steps)))["error"]
    assert says in body["message"]


def test_what_a_run_wrote_and_registered_names_its_template(workshop: Workshop, api: Api) -> None:
    component = json.loads(entity("Component", "payments"))
    steps = [
        {"id": "write", "action": "catalog:write", "input": {"entity": component}},
        {"id": "publish", "action": "publish:local", "input": {"repoUrl": "local?owner=acme&repo=payments"}},
        {
            "id": "register",
            "action": "catalog:register",
            "input": {"repoContentsUrl": "${{ steps.publish.output.repoContentsUrl }}"},
        },
    ]
    workshop.run(workshop.offer("whole", steps))
    shown = api.get("/api/catalog/entities/by-name/component/default/payments").json()
    assert shown["metadata"]["annotations"]["backstage.io/source-template"] == "template:default/whole"
