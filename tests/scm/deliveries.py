"""Webhook bodies as GitHub and GitLab document them, cut down to a few members, and how each host sends them."""

import hashlib
import hmac
import json
import uuid
from typing import Any

from django.test import Client

HUB_SECRET, OLD_HUB_SECRET, LAB_SECRET = "hub-secret", "hub-secret-of-last-year", "lab-secret"
BEFORE, AFTER = "a" * 40, "b" * 40
REPOSITORY = {"id": 7, "name": "payments", "full_name": "acme/payments", "owner": {"login": "acme"}}
SENDER = {"login": "ana"}
PROJECT = {"id": 7, "name": "payments", "path_with_namespace": "acme/payments"}


def hub_push(after: str = AFTER, before: str = BEFORE) -> dict[str, Any]:
    said = {"ref": "refs/heads/main", "before": before, "after": after, "commits": []}
    return {**said, "repository": REPOSITORY, "sender": SENDER}


def hub_repository(action: str, **changes: Any) -> dict[str, Any]:
    return {"action": action, "changes": changes, "repository": REPOSITORY, "sender": SENDER}


def hub_pull(action: str, *, merged: bool = False) -> dict[str, Any]:
    pull = {"head": {"sha": AFTER, "ref": "feature"}, "base": {"ref": "main"}, "merged": merged}
    return {"action": action, "number": 3, "pull_request": pull, "repository": REPOSITORY, "sender": SENDER}


def lab_push() -> dict[str, Any]:
    said = {
        "object_kind": "push",
        "event_name": "push",
        "ref": "refs/heads/main",
        "before": BEFORE,
        "after": AFTER,
    }
    return {**said, "project_id": 7, "project": PROJECT, "user_username": "ana"}


def lab_merge_request(action: str, **attributes: Any) -> dict[str, Any]:
    branches = {"source_branch": "feature", "target_branch": "main"}
    said = {"iid": 3, "action": action, "last_commit": {"id": AFTER}, **branches, **attributes}
    return {
        "object_kind": "merge_request",
        "object_attributes": said,
        "project": PROJECT,
        "user": {"username": "ana"},
    }


def send_hub(
    body: dict[str, Any] | bytes,
    event: str = "push",
    *,
    secret: str = HUB_SECRET,
    delivery: str = "",
    host: str = "github.test",
    content_type: str = "application/json",
    **headers: str,
) -> Any:
    """Deliver as GitHub does."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    said = {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
        "X-Hub-Signature-256": f"sha256={signature}",
        **headers,
    }
    return _post(host, raw, content_type, said)


def send_lab(
    body: dict[str, Any] | bytes,
    event: str = "Push Hook",
    *,
    secret: str = LAB_SECRET,
    delivery: str = "",
    content_type: str = "application/json",
    **headers: str,
) -> Any:
    """Deliver as GitLab does."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    said = {
        "X-Gitlab-Event": event,
        "Idempotency-Key": delivery or str(uuid.uuid4()),
        "X-Gitlab-Token": secret,
        **headers,
    }
    return _post("gitlab.test", raw, content_type, said)


def _post(host: str, raw: bytes, content_type: str, headers: dict[str, str]) -> Any:
    client = Client(raise_request_exception=False)
    return client.post(f"/api/scm/webhooks/{host}", raw, content_type=content_type, headers=headers)
