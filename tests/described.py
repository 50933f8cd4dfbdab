"""Every answer of `/api/v1` and `/api/catalog` in the tests is compared with what the API says about itself."""

import re
from functools import cache
from typing import Any

import jsonschema_rs
import orjson
from django.test import Client

from catalog.api.description import description

DOCUMENT = "/api/v1/openapi.json"
CATALOG = "/api/catalog"
JSON = "application/json"


@cache
def document(base: str = "") -> dict[str, Any]:
    """The OpenAPI document of the running routes: of `/api/v1`, or of the catalog."""
    content = description() if base == CATALOG else Client().get(DOCUMENT).content
    found: dict[str, Any] = orjson.loads(content)
    return found


def compare(method: str, path: str, answer: Any) -> None:
    """AssertionError when an answer is not one that its description knows."""
    path = path.partition("?")[0]
    if path.startswith(f"{CATALOG}/"):
        _compare(CATALOG, method, path.removeprefix(CATALOG), answer)
    elif path.startswith("/api/v1/") and path != DOCUMENT:
        _compare("", method, path, answer)


def _compare(base: str, method: str, path: str, answer: Any) -> None:
    template = _template(base, path)
    operation = document(base)["paths"].get(template, {}).get(method)
    if operation is None:
        assert answer.status_code == 404, f"{method} {path} answered, and is not described"
        return
    status = str(answer.status_code)
    assert status in operation["responses"], f"{method} {path} answered {status}, which is not described"
    content = _said(base, template, method, status).get("content", {})
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    assert kind in content or not (kind or content), f"{method} {path} answered {kind!r}, not {list(content)}"
    if kind == JSON and not answer.streaming:  # a stream is read once, by its test
        found = orjson.loads(answer.content)
        faults = [str(error) for error in _validator(base, template, method, status).iter_errors(found)]
        assert not faults, f"{method} {path}: " + "; ".join(faults)


@cache
def _template(base: str, path: str) -> str:
    """The described path that this one is an instance of: the one with the fewest parameters, else ''."""
    fitting = [known for known in document(base)["paths"] if _form(known).fullmatch(path)]
    return min(fitting, key=lambda known: known.count("{"), default="")


@cache
def _form(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)))


def _said(base: str, template: str, method: str, status: str) -> dict[str, Any]:
    said: dict[str, Any] = document(base)["paths"][template][method]["responses"][status]
    if "$ref" in said:
        said = document(base)["components"]["responses"][said["$ref"].rpartition("/")[2]]
    return said


@cache
def _validator(base: str, template: str, method: str, status: str) -> jsonschema_rs.Draft202012Validator:
    schema = _said(base, template, method, status)["content"][JSON]["schema"]
    return jsonschema_rs.Draft202012Validator({**schema, "components": document(base)["components"]})
