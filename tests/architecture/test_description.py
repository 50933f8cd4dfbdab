"""Every route below /api/v1 is described, completely and in valid OpenAPI; what the description says is checked."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.urls import path
from jsonschema_rs import Draft202012Validator

from core.api.openapi import TEXT, Operation, described_routes, object_of, openapi_document
from core.api.params import Choice, Text, Whole
from core.api.responses import json_data
from core.api.views import ApiView
from tests.architecture.test_routes import ROUTES
from tests.described import CATALOG, DOCUMENT, document
from tests.shared import SHARED, needs_shared


class Described(ApiView):
    permission = "catalog.entity.read"
    query = {"q": Text(), "n": Whole(minimum=1, default=5), "way": Choice(("a", "b"), default="a")}
    described = Operation(
        "A thing",
        answer=object_of("Thing", id=TEXT),
        parameters={"id": "Its id.", "q": "A word.", "n": "A number.", "way": "A way."},
    )

    def get(self, _request: Any, id: int) -> Any:  # noqa: A002 - the route's word
        return json_data({"id": str(id)})


def assembled(view: type[ApiView], route: str = "api/v1/things/<int:id>") -> dict[str, Any]:
    routes = described_routes([path(route, view.as_view())], "api/v1/")
    return openapi_document(routes, title="T", version="1", description="D")


def test_every_route_of_ours_is_described() -> None:
    said = {
        "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route) for route in ROUTES if route.startswith("api/v1/")
    }
    said -= {DOCUMENT}
    assert document()["paths"].keys() == said


def test_every_route_of_the_catalog_is_described() -> None:
    routes = {route.removeprefix("api/catalog") for route in ROUTES if route.startswith("api/catalog/")}
    assert document(CATALOG)["paths"].keys() == {
        route.replace("<str:", "{").replace(">", "}") for route in routes
    }


@needs_shared
def test_the_catalog_has_what_the_contract_describes() -> None:
    """Paths, methods, parameters and members of bodies of Backstage's own description are in ours."""
    theirs = yaml.safe_load(((SHARED or Path()) / "contract/catalog-api.openapi.yaml").read_text())
    ours = {_nameless(place): methods for place, methods in document(CATALOG)["paths"].items()}
    missing = []
    for place, methods in theirs["paths"].items():
        for method, said in methods.items():
            operation = ours.get(_nameless(place), {}).get(method)
            if operation is None:
                missing.append(f"{method} {place}")
                continue
            known = {one["name"] for one in operation["parameters"] if one["in"] == "query"}
            missing += [f"{method} {place} ?{name}" for name in _asked(said, theirs) - known]
            missing += [
                f"{method} {place} body {name}" for name in _sent(said, theirs) - _sent(operation, {})
            ]
    assert sorted(missing) == sorted(DIFFERENT)


DIFFERENT = {
    "post /refresh body authorizationToken": "a second way to say who asks; the header is the one",
}


def _nameless(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def _asked(operation: Any, document: Any) -> set[str]:
    parameters = [_resolved(one, document) for one in operation.get("parameters", [])]
    return {one["name"] for one in parameters if one["in"] == "query"}


def _sent(operation: Any, document: Any) -> set[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return set(_resolved(content.get("schema", {}), document).get("properties", {}))


def _resolved(node: Any, document: Any) -> Any:
    for name in node["$ref"].removeprefix("#/").split("/") if "$ref" in node else []:
        document = document[name]
    return document if "$ref" in node else node


@pytest.mark.parametrize("base", ["", CATALOG])
def test_no_two_operations_share_a_name_and_all_schemas_are_schemas(base: str) -> None:
    operations = [one for path in document(base)["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]
    assert sorted(set(names)) == sorted(names)
    for name, schema in document(base)["components"]["schemas"].items():
        Draft202012Validator({**schema, "components": document(base)["components"]})
        assert schema["title"] == name
    for one in operations:
        assert all(parameter["description"].endswith(".") for parameter in one["parameters"]), one[
            "operationId"
        ]


def test_a_description_has_types_and_bounds_from_what_is_checked() -> None:
    found = assembled(Described)
    operation = found["paths"]["/api/v1/things/{id}"]["get"]
    assert operation["operationId"] == "getDescribed"
    assert operation["x-permission"] == "catalog.entity.read"
    schemas = {one["name"]: (one["in"], one["schema"]) for one in operation["parameters"]}
    assert schemas == {
        "id": ("path", {"type": "integer", "minimum": 0}),
        "q": ("query", {"type": "string", "minLength": 1}),
        "n": ("query", {"type": "integer", "minimum": 1, "default": 5}),
        "way": ("query", {"type": "string", "enum": ["a", "b"], "default": "a"}),
    }
    assert operation["responses"].keys() == {"200", "400", "401", "403", "404", "503"}
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Thing"}


def test_what_is_not_described_or_not_completely_is_refused() -> None:
    class Silent(ApiView):
        permission = "catalog.entity.read"

        def get(self, _request: Any) -> Any: ...

    class Forgetful(Described):
        described = Operation("A thing", parameters={"id": "Its id.", "q": "A word.", "gone": "Not taken."})

    with pytest.raises(TypeError, match=r"Silent\.get has no description"):
        assembled(Silent, "api/v1/silent")
    with pytest.raises(TypeError, match="differ: gone, n, way"):
        assembled(Forgetful)


def test_one_name_means_one_schema() -> None:
    class Other(Described):
        described = Operation(
            "Another thing",
            answer=object_of("Both", a=object_of("Thing", id=TEXT), b=object_of("Thing", name=TEXT)),
            parameters=Described.described.parameters,
        )

    with pytest.raises(TypeError, match="two different schemas are called 'Thing'"):
        assembled(Other)
