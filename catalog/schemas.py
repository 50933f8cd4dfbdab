"""JSON Schemas compiled once, their faults told in the order and the words of Backstage's validator (Ajv)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import jsonschema_rs

_ORDER = (
    *(
        "type",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
        "pattern",
        "const",
        "enum",
        "not",
        "anyOf",
        "oneOf",
        "allOf",
    ),
    *("items", "required", "additionalProperties", "properties", "patternProperties"),
)
_RANK = {keyword: rank for rank, keyword in enumerate(_ORDER)}


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where a document does not fit: JSON pointer, keyword, Ajv's sentence and its parameters."""

    path: str
    keyword: str
    text: str
    parameters: str

    def __str__(self) -> str:
        return f"{self.path or '<root>'} {self.text}"


def _refuse_to_fetch(uri: str) -> NoReturn:
    raise ValueError(f"schemas are complete in themselves; {uri} is not fetched")


class Schema:
    """A compiled schema. It never reads a file or a network address, whatever a `$ref` says."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self._validator = jsonschema_rs.Draft7Validator(dict(schema), retriever=_refuse_to_fetch)

    def accepts(self, document: object) -> bool:
        """Whether the document fits."""
        return self._validator.is_valid(document)

    def faults(self, document: object) -> list[Fault]:
        """Everything that does not fit, in Ajv's order; empty when the document fits."""
        if self.accepts(document):
            return []
        found = sorted(self._validator.iter_errors(document), key=self._position)
        return [_fault(error) for error in found]

    def _position(self, error: jsonschema_rs.ValidationError) -> tuple[int, ...]:
        """Where Ajv would come upon the error: by keyword, then by the order of the schema's properties."""
        node: Any = self.schema
        position: list[int] = []
        parts = iter(error.schema_path)
        indexes = iter([part for part in error.instance_path if isinstance(part, int)])
        for keyword in parts:
            position.append(_RANK.get(str(keyword), len(_ORDER)))
            node = node.get(keyword) if isinstance(node, Mapping) else None  # a $ref leads elsewhere
            if keyword in {"properties", "patternProperties"} and isinstance(node, Mapping):
                name = next(parts, None)
                if name is None:
                    break
                position.append(list(node).index(name))
                node = node[name]
            elif keyword == "items":
                position.append(next(indexes, 0))
            elif not isinstance(node, Mapping):
                break
        return tuple(position)


def _fault(error: jsonschema_rs.ValidationError) -> Fault:
    path = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in error.instance_path)
    text, parameters = _words(error.kind)
    return Fault(path, error.kind.name, text, parameters)


def _words(kind: Any) -> tuple[str, str]:
    match kind.name:
        case "required":
            return f"must have required property '{kind.property}'", f"missingProperty: {kind.property}"
        case "type":
            types = ",".join(_in_json_order(kind.types))
            return f"must be {types}", f"type: {types}"
        case "minLength":
            return f"must NOT have fewer than {kind.limit} characters", f"limit: {kind.limit}"
        case "minimum":
            return f"must be >= {kind.limit}", f"comparison: >=, limit: {kind.limit}"
        case "maxItems":
            return f"must NOT have more than {kind.limit} items", f"limit: {kind.limit}"
        case "maximum":
            return f"must be <= {kind.limit}", f"comparison: <=, limit: {kind.limit}"
        case "additionalProperties":
            return "must NOT have additional properties", f"additionalProperty: {kind.unexpected[0]}"
        case "enum":
            allowed = ",".join(str(option) for option in kind.options)
            return "must be equal to one of the allowed values", f"allowedValues: {allowed}"
        case "pattern":
            return f'must match pattern "{kind.pattern}"', f"pattern: {kind.pattern}"
        case "oneOf":
            return "must match exactly one schema in oneOf", "passingSchemas: null"
    return f"must fulfil {kind.name}", ""


def _in_json_order(types: Sequence[str]) -> list[str]:
    order = ["string", "number", "integer", "boolean", "object", "array", "null"]
    return sorted(types, key=order.index)
