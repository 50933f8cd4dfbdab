"""roadiehq:utils:fs:*, :merge, :serialize:*, :sleep: what templates that were written with Roadie's actions use."""

import hashlib
import json
from contextlib import suppress
from typing import Any

from catalog.yaml_documents import parse_documents, parse_one
from core.errors import InputError
from scaffolder.steps.debug import LONGEST_WAIT
from scaffolder.steps.files import encoded, file_of, read_bytes, read_text, write_bytes
from scaffolder.steps.merging import merged
from scaffolder.steps.port import StepContext
from scaffolder.steps.yaml_text import yaml_text

_YAML = (".yaml", ".yml")
_LARGEST = 10 * 1024 * 1024
_DEEPEST = 100


def write(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Write a file, in the place of one that is there; JSON is indented unless its form is to stay."""
    content = str(given["content"])
    if not given.get("preserveFormatting"):
        with suppress(ValueError, RecursionError):  # what is no JSON stays as it is
            content = json.dumps(json.loads(content), indent=2, ensure_ascii=False)
    write_bytes(ctx, given["path"], encoded(content))
    return {"path": given["path"]}


def append(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Write at the end of a file, which is made when it is not there."""
    path, content = given["path"], encoded(given["content"])
    place = file_of(ctx, path)
    there = read_bytes(ctx, path, limit=_LARGEST) if place.exists() else b""
    key = hashlib.sha256(f"{path}\0".encode(errors="replace") + content).hexdigest()
    begun = ctx.checkpoint(f"append {key}", lambda: len(there))
    if ctx.again and there[begun : begun + len(content)] == content:
        return {"path": path}  # a worker that died since had written it
    write_bytes(ctx, path, there + content)
    return {"path": path}


def merge_json(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Merge data into a JSON file, which is made when it is not there."""
    path = given["path"]
    there = read_text(ctx, path) if file_of(ctx, path).exists() else "{}"
    indent = _indent_of(there) if given.get("matchFileIndent") else 2
    result = merged(_json(there, path), _data(given["content"]), extend_lists=bool(given.get("mergeArrays")))
    write_bytes(ctx, path, encoded(json.dumps(result, indent=indent, ensure_ascii=False)))
    return {"path": path}


def merge(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Merge data into a JSON or a YAML file that is there; of several YAML documents, into those that a field names."""
    path = given["path"]
    there = read_text(ctx, path)
    extend = bool(given.get("mergeArrays"))
    if path.endswith(".json"):
        result = merged(_json(there, path), _data(given["content"]), extend_lists=extend)
        write_bytes(ctx, path, encoded(json.dumps(result, indent=2, ensure_ascii=False)))
    elif path.endswith(_YAML):
        if given.get("preserveYamlComments") and "#" in there:
            ctx.warn(f"comments of {path} are not kept")
        fresh = given["content"]
        fresh = parse_one(fresh, "content") if isinstance(fresh, str) else fresh
        documents = _documents(there, path)
        chosen = _chosen(documents, given.get("useDocumentIncludingField"), path)
        texts = [
            yaml_text(merged(one, fresh, extend_lists=extend) if is_meant else one)
            for one, is_meant in zip(documents, chosen, strict=True)
        ]
        write_bytes(ctx, path, encoded("---\n".join(texts)))
    else:
        raise InputError(f"path {path!r} must end with .json, .yaml or .yml to be merged into")
    return {"path": path}


def parse(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """What a file says, as text or as data."""
    path, content = given["path"], read_text(ctx, given["path"])
    match given.get("parser"):
        case "json":
            return {"content": _json(content, path)}
        case "yaml":
            return {"content": parse_one(content, path)}
        case "multiyaml":
            return {"content": _documents(content, path)}
    return {"content": content}


def to_json(_ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Data as JSON; `replacer` names the keys that stay, `space` indents."""
    space = given.get("space")
    indent = min(int(space), 10) if isinstance(space, int | float) else (space or None)
    data = _only(given["data"], given.get("replacer"))
    separators = (",", ": ") if indent else (",", ":")
    return {"serialized": json.dumps(data, indent=indent or None, separators=separators, ensure_ascii=False)}


def to_yaml(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Data as YAML."""
    options = dict(given.get("options") or {})
    indent, sort = (
        options.pop("indent", 2),
        bool(options.pop("sortKeys", options.pop("sortMapEntries", False))),
    )
    if options:
        ctx.warn(f"options {', '.join(sorted(options))} are not known here; they are ignored")
    if not isinstance(indent, int) or not 1 <= indent <= 9:
        raise InputError(f"options.indent {indent!r} is no number from 1 to 9")
    data = _only(given["data"], given.get("replacer"))
    return {"serialized": yaml_text(data, indent=indent, sort_keys=sort)}


def sleep(ctx: StepContext, given: dict[str, Any]) -> None:
    """Wait, ten minutes at the most, or until the run is cancelled."""
    if not 0 <= given["amount"] <= LONGEST_WAIT:
        raise InputError(f"amount {given['amount']:g} is not possible: wait 0 to {LONGEST_WAIT:g} seconds")
    ctx.pause(given["amount"])


def _json(text: str, where: str) -> Any:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is no JSON: {error}") from error
    level, depth = [data], 0
    while level:
        depth += 1
        level = [inner for one in level for inner in _inside(one)]
        if depth > _DEEPEST:
            raise InputError(f"{where} is nested more than {_DEEPEST} levels deep: make it flatter")
    return data


def _inside(data: Any) -> list[Any]:
    if isinstance(data, dict):
        return list(data.values())
    return data if isinstance(data, list) else []


def _data(content: Any) -> Any:
    return _json(content, "content") if isinstance(content, str) else content


def _documents(text: str, path: str) -> list[Any]:
    documents = parse_documents(text, path)
    for one in documents:
        if one.problem is not None:
            raise InputError(str(one.problem))
    if not documents:
        raise InputError(f"{path} holds no YAML document")
    return [one.value for one in documents]


def _chosen(documents: list[Any], field: dict[str, Any] | None, path: str) -> list[bool]:
    if len(documents) == 1:
        return [True]
    if not field:
        raise InputError(f"{path} holds {len(documents)} documents: say which by useDocumentIncludingField")
    return [_member(one, field["key"]) == str(field["value"]) for one in documents]


def _member(document: Any, path: str) -> str | None:
    for key in path.split("."):
        if not isinstance(document, dict) or key not in document:
            return None
        document = document[key]
    return str(document)


def _only(data: Any, keys: list[str] | None) -> Any:
    if keys is None:
        return data
    if isinstance(data, dict):
        return {key: _only(value, keys) for key, value in data.items() if key in keys}
    return [_only(one, keys) for one in data] if isinstance(data, list) else data


def _indent_of(text: str) -> int:
    for line in text.splitlines():
        if line.startswith(" ") and line.strip():
            return len(line) - len(line.lstrip(" "))
    return 2
