"""An entity → the flat keys by which it is filtered, sorted and counted (CATALOG.md 5)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.problems import Refused, storable
from catalog.refs import DEFAULT_NAMESPACE

LONGEST = 200
"""Characters of a key or value that can still be looked up."""

_NOT_WALKED = frozenset(
    {
        *("attachments", "relations", "status"),
        *("metadata.name", "metadata.namespace", "metadata.uid", "metadata.etag"),
    }
)
_Row = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class SearchKeys:
    """`terms` answers filters: `key` says that it is there, `key=value` what it holds, both lower-case.

    `values` keeps, per lower-case key, what it holds in its own spelling: for order, facets and full text.
    A None among them is a value that can only be tested for existence.
    """

    terms: list[str]
    values: dict[str, list[str | None]]


def search_keys(entity: Mapping[str, Any], relations: Iterable[tuple[str, str]], uid: str) -> SearchKeys:
    """The keys of an entity with its relations as (type, target); Refused when keys differ by case only."""
    values: dict[str, list[str | None]] = {}
    spelled: dict[str, str] = {}
    for path, raw in _rows(entity, relations, uid):
        key = _clean(path.lower())
        if len(key) > LONGEST:
            continue
        if spelled.setdefault(key, path) != path:
            named = f"{spelled[key]}, {path}"
            raise Refused.because(
                "InputError", f"Entity has duplicate keys that vary only in casing, {named}"
            )
        value = _text(raw)
        held = values.setdefault(key, [])
        if value not in held:
            held.append(value)
    return SearchKeys(_terms(values), values)


def term(key: str, value: str) -> str:
    """The term for one key and value, as `terms` holds it."""
    return f"{_clean(key).lower()}={_clean(value).lower()}"


def _terms(values: Mapping[str, list[str | None]]) -> list[str]:
    """A key with "=" inside has no terms: a filter cannot name it, and its term would mean something else."""
    terms: dict[str, None] = {}
    for key, held in values.items():
        if "=" not in key:
            terms[key] = None
            terms.update({f"{key}={value.lower()}": None for value in held if value is not None})
    return list(terms)


def _rows(entity: Mapping[str, Any], relations: Iterable[tuple[str, str]], uid: str) -> Iterator[_Row]:
    for key, value in entity.items():
        yield from _walk(key, value)
    metadata = entity["metadata"]
    yield "metadata.name", metadata["name"]
    yield "metadata.namespace", metadata.get("namespace") or DEFAULT_NAMESPACE
    yield "metadata.uid", uid
    for kind, target in relations:
        yield f"relations.{kind}", target


def _walk(path: str, value: Any) -> Iterator[_Row]:
    if path in _NOT_WALKED:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _walk(f"{path}.{key}", inner)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(path, item)
            if isinstance(item, str):
                yield f"{path}.{item}", True
    else:
        yield path, value


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float):
        text = repr(value).replace("e-0", "e-")
    else:
        text = _clean(str(value))
    return text if len(text) <= LONGEST else None


def _clean(text: str) -> str:
    return storable(text) if "\x00" in text else text
