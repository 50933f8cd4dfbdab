"""`$text`, `$json`, `$yaml`, `$openapi`, `$asyncapi` inside an entity → what the named file holds (CATALOG.md 13.4)."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from catalog.bundling import bundle
from catalog.problems import Problem, Refused
from catalog.yaml_documents import parse_documents
from core.errors import GreenroomError

MOST = 100
"""Files that one entity may name."""
MOST_BYTES = 10 * 1024 * 1024

Read = Callable[[str], bytes]
"""Reads a file named as in the placeholder, relative to the entity's own file; raises GreenroomError."""


def resolve_placeholders(entity: dict[str, Any], read: Read) -> dict[str, Any]:
    """The entity with each `{$text: …}` and the like replaced; others stay as they are.

    Refused, with Backstage's words, when a file cannot be read or understood.
    """
    budget = _Budget(read)
    try:
        resolved = _resolve(entity, budget)
    except Refused as refused:
        text = "Processor PlaceholderProcessor threw an error while preprocessing"
        raise Refused(Problem.caused("InputError", text, refused.problem)) from refused
    return resolved if isinstance(resolved, dict) else entity


class _Budget:
    def __init__(self, read: Read) -> None:
        self.read = read
        self.left = MOST
        self.room = MOST_BYTES

    def text(self, key: str, target: object) -> bytes:
        if not isinstance(target, str):
            expected = "expected a string value parameter, in the form of an absolute URL or a relative path"
            raise Refused.because("Error", f"Placeholder {key} {expected}")
        if not self.left:
            raise Refused.because("Error", f"Placeholder {key}: one entity may name {MOST} files at most")
        self.left -= 1
        try:
            content = self.read(target)
        except GreenroomError as error:
            problem = error.problem if isinstance(error, Refused) else Problem(error.name, error.message)
            raise Refused.because(
                "Error", f"Placeholder {key} could not read location {target}, {problem}"
            ) from error
        self.room -= len(content)
        if self.room < 0:
            most = f"the files that one entity names may have {MOST_BYTES // 1024 // 1024} MB together"
            raise Refused.because("Error", f"Placeholder {key}: {most}")
        return content


def _resolve(value: Any, budget: _Budget) -> Any:
    if isinstance(value, list):
        return [_resolve(item, budget) for item in value]
    if not isinstance(value, Mapping):
        return value
    if any(key.startswith("$") for key in value):
        ((key, target), *others) = value.items()
        return value if others or key not in _READERS else _READERS[key](key, target, budget)
    return {key: _resolve(item, budget) for key, item in value.items()}


def _as_text(key: str, target: object, budget: _Budget) -> Any:
    return budget.text(key, target).decode("utf-8", "replace")


def _as_json(key: str, target: object, budget: _Budget) -> Any:
    try:
        return orjson.loads(budget.text(key, target))
    except json.JSONDecodeError as error:
        raise Refused.because("Error", f"Placeholder {key} failed to parse JSON data, {error}") from error


def _as_yaml(key: str, target: object, budget: _Budget) -> Any:
    documents = parse_documents(budget.text(key, target), str(target))
    if len(documents) != 1:
        found = f"expected to find exactly one document of data but found {len(documents)}"
        raise Refused.because("Error", f"Placeholder {key} {found}")
    if documents[0].problem is not None:
        raise Refused.because(
            "Error", f"Placeholder {key} found an error in the data, {documents[0].problem}"
        )
    return documents[0].value


def _as_bundle(key: str, target: object, budget: _Budget) -> Any:
    if not isinstance(target, str):
        return budget.text(key, target)  # which refuses it
    try:
        return bundle(target, lambda name: budget.text(key, name))
    except Refused as refused:
        if refused.message.startswith(f"Placeholder {key}"):
            raise
        text = f"Placeholder {key} could not bundle {target}, {refused.problem}"
        raise Refused.because("Error", text) from refused


_READERS: Mapping[str, Callable[[str, object, _Budget], Any]] = {
    "$text": _as_text,
    "$json": _as_json,
    "$yaml": _as_yaml,
    "$openapi": _as_bundle,
    "$asyncapi": _as_bundle,
}
