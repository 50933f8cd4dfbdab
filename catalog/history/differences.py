"""What two documents of an entity say differently: JSON pointers with the value before and after, of bounded size."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

MOST = 50
"""Differences that are shown of one change."""
LONGEST_VALUE = 1_000
"""Bytes of a value that is shown whole; of a longer one its JSON is shown as text that far."""

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One place that says something else. `path` is a JSON pointer (RFC 6901)."""

    path: str
    before: Any = _ABSENT
    after: Any = _ABSENT

    def document(self) -> dict[str, Any]:
        """As the API shows it; a value that was not there has no member."""
        shown: dict[str, Any] = {"path": self.path}
        for name, value in (("before", self.before), ("after", self.after)):
            if value is _ABSENT:
                continue
            text = orjson.dumps(value)
            if len(text) > LONGEST_VALUE:
                shown[name] = text[:LONGEST_VALUE].decode(errors="ignore") + "…"
                shown["truncated"] = True
            else:
                shown[name] = value
        return shown


def differences(before: str | None, after: str | None) -> Iterator[Difference]:
    """The places in which two final documents differ; none when one of them is not there.

    The etag, which differs always, is left out. Relations are told by type, and only those that came or went;
    a list is told whole unless it has the same number of objects as before.
    """
    if before is None or after is None:
        return
    old, new = orjson.loads(before), orjson.loads(after)
    for document in (old, new):
        document["metadata"].pop("etag", None)
    told, tell = _targets(old.pop("relations", [])), _targets(new.pop("relations", []))
    yield from _members("", old, new)
    for kind in sorted(told.keys() | tell.keys()):
        gone, come = told.get(kind, {}), tell.get(kind, {})
        went = [target for target in gone if target not in come]
        came = [target for target in come if target not in gone]
        if went or came:
            yield Difference(f"/relations/{_escaped(kind)}", went or _ABSENT, came or _ABSENT)


def summary(before: str | None, after: str | None) -> dict[str, Any]:
    """The first differences as the API shows them, and how many more there are."""
    found = list(differences(before, after))
    return {"changes": [one.document() for one in found[:MOST]], "moreChanges": max(0, len(found) - MOST)}


def _differ(path: str, old: Any, new: Any) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _members(path, old, new)
    elif _alike(old, new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differ(f"{path}/{place}", one, other)
    elif type(old) is not type(new) or old != new:
        yield Difference(path, old, new)


def _members(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for key in [*old, *(key for key in new if key not in old)]:
        yield from _differ(f"{path}/{_escaped(key)}", old.get(key, _ABSENT), new.get(key, _ABSENT))


def _alike(old: Any, new: Any) -> bool:
    """Lists of as many objects: each is compared with its own place."""
    return (
        isinstance(old, list)
        and isinstance(new, list)
        and len(old) == len(new)
        and all(isinstance(item, dict) for item in [*old, *new])
    )


def _targets(relations: list[dict[str, str]]) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {}
    for relation in relations:
        found.setdefault(relation["type"], {})[relation["targetRef"]] = None
    return found


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
