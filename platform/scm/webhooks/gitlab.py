"""GitLab's webhooks: the secret in `X-Gitlab-Token`, and bodies → happenings (docs.gitlab.com, webhook events).

Hooks of projects, of groups and of the whole system; the latter two also tell of projects and members.
"""

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

_MERGE_REQUEST_WORDS = {"open": "opened", "reopen": "reopened", "close": "closed", "merge": "closed"}
_PROJECT_WORDS = {
    "project_create": "created",
    "project_destroy": "deleted",
    "project_rename": "renamed",
    "project_transfer": "transferred",
    "project_update": "updated",
}


def event_of(headers: Mapping[str, str]) -> str:
    return headers.get("X-Gitlab-Event", "")


def id_of(headers: Mapping[str, str]) -> str:
    """The key that GitLab repeats with a retry; before 17.4 the event's own, which hooks of one event share."""
    given = headers.get("Idempotency-Key")
    return given or "-".join(
        filter(None, (headers.get("X-Gitlab-Event-UUID"), headers.get("X-Gitlab-Webhook-UUID")))
    )


def is_signed(headers: Mapping[str, str], body: bytes, secrets: Iterable[str]) -> bool:
    """Whether the token is one of the secrets. Hashes are compared, so that time tells nothing of lengths either."""
    given = hashlib.sha256(headers.get("X-Gitlab-Token", "").encode()).digest()
    made = [hashlib.sha256(secret.encode()).digest() for secret in secrets]
    return sum(hmac.compare_digest(one, given) for one in made) > 0


def happening(event: str, body: Mapping[str, Any]) -> Happening | None:
    """What happened, or None for what nobody here wants to know. InputError for a body without what is needed."""
    word = str(inside(body, "event_name") or inside(body, "object_kind") or "")
    if word in _PROJECT_WORDS:
        return _project(word, body)
    if word in {"push", "tag_push"}:
        facts = {
            "repository_id": str(number(body, "project_id")),
            "by": str(inside(body, "user_username") or ""),
        }
        return pushed(text(body, "project", "path_with_namespace"), body, **facts)
    if word == "merge_request":
        return _merge_request(body)
    if word.endswith(("_group", "_team")) or word.startswith(("group_", "subgroup_")):
        owner = next((path for path in _group_paths(body) if isinstance(path, str) and path), "")
        return Happening(ORGANISATION, "", {"owner": owner, "action": word, "by": ""}) if owner else None
    return None


def _group_paths(body: Mapping[str, Any]) -> Iterable[Any]:
    """Where the different group events put the group's path; the old one of a rename last."""
    names = ("full_path", "group_path", "parent_full_path", "path", "old_full_path")
    return (inside(body, name) for name in names)


def _project(word: str, body: Mapping[str, Any]) -> Happening:
    name = text(body, "path_with_namespace")
    former = inside(body, "old_path_with_namespace")
    facts = {"action": _PROJECT_WORDS[word], "former": former if isinstance(former, str) else ""}
    return Happening(REPOSITORY, name, {**facts, "repository_id": str(number(body, "project_id")), "by": ""})


def _merge_request(body: Mapping[str, Any]) -> Happening:
    action = str(inside(body, "object_attributes", "action") or "")
    if action == "update" and inside(body, "object_attributes", "oldrev"):
        action = "synchronized"
    facts = {
        "action": _MERGE_REQUEST_WORDS.get(action, action),
        "number": number(body, "object_attributes", "iid"),
        "head_sha": text(body, "object_attributes", "last_commit", "id"),
        "source_branch": text(body, "object_attributes", "source_branch"),
        "target_branch": text(body, "object_attributes", "target_branch"),
        "merged": action == "merge",
        "repository_id": str(number(body, "project", "id")),
        "by": str(inside(body, "user", "username") or ""),
    }
    return Happening(PULL_REQUEST, text(body, "project", "path_with_namespace"), facts)
