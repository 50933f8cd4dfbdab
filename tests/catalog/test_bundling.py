"""`$openapi` and `$asyncapi`: a document in several files becomes one, and stays bounded."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from catalog.bundling import bundle
from catalog.models import Location
from catalog.problems import Refused
from catalog.yaml_documents import parse_one
from core.errors import NotFound
from tests.catalog.conftest import FileServer
from tests.catalog.documents import several

ROOT = """\
openapi: 3.1.0  # a comment
paths:
  /orders: {$ref: paths/orders.yaml}
  /orders/{id}:
    get: {$ref: "paths/orders.yaml#/get"}
components:
  schemas:
    Error: {type: object}
"""
ORDERS = """\
get:
  responses:
    "200": {content: {application/json: {schema: {$ref: "../schemas.yaml#/Order"}}}}
    "500": {content: {application/json: {schema: {$ref: "../openapi.yaml#/components/schemas/Error"}}}}
"""
SCHEMAS = """\
Order:
  type: object
  properties:
    lines: {type: array, items: {$ref: "#/Line"}}
    parent: {$ref: "#/Order", description: The one before.}
    first: {$ref: "#/Line"}
    state: {type: string, enum: ["1e3", "yes", "012", on]}
Line: {type: object, properties: {of: {$ref: "#/Order"}}}
"""
FILES = {"openapi.yaml": ROOT, "paths/orders.yaml": ORDERS, "schemas.yaml": SCHEMAS}


def reader(files: dict[str, str]) -> Callable[[str], bytes]:
    def read(target: str) -> bytes:
        if target not in files:
            raise Refused.because("NotFoundError", f"could not read {target}")
        return files[target].encode()

    return read


def test_what_is_elsewhere_is_put_in_its_place() -> None:
    whole = yaml.safe_load(bundle("openapi.yaml", reader(FILES)))
    order = "#/paths/~1orders/get/responses/200/content/application~1json/schema"
    answers = whole["paths"]["/orders"]["get"]["responses"]
    assert answers["500"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
    assert answers["200"]["content"]["application/json"]["schema"] == {
        "type": "object",
        "properties": {
            "lines": {
                "type": "array",
                "items": {"type": "object", "properties": {"of": {"$ref": order}}},
            },
            "parent": {"$ref": order, "description": "The one before."},
            "first": {"$ref": f"{order}/properties/lines/items"},
            "state": {"type": "string", "enum": ["1e3", "yes", "012", "on"]},
        },
    }
    assert whole["paths"]["/orders/{id}"]["get"] == {"$ref": "#/paths/~1orders/get"}


def test_every_reference_of_the_whole_leads_somewhere() -> None:
    whole = yaml.safe_load(bundle("openapi.yaml", reader(FILES)))
    found = list(references(whole))
    assert found
    for reference in found:
        value = whole
        for part in reference.removeprefix("#/").split("/"):
            value = value[part.replace("~1", "/").replace("~0", "~")]


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for item in value.values() for one in references(item)]
    return [one for item in value for one in references(item)] if isinstance(value, list) else []


def test_a_document_in_one_file_keeps_its_text() -> None:
    text = 'openapi: 3.0.0 # mine\npaths: {"/a": {$ref: "#/components/x"}}\ncomponents: {x: {}}\n'
    assert bundle("a.yaml", reader({"a.yaml": text})) == text
    assert bundle("a.json", reader({"a.json": '{"openapi": "3.0.0"}'})) == '{"openapi": "3.0.0"}'


def test_texts_stay_texts() -> None:
    files = {
        "a.yaml": "a: {$ref: b.yaml}\n",
        "b.yaml": 'x: ["1e3", "0o7", ".5", "-", "~", "null", "a\\nb", " c"]\n',
    }
    assert parse_one(bundle("a.yaml", reader(files)), "x") == {
        "a": {"x": ["1e3", "0o7", ".5", "-", "~", "null", "a\nb", " c"]}
    }


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.yaml": "x: {$ref: none.yaml}"}, "could not read none.yaml"),
        ({"a.yaml": "x: {$ref: 'b.yaml#/y'}", "b.yaml": "z: 1"}, "b.yaml has nothing at #/y"),
        ({"a.yaml": "x: {$ref: b.yaml}", "b.yaml": "z: ["}, "YAML error at b.yaml"),
        ({"a.yaml": "x: {$ref: b.yaml}", "b.yaml": "z: 1\n---\ny: 1"}, "b.yaml holds 2 documents"),
        ({"a.yaml": "- x"}, "a.yaml is no document of an API"),
        (
            {
                "a.yaml": "x: {$ref: b0.yaml}",
                **{f"b{n}.yaml": f"y: {{$ref: b{n + 1}.yaml}}" for n in range(120)},
            },
            "more than 200000 values or 100 levels",
        ),
    ],
)
def test_what_cannot_be_joined_is_refused(files: dict[str, str], message: str) -> None:
    with pytest.raises(Refused) as refused:
        bundle("a.yaml", reader(files))
    assert message in refused.value.message


def test_a_document_that_grows_without_end_is_refused() -> None:
    files = {"a.yaml": "x: {$ref: 'b.yaml#/l0'}"}
    files["b.yaml"] = "\n".join(
        f"l{n}: {{a: {{$ref: '#/l{n + 1}', d: 1}}, b: {{$ref: '#/l{n + 1}', d: 1}}}}" for n in range(90)
    )
    with pytest.raises(Refused, match="more than 200000 values"):
        bundle("a.yaml", reader(files))


API = """\
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: orders}
spec:
  type: openapi
  lifecycle: production
  owner: team-a
  definition:
    $openapi: ./api/openapi.yaml
"""


def test_an_api_has_its_definition_from_several_files(
    api: Any, web: FileServer, work: Callable[[], None]
) -> None:
    for path, text in FILES.items():
        web.put(f"api/{path}", text)
    events = API.replace("name: orders", "name: events").replace(
        "$openapi: ./api/openapi.yaml", "$asyncapi: /api/events.yaml"
    )
    web.put("api/events.yaml", f"asyncapi: 3.0.0\nchannels: {{$ref: {web.url('api/schemas.yaml')}}}\n")
    api.post("/api/catalog/locations", {"type": "url", "target": web.put("a.yaml", several(API, events))})
    work()
    assert Location.objects.get().errors == []
    definition = api.get("/api/catalog/entities/by-name/api/default/orders").json()["spec"]["definition"]
    assert yaml.safe_load(definition)["paths"]["/orders"]["get"]["responses"].keys() == {"200", "500"}
    definition = api.get("/api/catalog/entities/by-name/api/default/events").json()["spec"]["definition"]
    assert yaml.safe_load(definition)["channels"]["Line"]["properties"]["of"] == {"$ref": "#/channels/Order"}
    web.put("api/schemas.yaml", SCHEMAS.replace("type: string, enum", "type: text, enum"))
    work()
    definition = api.get("/api/catalog/entities/by-name/api/default/orders").json()["spec"]["definition"]
    assert "type: text" in definition


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (
            "http://169.254.169.254/latest.yaml",
            "Reading from 'http://169.254.169.254/latest.yaml' is not allowed",
        ),
        ("file:///etc/passwd", "is not allowed"),
        ("missing.yaml", "could not read"),
    ],
)
def test_what_a_reference_names_is_read_by_the_same_rules(
    api: Any, web: FileServer, work: Callable[[], None], reference: str, message: str
) -> None:
    web.put("api/openapi.yaml", f"openapi: 3.0.0\npaths: {{$ref: '{reference}'}}\n")
    api.post("/api/catalog/locations", {"type": "url", "target": web.put("a.yaml", API)})
    work()
    (error,) = Location.objects.get().errors
    assert "Placeholder $openapi could not read location" in error["message"]
    assert message in error["message"]


def test_the_reader_itself_is_asked(api: Any) -> None:
    def refuse(target: str) -> bytes:
        raise NotFound(target)

    with pytest.raises(NotFound):
        bundle("a.yaml", refuse)
