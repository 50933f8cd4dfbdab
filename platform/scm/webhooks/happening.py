"""What a webhook tells, in our words: which kind of thing happened, to which repository."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import InputError

PUSH, PULL_REQUEST = "push", "pull_request"
REPOSITORY, ORGANISATION = "repository", "organisation"


@dataclass(frozen=True, slots=True)
class Happening:
    """One event; `kind`, `repository` ("owner/name", "" for organisations) and `payload` as in `scm.models.Event`."""

    kind: str
    repository: str
    payload: Mapping[str, Any] = field(default_factory=dict)


def pushed(repository: str, body: Mapping[str, Any], **facts: Any) -> Happening:
    """A push: both hosts say `ref`, `before` and `after`, with zeros for absence."""
    ids = {name: _oid(text(body, name)) for name in ("before", "after")}
    return Happening(PUSH, repository, {"ref": text(body, "ref"), **ids, **facts})


def text(body: Any, *path: str) -> str:
    """A text inside a body; InputError when there is none."""
    found = inside(body, *path)
    if not isinstance(found, str):
        raise InputError(f"the body has no text {'.'.join(path)!r}")
    return found


def number(body: Any, *path: str) -> int:
    """A whole number inside a body; InputError when there is none."""
    found = inside(body, *path)
    if type(found) is not int:
        raise InputError(f"the body has no number {'.'.join(path)!r}")
    return found


def inside(body: Any, *path: str) -> Any:
    """What lies at a path, or None."""
    for step in path:
        body = body.get(step) if isinstance(body, dict) else None
    return body


def _oid(sha: str) -> str:
    return "" if sha.strip("0") == "" else sha
