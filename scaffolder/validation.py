"""JSON Schema faults in the shape and the words that the scaffolder's clients know (npm's `jsonschema`).

Shape (SCAFFOLDER.md 2.1): `{path, property, message, schema, instance, name, argument}`.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NoReturn

import jsonschema_rs
import orjson

from core.errors import InputError

_WORDS = {
    "minLength": "does not meet minimum length of {}",
    "maxLength": "does not meet maximum length of {}",
    "minItems": "does not meet minimum length of {}",
    "maxItems": "does not meet maximum length of {}",
    "minProperties": "does not meet minimum property length of {}",
    "maxProperties": "does not meet maximum property length of {}",
    "minimum": "must be greater than or equal to {}",
    "maximum": "must be less than or equal to {}",
    "exclusiveMinimum": "must be strictly greater than {}",
    "exclusiveMaximum": "must be strictly less than {}",
    "multipleOf": "is not a multiple of (divisible by) {}",
    "uniqueItems": "contains duplicate item",
    "anyOf": "is not any of the allowed forms",
    "oneOf": "is not exactly one of the allowed forms",
    "not": "is of a prohibited form",
    "contains": "contains no item of the wanted form",
    "propertyNames": "has a property name that is not allowed",
}


def _refuse_to_fetch(uri: str) -> NoReturn:
    raise ValueError(f"schemas are complete in themselves; {uri} is not fetched")


@lru_cache(maxsize=256)
def _compiled(text: bytes) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(_tolerant(orjson.loads(text)), retriever=_refuse_to_fetch)


def _tolerant(schema: Any) -> Any:
    """Without `required: true`, the word of draft 3: it is found in old templates and never checked anything."""
    if isinstance(schema, list):
        return [_tolerant(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: _tolerant(value)
        for key, value in schema.items()
        if not (key == "required" and isinstance(value, bool))
    }


def compiled(schema: Mapping[str, Any], where: str) -> jsonschema_rs.Draft7Validator:
    """A validator that reads no file and no network address. InputError when the schema itself is wrong."""
    try:
        return _compiled(orjson.dumps(schema))
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{where} is not a valid JSON Schema (draft-07): {reason}; mend the template"
        ) from error


def faults(
    schema: Mapping[str, Any], value: Any, *, where: str, root: str = "instance"
) -> list[dict[str, Any]]:
    """Everything in `value` that does not fit, in the order of the schema's own keys."""
    found = list(compiled(schema, where).iter_errors(value))
    found.sort(key=lambda error: _position(schema, error.schema_path))
    return [fault for error in found for fault in _faults(schema, error, root)]


def sentence(fault: Mapping[str, Any]) -> str:
    """`instance.files is not of a type(s) array`."""
    return f"{fault['property']} {fault['message']}"


def _faults(
    schema: Mapping[str, Any], error: jsonschema_rs.ValidationError, root: str
) -> Iterator[dict[str, Any]]:
    path = list(error.instance_path)
    place = root + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    for message, argument in _messages(error):
        yield {
            "path": path,
            "property": place,
            "message": message,
            "schema": _node(schema, error.schema_path[:-1]),
            "instance": error.instance,
            "name": error.kind.name,
            "argument": argument,
        }


def _messages(error: jsonschema_rs.ValidationError) -> Iterator[tuple[str, Any]]:
    kind: Any = error.kind
    match kind.name:
        case "required":
            yield f'requires property "{kind.property}"', kind.property
        case "additionalProperties":
            for name in kind.unexpected:
                yield f'is not allowed to have the additional property "{name}"', name
        case "type":
            types = sorted(kind.types)
            yield f"is not of a type(s) {','.join(types)}", types
        case "pattern":
            yield f'does not match pattern "{kind.pattern}"', kind.pattern
        case "enum":
            options = list(kind.options)
            yield f"is not one of enum values: {','.join(map(str, options))}", options
        case "const":
            yield f"does not exactly match expected constant: {kind.expected_value}", kind.expected_value
        case "format":
            yield f'does not conform to the "{kind.format}" format', kind.format
        case name:
            argument = getattr(kind, "limit", getattr(kind, "multiple_of", None))
            yield _WORDS.get(name, "does not fit the schema").format(argument), argument


def _node(schema: Any, path: list[str | int]) -> Any:
    """The part of the schema at a path, references followed."""
    node: Any = schema
    for part in path:
        if part == "$ref" and isinstance(node, Mapping):
            pointer = str(node.get("$ref", "")).removeprefix("#").strip("/")
            node = _node(schema, list(pointer.split("/"))) if pointer else schema
        elif isinstance(node, Mapping):
            node = node.get(part, {})
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
        else:
            return {}
    return node


def _position(schema: Any, path: list[str | int]) -> tuple[int, ...]:
    node, position = schema, []
    for part in path:
        if isinstance(node, Mapping):
            position.append(list(node).index(part) if part in node else len(node))
        elif isinstance(part, int):
            position.append(part)
        node = _node(node, [part])
    return tuple(position)
