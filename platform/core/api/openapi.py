"""What the routes below `/api/v1` say about themselves → one OpenAPI 3.1 document.

    class OwnersView(ApiView):
        permission = "catalog.entity.read"
        query = {"kind": Many()}
        described = Operation("Who owns an entity", answer=OWNERS, parameters={"kind": "Only these kinds."})

A view with several methods has `described = {"get": Operation(…), "post": Operation(…)}`. Names, types and bounds
of parameters come from the route and from `query`, so that they cannot differ from what is checked; `described`
adds what they mean. Schemas are JSON Schema 2020-12; one with a `title` is kept once, under that name.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver

from .params import Choice, Many, Param, Text, Whole
from .views import METHODS, ApiView, permission_for

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """One method of one route, as its users read about it.

    `answer` is the schema of the JSON answer, `also` those of other media types; `parameters` says what each
    query and path parameter means; `refusals` are the statuses besides those that every route of its form has,
    `other` the schemas of refusals that do not, or not always, have the usual form.
    """

    summary: str
    answer: Schema | None = None
    description: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    status: int = 200
    refusals: tuple[int, ...] = ()
    other: Mapping[int, Schema] = field(default_factory=dict)


def object_of(title: str = "", /, **members: Schema) -> dict[str, Any]:
    """The schema of an object that has exactly these members; named when there is a title."""
    shape = {
        "type": "object",
        "required": list(members),
        "properties": members,
        "additionalProperties": False,
    }
    return {"title": title, **shape} if title else shape


def list_of(items: Schema) -> dict[str, Any]:
    """The schema of a list."""
    return {"type": "array", "items": items}


TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
WHOLE: Schema = {"type": "integer", "minimum": 0}

_ERROR = {
    "title": "Error",
    "type": "object",
    "required": ["error", "request", "response"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["name", "message"],
            "properties": {
                "name": TEXT,
                "message": {**TEXT, "description": "What is wrong, and the way out."},
            },
        },
        "request": {"type": "object", "properties": {"method": TEXT, "url": TEXT}},
        "response": {"type": "object", "properties": {"statusCode": {"type": "integer"}}},
    },
}
_REFUSALS = {
    400: "What was sent cannot be taken; the message names the parameter and the way out.",
    401: "No token, or one that is not accepted.",
    403: "The token lacks the permission that the message names.",
    404: "There is no such thing, or none that you may see.",
    409: "The state of things forbids it.",
    413: "A limit of size or number was passed.",
    501: "Not offered by this installation.",
    502: "A server outside answered wrongly.",
    503: "A server that is needed does not answer; try again after `Retry-After` seconds.",
}
_CONVERTER = re.compile(r"<(?:(?P<type>\w+):)?(?P<name>\w+)>")
_PATH_TYPES: Mapping[str, Schema] = {
    "int": {"type": "integer", "minimum": 0},
    "uuid": {"type": "string", "format": "uuid"},
}


def described_routes(
    patterns: Iterable[URLPattern | URLResolver], prefix: str, path: str = ""
) -> Iterator[tuple[str, type[ApiView]]]:
    """Each route below the prefix, as Django writes it, with its view. TypeError for a view of another kind."""
    for entry in patterns:
        here = path + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from described_routes(entry.url_patterns, prefix, here)
        elif here.startswith(prefix):
            view = getattr(entry.callback, "view_class", None) or getattr(entry.callback, "cls", None)
            if view is None:
                continue
            if not issubclass(view, ApiView):
                raise TypeError(f"{here}: {view.__qualname__} is no ApiView")
            yield here, view


def openapi_document(
    routes: Iterable[tuple[str, type[ApiView]]],
    *,
    title: str,
    version: str,
    description: str,
    base: str = "",
) -> dict[str, Any]:
    """The OpenAPI document of these routes, whose paths are relative to `base` ("api/catalog/").

    TypeError for a route that is not described, or not completely.
    """
    schemas: dict[str, Any] = {}
    paths = {
        "/" + _CONVERTER.sub(r"{\g<name>}", route.removeprefix(base)): {
            method: _operation(route, view, method, schemas)
            for method in sorted(METHODS)
            if hasattr(view, method)
        }
        for route, view in routes
    }
    error = _hoisted(_ERROR, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        **({"servers": [{"url": f"/{base.rstrip('/')}"}]} if base else {}),
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                str(status): {"description": text, "content": {"application/json": {"schema": error}}}
                for status, text in _REFUSALS.items()
            },
            "schemas": dict(sorted(schemas.items())),
        },
    }


def _operation(route: str, view: type[ApiView], method: str, schemas: dict[str, Any]) -> dict[str, Any]:
    operation = _described(view, method)
    named = [(match["name"], match["type"] or "str") for match in _CONVERTER.finditer(route)]
    declared = view.declared(method)
    expected = {name for name, _ in named} | set(declared)
    if expected != set(operation.parameters):
        wrong = ", ".join(sorted(expected ^ set(operation.parameters)))
        raise TypeError(
            f"{view.__qualname__}.{method}: parameters described and parameters taken differ: {wrong}"
        )
    said = operation.parameters
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": said[name],
            "schema": _PATH_TYPES.get(kind, TEXT),
        }
        for name, kind in named
    ]
    parameters += [
        {"name": name, "in": "query", "description": said[name], "schema": _schema(name, param)}
        for name, param in declared.items()
    ]
    media = {"application/json": operation.answer} if operation.answer is not None else {}
    content = {
        kind: {"schema": _hoisted(schema, schemas)} for kind, schema in {**media, **operation.also}.items()
    }
    answer = {"description": operation.summary, **({"content": content} if content else {})}
    usual = {400, 401, 403, 503, *([404] if named else []), *([413] if operation.body is not None else [])}
    refusals: dict[str, Any] = {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in {*usual, *operation.refusals}
    }
    for status, schema in operation.other.items():
        both = {"anyOf": [_hoisted(schema, schemas), _hoisted(_ERROR, schemas)]}
        refusals[str(status)] = {
            "description": _REFUSALS[status],
            "content": {"application/json": {"schema": both}},
        }
    made: dict[str, Any] = {
        "operationId": f"{method}{view.__name__.removesuffix('View')}",
        "summary": operation.summary,
        "tags": [route.split("/")[2] if route.count("/") > 2 else "api"],
        "x-permission": permission_for(view.permission, method),
        "parameters": parameters,
        "responses": {
            str(operation.status): answer,
            **dict(sorted(refusals.items())),
        },
    }
    if operation.description:
        made["description"] = operation.description
    if operation.body is not None:
        schema = _hoisted(operation.body, schemas)
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return made


def _described(view: type[ApiView], method: str) -> Operation:
    described = getattr(view, "described", None)
    operation = described.get(method) if isinstance(described, Mapping) else described
    if not isinstance(operation, Operation):
        raise TypeError(f"{view.__qualname__}.{method} has no description: give the view `described`")
    return operation


def _schema(name: str, param: Param) -> Schema:
    match param:
        case Whole():
            bounds = {"minimum": param.minimum, "maximum": param.maximum, "default": param.default}
            return {"type": "integer"} | {key: value for key, value in bounds.items() if value is not None}
        case Choice():
            return {"type": "string", "enum": list(param.words)} | _default(param.default)
        case Many():
            return list_of({"type": "string", "minLength": 1})
        case Text():
            return {"type": "string", "minLength": 1} | _default(param.default)
    raise TypeError(f"query parameter {name!r}: {type(param).__name__} has no schema here yet")


def _default(value: str | None) -> dict[str, str]:
    return {} if value is None else {"default": value}


def _hoisted(schema: Any, schemas: dict[str, Any]) -> Any:
    """The schema with those inside that have a title moved to `schemas`. TypeError for one name with two meanings."""
    if isinstance(schema, list | tuple):
        return [_hoisted(one, schemas) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    inner = {key: _hoisted(value, schemas) for key, value in schema.items()}
    title = inner.get("title")
    if not isinstance(title, str):  # a member called "title" is a schema, not a text
        return inner
    if schemas.setdefault(title, inner) != inner:
        raise TypeError(f"two different schemas are called {title!r}")
    return {"$ref": f"#/components/schemas/{title}"}
