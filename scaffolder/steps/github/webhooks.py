"""github:webhook: have an address told of what happens in a repository."""

from typing import Any
from urllib.parse import urlsplit

from core.errors import InputError
from scaffolder.steps.github.places import REPO_URL, TOKEN, foreseen, place_in, target
from scaffolder.steps.github.schema import choice
from scaffolder.steps.port import (
    Action,
    Example,
    Foreseen,
    StepContext,
    flag,
    object_schema,
    text,
)
from scaffolder.steps.webhooks import WEBHOOK, undo_webhook
from scm.github.events import EVENTS


def create(ctx: StepContext, given: dict[str, Any]) -> None:
    """Add a webhook; one with the same address is changed."""
    place, url = place_in(given), _url(given)
    key = place.key(url)
    if ctx.dry_run:
        ctx.log(f"Would tell {url} of what happens in {place.name}")
        return
    to = target(given)

    def look() -> dict[str, Any]:
        return {"url": url, "before": any(one.url == url for one in to.hub.hooks(to.name))}

    place.begin(ctx, WEBHOOK, key, look)
    made = to.hub.add_hook(
        to.name,
        url,
        events=given.get("events") or ["push"],
        secret=given.get("webhookSecret") or "",
        active=given.get("active", True),
        content_type=given.get("contentType", "form"),
        insecure=given.get("insecureSsl", False),
    )
    ctx.ledger.prove(WEBHOOK, key, id=made.id)
    ctx.log(f"{url} is told of what happens in {to.name}")


def _url(given: dict[str, Any]) -> str:
    url = str(given["webhookUrl"])
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InputError(f"webhookUrl {url!r} must begin with https:// and name a host")
    if parts.username or parts.password:
        raise InputError("webhookUrl must not hold a credential; use webhookSecret")
    return url


def foresee(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    return foreseen(WEBHOOK, place_in(given).key(_url(given)))


ACTIONS = (
    Action(
        id="github:webhook",
        description="Has an address told of what happens in a repository on GitHub.",
        input=object_schema(
            ("repoUrl", "webhookUrl"),
            repoUrl=REPO_URL,
            webhookUrl=text("The address that is told.", minLength=1),
            webhookSecret=text(
                "The secret with which GitHub signs what it sends. Default: it signs nothing."
            ),
            events={
                "description": 'What it is told of; ["*"] is everything. Default: push.',
                "default": ["push"],
                "anyOf": [
                    {"type": "array", "items": {"type": "string", "enum": list(EVENTS)}},
                    {"type": "array", "items": {"type": "string", "const": "*"}},
                ],
            },
            active={**flag("Whether it is told already. Default: yes."), "default": True},
            contentType=choice("The form of what is sent. Default: form.", "form", "json", default="form"),
            insecureSsl={
                **flag("Whether the address's certificate is believed unseen. Default: no."),
                "default": False,
            },
            token=TOKEN,
        ),
        run=create,
        dry_run=True,
        foresee=foresee,
        undo=undo_webhook,
        examples=(
            Example(
                "Tell the build server of pushes",
                "steps:\n  - action: github:webhook\n    input:\n"
                "      repoUrl: github.com?owner=acme&repo=payments\n      webhookUrl: https://ci.example.com/hook\n"
                "      webhookSecret: ${{ secrets.hook }}\n      contentType: json\n",
            ),
        ),
    ),
)
