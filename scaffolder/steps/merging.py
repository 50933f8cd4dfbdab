"""Merges data into data as the templates expect that were written for Roadie's merge actions."""

import json
from typing import Any


def merged(there: Any, fresh: Any, *, extend_lists: bool) -> Any:
    """`there` with what `fresh` says: objects member by member, anything else replaced.

    Lists are merged item by item, or with `extend_lists` get the items that they do not have yet, so that merging
    the same again changes nothing.
    """
    if isinstance(there, dict) and isinstance(fresh, dict):
        result = dict(there)
        for key, value in fresh.items():
            result[key] = merged(result[key], value, extend_lists=extend_lists) if key in result else value
        return result
    if isinstance(there, list) and extend_lists:
        return _with_new(there, fresh if isinstance(fresh, list) else [fresh])
    if isinstance(there, list) and isinstance(fresh, list):
        begun = [merged(one, other, extend_lists=False) for one, other in zip(there, fresh, strict=False)]
        return [*begun, *there[len(fresh) :], *fresh[len(there) :]]
    return fresh


def _with_new(there: list[Any], fresh: list[Any]) -> list[Any]:
    seen = {_spelling(item) for item in there}
    result = list(there)
    for item in fresh:
        if _spelling(item) not in seen:
            seen.add(_spelling(item))
            result.append(item)
    return result


def _spelling(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
