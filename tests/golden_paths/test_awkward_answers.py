"""Whatever the form allows gives files that are valid and say what was answered."""

import json
import keyword
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given, settings

from tests.golden_paths.answers import (
    AWKWARD_DESCRIPTIONS,
    AWKWARD_NAMES,
    AWKWARD_OWNERS,
    GOOD,
    LEAST,
    descriptions,
    names,
)
from tests.golden_paths.catalog_files import entities
from tests.golden_paths.making import PATHS, fetch_input, make, make_here, template

DEPENDENCIES = {"fastapi", "starlette", "pydantic", "uvicorn", "anyio", "pytest", "httpx2", "tests", "src"}


def faults(path: str, answers: dict[str, Any]) -> set[str]:
    """What the form has against the answers: the names of the fields."""
    pages = template(path)["spec"]["parameters"]
    validators = [jsonschema_rs.Draft7Validator(page) for page in pages]
    errors = [error for validator in validators for error in validator.iter_errors(answers)]
    return {".".join(map(str, error.instance_path)) for error in errors}


def assert_valid(made: Path, answers: dict[str, Any]) -> None:
    """Every file parses, and those that quote an answer hold exactly that answer."""
    description = re.sub(r"\r\n?", "\n", answers["description"]).strip()
    summary = " ".join(answers["description"].split())
    for path in (path for path in made.rglob("*") if path.is_file()):
        text = path.read_text(encoding="utf-8")
        match path.suffix:
            case ".py":
                compile(text, str(path), "exec")
            case ".json":
                json.loads(text)
            case ".toml":
                tomllib.loads(text)
            case ".yml" | ".yaml":
                list(yaml.safe_load_all(text))
    component, api = entities(made / "catalog-info.yaml")
    for one in (component.entity, api.entity):
        assert one["metadata"]["name"] == answers["name"]
        assert one["metadata"]["description"] == description
        assert one["spec"]["owner"] == answers["owner"]
        assert one["spec"].get("system") == answers.get("system")
        assert one["spec"]["lifecycle"] == answers.get("lifecycle", "experimental")
    assert component.entity["spec"]["providesApis"] == [answers["name"]]
    assert json.loads(api.entity["spec"]["definition"])["info"]["title"] == answers["name"]
    project = tomllib.loads((made / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["description"] == summary
    assert yaml.safe_load((made / "mkdocs.yml").read_text(encoding="utf-8"))["site_description"] == summary
    assert (
        (made / "README.md").read_text(encoding="utf-8").startswith(f"# {answers['name']}\n\n{description}\n")
    )
    package = made / "src" / project["name"]
    assert f"port: int = {answers.get('port', 8080)}\n" in (package / "settings.py").read_text(
        encoding="utf-8"
    )


def assert_safe_package(package: str) -> None:
    assert package.isidentifier(), package
    assert not keyword.iskeyword(package), package
    assert package not in sys.stdlib_module_names | DEPENDENCIES, package


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("answers", [GOOD, LEAST], ids=["good", "least"])
def test_good_answers(path: str, answers: dict[str, Any], tmp_path: Path) -> None:
    assert faults(path, answers) == set()
    assert_valid(make(path, answers, tmp_path), answers)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("description", AWKWARD_DESCRIPTIONS)
def test_awkward_descriptions(path: str, description: str, tmp_path: Path) -> None:
    answers = GOOD | {"description": description}
    assert faults(path, answers) == set()
    assert_valid(make(path, answers, tmp_path), answers)


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_awkward_names(name: str, tmp_path: Path) -> None:
    answers = GOOD | {"name": name}
    assert faults("python-service", answers) == set()
    made = make_here("python-service", answers, tmp_path)
    assert_valid(made, answers)
    (package,) = (made / "src").iterdir()
    assert_safe_package(package.name)


@pytest.mark.parametrize("owner", AWKWARD_OWNERS)
def test_the_owner_is_asked_for_review(owner: str, tmp_path: Path) -> None:
    answers = GOOD | {"owner": owner}
    assert faults("python-service", answers) == set()
    made = make_here("python-service", answers, tmp_path)
    assert_valid(made, answers)
    name = owner.rpartition(":")[2].rpartition("/")[2]
    reviewer = name if owner.lower().startswith("user:") else f"acme/{name}"
    assert (made / "CODEOWNERS").read_text(encoding="utf-8").endswith(f"\n* @{reviewer}\n")


@given(name=names)
@settings(max_examples=200, deadline=None)
def test_every_name_gives_a_safe_package(name: str) -> None:
    assert_safe_package(fetch_input("python-service", GOOD | {"name": name})["values"]["package"])


@given(description=descriptions)
@settings(max_examples=60, deadline=None)
def test_every_description_that_the_form_takes(
    description: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    answers = GOOD | {"description": description}
    assert faults("python-service", answers) == set()
    assert_valid(make_here("python-service", answers, tmp_path_factory.mktemp("made")), answers)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(
            ("name", name)
            for name in ["", "A", "-a", "a-", "a_b", "a.b", "../../x", "a b", "a" * 64, "ä", "a\n", 7]
        ),
        *(
            ("description", text)
            for text in ["", "  \n ", "a\x00b", "a\x7fb", "a\x85b", "a\u2028b", "x" * 1001]
        ),
        *(
            ("owner", owner)
            for owner in ["", "My Team", "group:", "a/b/c", "x\ny", "a: b", "@ana", "${{ x }}"]
        ),
        *(("system", system) for system in ["", "a b", 'x"y']),
        *(("port", port) for port in [80, 65536, "8080", 8080.5]),
        ("lifecycle", "deprecated"),
        *(
            ("repoUrl", url)
            for url in ["", "local", "local?owner=acme", "local?owner=a b&repo=x", 'local?owner=a&repo="x"']
        ),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_beside_its_field(
    path: str, field: str, value: object
) -> None:
    assert faults(path, GOOD | {field: value}) == {field}
