"""An entity → the flat keys by which it is filtered, sorted and counted (CATALOG.md 5)."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
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
_Held = dict[str | None, None]


@dataclass(frozen=True, slots=True)
class SearchKeys:
    """`terms` answers filters: a hash each for `key` (it is there) and `key=value` (what it holds).

    `values` keeps, per lower-case key, what it holds in its own spelling: for order, facets and full text.
    A None among them is a value that can only be tested for existence. That a list has an item (`tags.java`
    holds `true`) is told by a term alone.
    """

    terms: list[int]
    values: dict[str, list[str | None]]


def search_keys(entity: Mapping[str, Any], relations: Iterable[tuple[str, str]], uid: str) -> SearchKeys:
    """The keys of an entity with its relations as (type, target); Refused when keys differ by case only."""
    held, items = _held(entity, relations, uid)
    values: dict[str, list[str | None]] = {}
    terms: dict[int, None] = {}
    for key, path in _spelled([*held, *items]).items():
        if path in held:
            values[key] = list(held[path])
        if "=" not in key:  # a filter cannot name such a key, and its term would mean something else
            terms[_hash(key)] = None
            for value in held.get(path, ()):
                if value is not None:
                    terms[_hash(f"{key}={value.lower()}")] = None
            if path in items:
                terms[_hash(f"{key}=true")] = None
    return SearchKeys(list(terms), values)


def check_spelling(entity: Mapping[str, Any]) -> None:
    """Refused when two keys of the entity differ by case only."""
    names: set[str] = set()
    _gather(entity, names)
    if len({name.lower() for name in names}) < len(names):  # hardly ever: only then is it worth a closer look
        held, items = _held(entity, (), "")
        _spelled([*held, *items])


def _gather(value: Any, names: set[str]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            names.add(key)
            if isinstance(inner, dict | list):
                _gather(inner, names)
    else:
        for item in value:
            if isinstance(item, str):
                names.add(item)
            elif isinstance(item, dict | list):
                _gather(item, names)


def _held(
    entity: Mapping[str, Any], relations: Iterable[tuple[str, str]], uid: str
) -> tuple[dict[str, _Held], dict[str, None]]:
    """What each path holds, and the paths that stand for items of lists."""
    held: dict[str, _Held] = {}
    items: dict[str, None] = {}
    for key, value in entity.items():
        if key not in _NOT_WALKED:
            _walk(key, value, held, items)
    metadata = entity["metadata"]
    _hold("metadata.name", metadata["name"], held)
    _hold("metadata.namespace", metadata.get("namespace") or DEFAULT_NAMESPACE, held)
    _hold("metadata.uid", uid, held)
    for kind, target in relations:
        _hold(f"relations.{kind}", target, held)
    return held, items


def _spelled(paths: Iterable[str]) -> dict[str, str]:
    """The keys, lower-case, that can be looked up, each with its path; Refused when two paths make one key."""
    spelled: dict[str, str] = {}
    for path in paths:
        key = _clean(path).lower()
        if len(key) <= LONGEST and spelled.setdefault(key, path) != path:
            named = f"{spelled[key]}, {path}"
            raise Refused.because(
                "InputError", f"Entity has duplicate keys that vary only in casing, {named}"
            )
    return spelled


def key_term(key: str) -> int:
    """The term that says that a key is there."""
    return _hash(_clean(key).lower())


def value_term(key: str, value: str) -> int:
    """The term for a key and a value that it holds."""
    return _hash(f"{_clean(key)}={_clean(value)}".lower())


@lru_cache(maxsize=1 << 15)
def _hash(text: str) -> int:
    """64 bits: a quarter of the room that the text takes, and two of a million terms hardly ever meet."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)


def _walk(path: str, value: Any, held: dict[str, _Held], items: dict[str, None]) -> None:
    if isinstance(value, str):
        _hold(path, value, held)
    elif isinstance(value, dict):
        for key, inner in value.items():
            below = f"{path}.{key}"
            if below not in _NOT_WALKED:
                _walk(below, inner, held, items)
    elif isinstance(value, list):
        for item in value:
            _walk(path, item, held, items)
            if isinstance(item, str):
                items[f"{path}.{item}"] = None
    else:
        held.setdefault(path, {})[_plain(value)] = None


def _hold(path: str, text: str, held: dict[str, _Held]) -> None:
    value = _clean(text) if len(text) <= LONGEST else None
    found = held.get(path)
    if found is None:
        held[path] = {value: None}
    else:
        found[value] = None


def _plain(value: Any) -> str | None:
    """A number, a truth value or nothing, as JavaScript writes it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value).replace("e-0", "e-") if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST else None


def _clean(text: str) -> str:
    return text if text.isascii() and "\x00" not in text else storable(text)
