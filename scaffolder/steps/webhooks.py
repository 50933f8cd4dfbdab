"""greenroom:webhook: have an address told of what happens in a repository, on any host that tells."""

from typing import Any

from core.errors import InputError
from core.outbound.target import Target
from scaffolder.errors import CannotUndo
from scaffolder.steps.places import REPO_URL, TOKEN, acting_host, foreseen, place_in, proof
from scaffolder.steps.port import (
    Action,
    Example,
    Foreseen,
    Made,
    StepContext,
    UndoContext,
    flag,
    object_schema,
    text,
    texts,
)
from scaffolder.steps.publishing import left_to_a_person, place_of
from scm.connections import GITLAB
from scm.port import CodeHost, Hooks
from scm.registry import connection

WEBHOOK = "webhook"
PUSH, PULL_REQUEST = "push", "pull_request"
GITLABS = {PUSH: "push_events", PULL_REQUEST: "merge_requests_events"}
"""What GitLab calls the events that every host has."""


def create(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Add a webhook; the one with the same address is changed. Again is free."""
    place, url = place_in(given), _url(given)
    key = place.key(url)
    if ctx.dry_run:
        ctx.log(f"Would tell {url} of what happens in {place.name}")
        return {}
    host = telling(acting_host(place.host, given.get("token")))

    def look() -> dict[str, Any]:
        return {"url": url, "before": any(one.url == url for one in host.hooks(place.name))}

    place.begin(ctx, WEBHOOK, key, look)
    made = host.add_hook(
        place.name,
        url,
        events=_events(place.host, given),
        secret=given.get("secret") or "",
        active=given.get("active", True),
    )
    ctx.ledger.prove(WEBHOOK, key, id=made.id)
    ctx.log(f"{url} is told of what happens in {place.name}")
    return {"id": made.id}


def _url(given: dict[str, Any]) -> str:
    """The address in one spelling, the same on every host: by it a webhook is found again."""
    try:
        return Target.parse(str(given["url"])).url
    except InputError as error:
        raise InputError(f"url: {error.message}; a credential belongs into secret") from error


def _events(host: str, given: dict[str, Any]) -> list[str]:
    """The events in the host's words."""
    known = connection(host)
    words = GITLABS if known is not None and known.type == GITLAB else {}
    return [words.get(event, event) for event in given.get("events") or [PUSH]]


def telling(host: CodeHost) -> Hooks:
    """The host as one that has webhooks. InputError when it has none."""
    if not isinstance(host, Hooks):
        raise InputError(f"repoUrl names {host.host!r}, which has no webhooks: leave the step out there")
    return host


def foresee(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    return foreseen(WEBHOOK, place_in(given).key(_url(given)))


def undo_webhook(ctx: UndoContext, made: Made) -> None:
    """Take the webhook away, if the run added it."""
    if made.details.get("before"):
        raise CannotUndo(f"webhook {made.key} was there before this run, which changed it; look at it there")
    found, name = place_of(made)
    with left_to_a_person(f"webhook {made.key}"):
        host = telling(found)
        for one in host.hooks(name):
            if one.id == proof(made, "id") or (not made.proved and one.url == made.details["url"]):
                host.remove_hook(name, one.id)
    ctx.log(f"Webhook {made.key} is removed")


ACTIONS = (
    Action(
        id="greenroom:webhook",
        description="Has an address told of what happens in a repository, on any host that can.",
        input=object_schema(
            ("repoUrl", "url"),
            repoUrl=REPO_URL,
            url=text("The address that is told.", minLength=1),
            events={
                **texts("What it is told of: push, pull_request, or the host's own names. Default: push."),
                "default": [PUSH],
            },
            secret=text("The secret with which the host proves that it is the one who tells. Default: none."),
            active={**flag("Whether it is told already. Default: yes."), "default": True},
            token=TOKEN,
        ),
        output=object_schema(id=text("What the host calls the webhook.")),
        run=create,
        dry_run=True,
        foresee=foresee,
        undo=undo_webhook,
        examples=(
            Example(
                "Tell the build server of pushes and pull requests, wherever the repository is",
                "steps:\n  - action: greenroom:webhook\n    input:\n"
                "      repoUrl: ${{ parameters.repoUrl }}\n      url: https://ci.example.com/hook\n"
                "      events: [push, pull_request]\n      secret: ${{ secrets.hook }}\n",
            ),
        ),
    ),
)
