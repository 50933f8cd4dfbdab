"""Templates of others are entered in the catalog and their forms served; ours are valid."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scaffolder.checks import faults_of, golden_paths, golden_paths_are_valid
from tests.catalog.test_corpus import FOLDER
from tests.conftest import Api
from tests.scaffolder.conftest import TASKS, Workshop

pytestmark = pytest.mark.django_db
SCHEMA = "/api/scaffolder/v2/templates/default/template/{}/parameter-schema"
CORPUS = sorted((FOLDER / "templates").rglob("template.yaml"))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: "/".join(path.parts[-4:-1]))
def test_a_real_template_is_ingested_and_its_form_served(
    path: Path, tmp_path: Path, api: Api, catalog_files: Callable[[Path], str]
) -> None:
    copy = tmp_path / "template"
    shutil.copytree(path.parent, copy)
    catalog_files(copy / "template.yaml")
    (entity,) = api.get("/api/catalog/entities", {"filter": "kind=template"}).json()
    answer = api.get(SCHEMA.format(entity["metadata"]["name"]))
    assert answer.status_code == 200, answer.content
    form = answer.json()
    given = entity["spec"].get("parameters") or []
    assert [step["schema"] for step in form["steps"]] == (given if isinstance(given, list) else [given])
    # Values are looked at by the template's own schemas: each of them compiles.
    refused = api.post(TASKS, {"templateRef": f"template:default/{entity['metadata']['name']}", "values": {}})
    assert refused.status_code in {201, 400}
    assert "is not a valid JSON Schema" not in refused.content.decode()


def test_the_form_keeps_the_order_of_its_fields(workshop: Workshop, api: Api) -> None:
    properties = {name: {"type": "string"} for name in ("zebra", "ant", "mule", "b")}
    ref = workshop.offer(
        "order", [{"action": "debug:log"}], parameters=[{"title": "T", "properties": properties}]
    )
    form = api.get(SCHEMA.format(ref.rpartition("/")[2])).json()
    assert list(form["steps"][0]["schema"]["properties"]) == list(properties)


def test_our_golden_paths_are_valid() -> None:
    assert sorted(path.parent.name for path in golden_paths().glob("*/template.yaml"))
    assert golden_paths_are_valid() == []


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("publish:local", "publish:lokal", "'publish:lokal'"),
        ("type: integer", "type: intejer", "spec.parameters[0]"),
        ("kind: Template", "kind: [", "YAML"),
        ("scaffolder.backstage.io/v1beta3", "backstage.io/v1beta2", "apiVersion"),
    ],
)
def test_a_golden_path_that_is_not_says_why(tmp_path: Path, before: str, after: str, says: str) -> None:
    text = (golden_paths() / "python-service/template.yaml").read_text()
    assert before in text
    file = tmp_path / "broken" / "template.yaml"
    file.parent.mkdir()
    file.write_text(text.replace(before, after))
    (fault,) = faults_of(file)
    assert says in fault.msg


@pytest.mark.parametrize("name", ["python-service", "python-service-cookiecutter"])
def test_a_golden_path_makes_a_service(name: str, workshop: Workshop, api: Api) -> None:
    ref = workshop.offer_folder(name, golden_paths() / name)
    values: dict[str, Any] = {
        "name": "parcel-tracking",
        "description": "Where is my parcel?",
        "owner": "group:default/platform",
        "repoUrl": "local?owner=acme&repo=parcel-tracking",
    }
    run_id = workshop.run(ref, values)
    links = {link["title"]: link for link in workshop.output(run_id)["links"]}
    assert links["In the catalog"]["entityRef"] == "component:default/parcel-tracking"
    entity = api.get("/api/catalog/entities/by-name/component/default/parcel-tracking").json()
    assert entity["spec"]["owner"] == "group:default/platform"
