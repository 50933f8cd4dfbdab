"""An entity document → a valid envelope, or the exact reason why not, in Backstage's words (CATALOG.md 2)."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from catalog.problems import Problem, Refused
from catalog.refs import DEFAULT_NAMESPACE, EntityRef
from catalog.schemas import Schema
from catalog.yaml_documents import MAX_DEPTH, MAX_DOCUMENT, MAX_NODES

_TEXT = {"type": "string"}
_SOME_TEXT = {"type": "string", "minLength": 1}
_TEXTS_BY_KEY = {"type": "object", "additionalProperties": True, "patternProperties": {"^.+$": _TEXT}}

_ENVELOPE = Schema(
    {
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {
            "apiVersion": _SOME_TEXT,
            "kind": _SOME_TEXT,
            "metadata": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": _SOME_TEXT, "namespace": _SOME_TEXT},
            },
        },
    }
)
_LINK = {
    "type": "object",
    "required": ["url"],
    "properties": {"url": _SOME_TEXT, "title": _SOME_TEXT, "icon": _SOME_TEXT, "type": _SOME_TEXT},
}
_METADATA = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "uid": _SOME_TEXT,
        "etag": _SOME_TEXT,
        "name": _SOME_TEXT,
        "namespace": _SOME_TEXT,
        "title": _SOME_TEXT,
        "description": _TEXT,
        "labels": _TEXTS_BY_KEY,
        "annotations": _TEXTS_BY_KEY,
        "tags": {"type": "array", "items": _SOME_TEXT},
        "links": {"type": "array", "items": _LINK},
    },
}
_SERVER_MADE = ("relations", "status", "attachments")
_ENTITY = Schema(
    {
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "additionalProperties": False,
        "properties": {
            "apiVersion": _SOME_TEXT,
            "kind": _SOME_TEXT,
            "metadata": _METADATA,
            "spec": {"type": "object"},
            "relations": {"type": "array"},
            "status": {"type": "object"},
            "attachments": {},
        },
    }
)

_OBJECT_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_DNS_LABEL = re.compile(r"[a-z0-9]+(-+[a-z0-9]+)*")
_KIND = re.compile(r"[a-zA-Z][a-zA-Z0-9]*")
_VERSION = re.compile(r"[a-zA-Z0-9]{1,63}")
_TAG = re.compile(r"[a-z0-9:+#]+(-[a-z0-9:+#]+)*")

_NAME_FORM = (
    "a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], at most 63 characters in total"
)
_NAMESPACE_FORM = "a string that is sequences of [a-z0-9] separated by [-], at most 63 characters in total"
_TAG_FORM = "a string that is sequences of [a-z0-9+#] separated by [-], at most 63 characters in total"
_KIND_FORM = "a string that is a sequence of [a-zA-Z][a-z0-9A-Z], at most 63 characters in total"
_PREFIX_FORM = "a valid prefix and/or suffix"
_LEARN_MORE = (
    "To learn more about catalog file format, visit: https://github.com/backstage/backstage/"
    "blob/master/docs/architecture-decisions/adr002-default-catalog-file-format.md"
)


def check_envelope(document: object) -> dict[str, Any]:
    """The document as an entity that has apiVersion, kind and a name; Refused otherwise."""
    if not isinstance(document, dict):
        found = "array" if isinstance(document, list) else _json_type(document)
        raise Refused.because("InputError", f"Expected object at root, got {found}")
    for fault in _ENVELOPE.faults(document)[:1]:
        raise Refused.because("TypeError", f"{fault} - {fault.parameters}")
    return document


def check_size(document: object) -> None:
    """Refuse what would cost too much to work on: documents need not have come through the YAML reader."""
    level: list[Any] = [document]
    depth = values = letters = 0
    while level:
        values, depth = values + len(level), depth + 1
        if depth > MAX_DEPTH or values > MAX_NODES:
            limits = f"nested deeper than {MAX_DEPTH} levels or has more than {MAX_NODES} values"
            raise Refused.because(
                "InputError", f"The entity is {limits}: keep big data in files of their own"
            )
        below: list[Any] = []
        for value in level:
            if isinstance(value, str):
                letters += len(value)
            elif isinstance(value, dict):
                below.extend(value.values())
                letters += sum(map(len, value))
            elif isinstance(value, list):
                below.extend(value)
        if letters > MAX_DOCUMENT:
            limit = f"more than {MAX_DOCUMENT // 1024 // 1024} million characters"
            raise Refused.because(
                "InputError", f"The entity has {limit}: keep big data in files of their own"
            )
        level = below


def apply_policy(entity: dict[str, Any]) -> dict[str, Any]:
    """The entity with its namespace written in, if its envelope and every named field are well formed."""
    try:
        return _checked(entity)
    except Refused as refused:
        ref = EntityRef.of(entity)
        raise Refused(
            Problem.caused("InputError", f"Policy check failed for {ref}", refused.problem)
        ) from refused


def _checked(entity: dict[str, Any]) -> dict[str, Any]:
    for fault in _ENTITY.faults(entity)[:1]:
        raise Refused.because("Error", f"Malformed envelope, {fault}")
    metadata = entity["metadata"]
    if "namespace" not in metadata:
        metadata = {"namespace": DEFAULT_NAMESPACE, **metadata}
        entity = {**entity, "metadata": metadata}
    for field in entity:
        if field in _SERVER_MADE:
            raise Refused.because("Error", f"Unknown field {field}")
    _require("apiVersion", entity["apiVersion"], is_api_version, _PREFIX_FORM)
    _require("kind", entity["kind"], is_kind, _KIND_FORM)
    _require("metadata.name", metadata["name"], _is_object_name, _NAME_FORM)
    _require("metadata.namespace", metadata["namespace"], _is_namespace, _NAMESPACE_FORM)
    for key, value in metadata.get("labels", {}).items():
        _require(f"labels.{key}", key, _is_key, _PREFIX_FORM)
        _require(f"labels.{key}", value, _is_label_value, _NAME_FORM)
    for key in metadata.get("annotations", {}):
        _require(f"annotations.{key}", key, _is_key, _PREFIX_FORM)
    for index, tag in enumerate(metadata.get("tags", [])):
        _require(f"tags.{index}", tag, _is_tag, _TAG_FORM)
    for index, link in enumerate(metadata.get("links", [])):
        _require(f"links.{index}.url", link["url"], _is_url, "a string that is a valid url")
    return entity


def _require(field: str, value: str, valid: Callable[[str], bool], form: str) -> None:
    if not valid(value):
        message = f'"{field}" is not valid; expected {form} but found "{value}". {_LEARN_MORE}'
        raise Refused.because("Error", message)


def _is_object_name(text: str) -> bool:
    return len(text) <= 63 and _OBJECT_NAME.fullmatch(text) is not None


def _is_namespace(text: str) -> bool:
    return len(text) <= 63 and _DNS_LABEL.fullmatch(text) is not None


def is_kind(text: str) -> bool:
    """Whether a kind may have that name."""
    return len(text) <= 63 and _KIND.fullmatch(text) is not None


def _is_tag(text: str) -> bool:
    return len(text) <= 63 and _TAG.fullmatch(text) is not None


def _is_subdomain(text: str) -> bool:
    return len(text) <= 253 and all(_is_namespace(label) for label in text.split("."))


def is_api_version(text: str) -> bool:
    """Whether it is a version, or a group and a version: `acme.example/v1`."""
    group, slash, version = text.rpartition("/")
    return bool(_VERSION.fullmatch(version)) and (not slash or _is_subdomain(group))


def _is_key(text: str) -> bool:
    prefix, slash, name = text.rpartition("/")
    return _is_object_name(name) and (not slash or _is_subdomain(prefix))


def _is_label_value(text: str) -> bool:
    return text == "" or _is_object_name(text)


def _is_url(text: str) -> bool:
    """Whether a browser would take the text for an absolute address."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return False
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", parts.scheme):
        return False
    return bool(parts.netloc) or parts.scheme not in {"http", "https", "ftp", "ws", "wss"}


def _json_type(value: object) -> str:
    if isinstance(value, str):
        return "string"
    return "boolean" if isinstance(value, bool) else "number"
