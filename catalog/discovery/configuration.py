"""What is to be discovered: the list `discovery` of the file GREENROOM_CODE_HOSTS → `Wanted`s."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jsonschema_rs
from django.core.exceptions import ImproperlyConfigured

from core.errors import NotFound
from scm.connections import document
from scm.port import Directory, Listing
from scm.registry import host
from scm.values import Visibility

DEFAULT_EVERY = timedelta(minutes=30)
SHORTEST = timedelta(minutes=1)
REPOSITORIES, PEOPLE = "repositories", "people"

_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT}
_PATTERN = {"type": "string", "format": "regex", "minLength": 1}


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


_NUMBER = {"type": "number", "minimum": 0}
_SPAN = _object(seconds=_NUMBER, minutes=_NUMBER, hours=_NUMBER, days=_NUMBER)
_PROVIDER = _object(
    ("id", "find", "host", "owner"),
    id={"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"},
    find={"enum": [REPOSITORIES, PEOPLE]},
    host=_TEXT,
    owner=_TEXT,
    catalogPath=_TEXT,
    filters=_object(
        repository=_PATTERN,
        branch=_TEXT,
        topics=_object(include=_TEXTS, exclude=_TEXTS),
        allowForks={"type": "boolean"},
        allowArchived={"type": "boolean"},
        visibility={"type": "array", "items": {"enum": [one.value for one in Visibility]}},
    ),
    userPattern=_PATTERN,
    groupPattern=_PATTERN,
    namespace={"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"},
    schedule=_object(("frequency",), frequency=_SPAN),
)
_ONLY = {REPOSITORIES: ("catalogPath", "filters"), PEOPLE: ("userPattern", "groupPattern", "namespace")}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which repositories count. `repository` is a pattern for the whole of its name; topics are any of, none of."""

    repository: str = ".*"
    branch: str = ""
    include_topics: frozenset[str] = frozenset()
    exclude_topics: frozenset[str] = frozenset()
    allow_forks: bool = True
    allow_archived: bool = False
    visibility: frozenset[str] = frozenset(Visibility)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One provider as configured. Patterns are for whole names."""

    id: str
    find: str
    host: str
    owner: str
    every: timedelta = DEFAULT_EVERY
    catalog_path: str = "catalog-info.yaml"
    filters: Filters = field(default_factory=Filters)
    user_pattern: str = ".*"
    group_pattern: str = ".*"
    namespace: str = "default"
    said: Mapping[str, Any] = field(default_factory=dict)
    """The words of the configuration, to show them."""


def configured() -> dict[str, Wanted]:
    """All providers by id; ImproperlyConfigured names everything that is wrong together."""
    said = document().get("discovery", [])
    wrong = [
        f"discovery.{'.'.join(map(str, error.instance_path))}: {error.message}"
        for error in _VALIDATOR.iter_errors(said)
    ]
    found: dict[str, Wanted] = {}
    for index, one in enumerate(said if not wrong else ()):
        problem = _problem(one, found)
        if problem:
            wrong.append(f"discovery.{index}: {problem}")
        else:
            found[one["id"]] = _wanted(one)
    if wrong:
        raise ImproperlyConfigured("GREENROOM_CODE_HOSTS:\n  " + "\n  ".join(wrong))
    return found


_VALIDATOR = jsonschema_rs.Draft7Validator({"type": "array", "items": _PROVIDER}, validate_formats=True)


def _problem(one: Mapping[str, Any], found: Mapping[str, Wanted]) -> str:
    if one["id"] in found:
        return f"the id {one['id']!r} is used twice"
    other = PEOPLE if one["find"] == REPOSITORIES else REPOSITORIES
    strange = [name for name in _ONLY[other] if name in one]
    if strange:
        return f"{', '.join(strange)} say nothing about {one['find']}; leave them out"
    for pattern in (
        one.get("userPattern"),
        one.get("groupPattern"),
        one.get("filters", {}).get("repository"),
    ):
        try:
            re.compile(pattern or "")
        except re.error as error:
            return f"{pattern!r} is not a pattern: {error}"
    try:
        known = host(one["host"])
    except NotFound as error:
        return error.message
    able = isinstance(known, Listing) if one["find"] == REPOSITORIES else isinstance(known, Directory)
    if not able:
        return f"host {one['host']!r} does not tell about {one['find']}"
    return ""


def _wanted(said: Mapping[str, Any]) -> Wanted:
    filters, topics = said.get("filters", {}), said.get("filters", {}).get("topics", {})
    span = said.get("schedule", {}).get("frequency")
    return Wanted(
        id=said["id"],
        find=said["find"],
        host=said["host"],
        owner=said["owner"],
        every=max(timedelta(**span), SHORTEST) if span else DEFAULT_EVERY,
        catalog_path=said.get("catalogPath", "catalog-info.yaml").strip("/"),
        filters=Filters(
            repository=filters.get("repository", ".*"),
            branch=filters.get("branch", ""),
            include_topics=frozenset(topics.get("include", ())),
            exclude_topics=frozenset(topics.get("exclude", ())),
            allow_forks=filters.get("allowForks", True),
            allow_archived=filters.get("allowArchived", False),
            visibility=frozenset(filters.get("visibility", Visibility)),
        ),
        user_pattern=said.get("userPattern", ".*"),
        group_pattern=said.get("groupPattern", ".*"),
        namespace=said.get("namespace", "default"),
        said=dict(said),
    )
