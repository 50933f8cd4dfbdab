"""GitHub's webhooks: the signature in `X-Hub-Signature-256`, and bodies → happenings (docs.github.com/webhooks)."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from scm.webhooks.happening import (
    ORGANISATION,
    PULL_REQUEST,
    REPOSITORY,
    Happening,
    inside,
    number,
    pushed,
    text,
)

_PULL_REQUEST_WORDS = {"synchronize": "synchronized"}
_PEOPLE = {"organization", "team", "membership", "member"}


def event_of(headers: Mapping[str, str]) -> str:
    return headers.get("X-GitHub-Event", "")


def id_of(headers: Mapping[str, str]) -> str:
    return headers.get("X-GitHub-Delivery", "")


def is_signed(headers: Mapping[str, str], body: bytes, secrets: Iterable[str]) -> bool:
    """Whether the body is signed with one of the secrets. Every one is tried, and each in constant time."""
    given = headers.get("X-Hub-Signature-256", "").encode()
    made = [f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}" for secret in secrets]
    return sum(hmac.compare_digest(one.encode(), given) for one in made) > 0


def happening(event: str, body: Mapping[str, Any]) -> Happening | None:
    """What happened, or None for what nobody here wants to know. InputError for a body without what is needed."""
    if event in _PEOPLE:
        owner = inside(body, "organization", "login")
        facts = {"owner": owner, "action": inside(body, "action"), "by": _by(body)}
        return Happening(ORGANISATION, "", facts) if isinstance(owner, str) else None
    if event not in {"push", "pull_request", "repository"}:
        return None
    name = text(body, "repository", "full_name")
    facts = {"repository_id": str(number(body, "repository", "id")), "by": _by(body)}
    if event == "push":
        return pushed(name, body, **facts)
    if event == "repository":
        return Happening(
            REPOSITORY, name, {"action": text(body, "action"), "former": _former(name, body), **facts}
        )
    pull = {
        "action": _PULL_REQUEST_WORDS.get(text(body, "action"), text(body, "action")),
        "number": number(body, "number"),
        "head_sha": text(body, "pull_request", "head", "sha"),
        "source_branch": text(body, "pull_request", "head", "ref"),
        "target_branch": text(body, "pull_request", "base", "ref"),
        "merged": bool(inside(body, "pull_request", "merged")),
    }
    return Happening(PULL_REQUEST, name, {**pull, **facts})


def _by(body: Mapping[str, Any]) -> str:
    return str(inside(body, "sender", "login") or "")


def _former(name: str, body: Mapping[str, Any]) -> str:
    """The full name that a renamed or transferred repository had."""
    owner, _, short = name.partition("/")
    before = inside(body, "changes", "repository", "name", "from")
    source = inside(body, "changes", "owner", "from") or {}
    whose = inside(source, "organization", "login") or inside(source, "user", "login")
    return f"{whose or owner}/{before or short}" if before or whose else ""
