"""Every answer of `/api/v1` in the tests is compared with what the API says about itself."""

import re
from functools import cache
from typing import Any

import jsonschema_rs
import orjson
from django.test import Client

DOCUMENT = "/api/v1/openapi.json"
JSON = "application/json"


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of the running routes."""
    found: dict[str, Any] = orjson.loads(Client().get(DOCUMENT).content)
    return found


def compare(method: str, path: str, answer: Any) -> None:
    """AssertionError when an answer of `/api/v1` is not one that its description knows."""
    path = path.partition("?")[0]
    if not path.startswith("/api/v1/") or path == DOCUMENT:
        return
    template = _template(path)
    operation = document()["paths"].get(template, {}).get(method)
    if operation is None:
        assert answer.status_code == 404, f"{method} {path} answered, and is not described"
        return
    status = str(answer.status_code)
    assert status in operation["responses"], f"{method} {path} answered {status}, which is not described"
    content = _said(template, method, status).get("content", {})
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    assert kind in content or not (kind or content), f"{method} {path} answered {kind!r}, not {list(content)}"
    if kind == JSON:
        found = orjson.loads(answer.content)
        faults = [str(error) for error in _validator(template, method, status).iter_errors(found)]
        assert not faults, f"{method} {path}: " + "; ".join(faults)


@cache
def _template(path: str) -> str:
    """The described path that this one is an instance of: the one with the fewest parameters, else ''."""
    fitting = [known for known in document()["paths"] if _form(known).fullmatch(path)]
    return min(fitting, key=lambda known: known.count("{"), default="")


@cache
def _form(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)))


def _said(template: str, method: str, status: str) -> dict[str, Any]:
    said: dict[str, Any] = document()["paths"][template][method]["responses"][status]
    if "$ref" in said:
        said = document()["components"]["responses"][said["$ref"].rpartition("/")[2]]
    return said


@cache
def _validator(template: str, method: str, status: str) -> jsonschema_rs.Draft202012Validator:
    schema = _said(template, method, status)["content"][JSON]["schema"]
    return jsonschema_rs.Draft202012Validator({**schema, "components": document()["components"]})
